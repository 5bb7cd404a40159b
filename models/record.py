"""What both training scripts do after training: convert to int8, measure, and write down the evidence.

Used by digits/train.py and kws/train.py; it is not a program of its own.
"""

import hashlib
import importlib.metadata
import json
import os
import struct
import zlib

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # oneDNN sums in another order from run to run
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from ai_edge_litert import interpreter as litert
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tflite_micro.python.tflite_micro import runtime

PACKAGES = ["tensorflow-cpu", "keras", "numpy", "scipy", "scikit-learn", "tflite-micro", "ai-edge-litert"]


def versions():
    """The versions of every package that had a hand in the model."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def sha256(data):
    """Lower-case hex SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def to_int8(model, representative):
    """Full-int8, per-channel .tflite bytes; `representative` is a float batch that spans the input range."""
    shape = [1] + list(model.inputs[0].shape[1:])
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(
        tf.TensorSpec(shape, tf.float32, name="x"))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([convert_variables_to_constants_v2(function)])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([x[None].astype(np.float32)] for x in representative)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


class Micro:
    """A model on TensorFlow Lite Micro's reference kernels: the engine whose bytes are the definition."""

    def __init__(self, tflite):
        self.interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=1 << 22)
        self.input = self.interpreter.get_input_details(0)
        self.output = self.interpreter.get_output_details(0)

    def __call__(self, q):
        """int8 input without a batch axis to int8 output without one."""
        self.interpreter.set_input(np.ascontiguousarray(q[None], dtype=np.int8), 0)
        self.interpreter.invoke()
        return self.interpreter.get_output(0)[0].copy()


def accuracy(scores, labels):
    """(right answers, all answers); the first of equal scores is the answer, as on the device."""
    return int((np.argmax(scores, axis=1) == labels).sum()), len(labels)


def lcg_bytes(seed, count):
    """The input generator of the golden files: the top byte of a 32-bit linear congruential generator."""
    state, out = seed, bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append(state >> 24)
    return bytes(out)


def scalar(array):
    return np.asarray(array).reshape(-1)[0]


def golden(name, tflite):
    """The golden record: four generated inputs with recorded outputs, and a hash per step for the first."""
    micro = Micro(tflite)
    shape = [int(d) for d in micro.input["shape"]]
    reference = litert.Interpreter(
        model_content=tflite, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True)
    reference.allocate_tensors()
    ref_in, ref_out = reference.get_input_details()[0], reference.get_output_details()[0]

    def port(details, like):
        return {"name": like["name"], "shape": [int(d) for d in details["shape"]], "dtype": "INT8",
                "scale": float(scalar(details["quantization_parameters"]["scales"])),
                "zero_point": int(scalar(details["quantization_parameters"]["zero_points"]))}

    cases, layers, agree = [], [], True
    for case in range(4):
        raw = lcg_bytes(12345 + case, int(np.prod(shape)))
        x = np.frombuffer(raw, np.int8).reshape(shape)
        out = micro(x[0])
        reference.set_tensor(ref_in["index"], x)
        reference.invoke()
        agree &= bool((reference.get_tensor(ref_out["index"])[0] == out).all())
        cases.append({"case": case, "seed": 12345 + case, "input_sha256": [sha256(raw)],
                      "outputs": [{"shape": [1] + list(out.shape), "dtype": "INT8",
                                   "sha256": sha256(out.tobytes()), "hex": out.tobytes().hex()}]})
        if case == 0:
            for op in reference._get_ops_details():
                index = int(op["outputs"][0])
                value = np.ascontiguousarray(reference.get_tensor(index))
                layers.append({"op": int(op["index"]), "name": op["op_name"], "tensor": index,
                               "shape": [int(d) for d in value.shape], "dtype": "INT8",
                               "sha256": sha256(value.tobytes())})
    if not agree:
        raise SystemExit(f"{name}: TensorFlow Lite Micro and the BUILTIN_REF resolver disagree: no layer hashes to trust")
    return {"model": name, "sha256": sha256(tflite), "size": len(tflite),
            "inputs": [port(micro.input, ref_in)], "outputs": [port(micro.output, ref_out)],
            "versions": versions(), "golden_engine": "tflm",
            "layers_engine": "ai-edge-litert BUILTIN_REF, all tensors preserved; its outputs equal tflm's in all four cases",
            "cases": cases, "layers_case0": layers}


def write_json(path, value):
    with open(path, "w") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def write_png_grey(path, image):
    """An 8-bit greyscale PNG, written by hand so that its bytes depend on nothing but zlib."""
    height, width = image.shape
    rows = b"".join(b"\0" + bytes(row) for row in image.astype(np.uint8))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def toml_list(values):
    """A TOML array on lines of at most 110 columns."""
    lines, line = [], "   "
    for value in values:
        item = f" {json.dumps(value)},"
        if len(line) + len(item) > 110:
            lines.append(line)
            line = "   "
        line += item
    return "[\n" + "\n".join(lines + [line]) + "\n]"
