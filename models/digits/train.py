"""Trains, converts and records the handwritten-digit model: `python models/digits/train.py`, about two minutes.

Needs the packages of ../requirements.txt. Data: the 8x8 digits bundled with scikit-learn (the test part of UCI's
"Optical Recognition of Handwritten Digits", CC BY 4.0). Everything in this folder but the scripts is its output.
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
import picture
import record

import keras
import numpy as np
import scipy.ndimage
import sklearn.datasets
import tensorflow as tf

SEED = 20
SIDE = 16
TEST_FROM = 1257  # the set is in writing order: a contiguous tail keeps each hand on one side of the cut
COPIES = 24
EPOCHS = 16


def augment(images, rng):
    """Small turns, shears, changes of size and shifts, then a change of contrast and a little noise."""
    out = np.empty_like(images)
    centre = (SIDE - 1) / 2
    for i, image in enumerate(images):
        angle, shear = rng.uniform(-0.20, 0.20), rng.uniform(-0.15, 0.15)
        sy, sx = rng.uniform(0.85, 1.18, 2)
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.array(
            [[sy, shear], [0, sx]])
        offset = centre - matrix @ np.array([centre, centre]) + rng.uniform(-1.6, 1.6, 2)
        moved = scipy.ndimage.affine_transform(image.astype(np.float64), matrix, offset, order=1)
        moved = moved * rng.uniform(0.7, 1.1) + rng.normal(0, rng.uniform(0, 10), image.shape)
        out[i] = np.clip(np.rint(moved), 0, 255)
    return out


def network():
    """Four convolutions, 16x16 down to 4x4, one dense layer."""
    layers = keras.layers

    def block(x, layer):
        return layers.ReLU()(layers.BatchNormalization()(layer(x)))

    x = inputs = keras.Input((SIDE, SIDE, 1))
    x = block(x, layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False))
    x = block(x, layers.Conv2D(20, 3, padding="same", use_bias=False))
    x = block(x, layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False))
    x = block(x, layers.Conv2D(32, 1, use_bias=False))
    x = block(x, layers.DepthwiseConv2D(3, padding="same", use_bias=False))
    x = block(x, layers.Conv2D(40, 1, use_bias=False))
    x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Dense(10)(x)
    return keras.Model(inputs, layers.Softmax()(x))


def main():
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    rng = np.random.default_rng(SEED)

    data = sklearn.datasets.load_digits()
    grey8 = ((data.images.astype(np.int64) * 255 + 8) // 16).astype(np.uint8)  # 0..16 to 0..255
    labels = data.target
    grey = picture.bilinear(grey8, SIDE, SIDE)
    train_x, train_y = grey[:TEST_FROM], labels[:TEST_FROM]
    test_x, test_y = grey[TEST_FROM:], labels[TEST_FROM:]

    many_x = np.concatenate([train_x] + [augment(train_x, rng) for _ in range(COPIES)])
    many_y = np.tile(train_y, COPIES + 1)
    model = network()
    batch = 128
    steps = EPOCHS * (-(-len(many_x) // batch))
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
                  "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(many_x[..., None] / np.float32(255), many_y, batch_size=batch, epochs=EPOCHS, verbose=2)

    scores = model.predict(test_x[..., None] / np.float32(255), verbose=0)
    float_right, total = record.accuracy(scores, test_y)

    # One all-black and one all-white picture pin the input to scale 1/255, zero point -128: byte = pixel - 128.
    calibration = np.concatenate([train_x[:300], np.zeros_like(train_x[:1]), np.full_like(train_x[:1], 255)])
    tflite = record.to_int8(model, calibration[..., None] / np.float32(255))
    (HERE / "model.tflite").write_bytes(tflite)
    micro = record.Micro(tflite)
    q = (test_x.astype(np.int16) - 128).astype(np.int8)[..., None]
    answers = np.stack([micro(x) for x in q])
    int8_right, _ = record.accuracy(answers, test_y)

    golden = record.golden("digits", tflite)
    assert golden["inputs"][0]["zero_point"] == -128 and abs(golden["inputs"][0]["scale"] * 255 - 1) < 1e-6
    record.write_json(HERE / "golden.json", golden)

    for old in (HERE / "samples").glob("*"):
        old.unlink()
    os.makedirs(HERE / "samples", exist_ok=True)
    expected = []
    for digit in range(10):
        index = int(np.flatnonzero(test_y == digit)[0])
        file = f"{digit}_test{TEST_FROM + index}.png"
        record.write_png_grey(HERE / "samples" / file, grey8[TEST_FROM + index])
        expected.append({"file": file, "label": str(digit), "answer": str(int(answers[index].argmax())),
                         "input_sha256": record.sha256(q[index].tobytes()), "output_hex": answers[index].tobytes().hex()})
    record.write_json(HERE / "samples" / "expected.json", expected)

    port = golden["inputs"][0]
    versions = "\n".join(f'{name} = "{version}"' for name, version in record.versions().items())
    (HERE / "model.toml").write_text(f"""# Written by train.py.
name = "digits"
task = "Which digit, 0 to 9, is on a small grey picture: light strokes on a dark ground"
file = "model.tflite"
sha256 = "{record.sha256(tflite)}"
bytes = {len(tflite)}
licence = "MIT OR Apache-2.0"
labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]

[input]
kind = "image"
shape = [1, {SIDE}, {SIDE}, 1]
dtype = "int8"
scale = {port["scale"]!r}
zero_point = {port["zero_point"]}

# Whatever the size of the picture: `shrink` is used when it is larger than the input on both axes, `grow` otherwise.
# `invert = true` would turn dark strokes on light paper round.
[features]
colour = "grey"
invert = false
shrink = "area"
grow = "bilinear"

# byte = (pixel - mean) * gain + zero_point, per channel: pixel - 128, whose real value is pixel / 255.
[features.quantise]
mean_q8 = [0]
gain_q16 = [65536]
zero_point = -128

[data]
name = "scikit-learn load_digits: the test part of UCI Optical Recognition of Handwritten Digits"
origin = "E. Alpaydin, C. Kaynak (1998), UCI Machine Learning Repository, doi:10.24432/C50P49"
licence = "CC BY 4.0 (data set); scikit-learn, which bundles it, is BSD-3-Clause"
train = "the first {TEST_FROM} pictures, each with {COPIES} altered copies"
test = "the last {total} pictures, never trained on or calibrated with"

[accuracy]
float_right = {float_right}
int8_right = {int8_right}
total = {total}
float = {float_right / total:.4f}
int8 = {int8_right / total:.4f}
int8_engine = "tflite-micro reference kernels"

[training]
command = "python models/digits/train.py"
seed = {SEED}
epochs = {EPOCHS}

[training.versions]
python = "{sys.version.split()[0]}"
{versions}
""")
    print(f"float {float_right}/{total}, int8 {int8_right}/{total}, {len(tflite)} bytes")


if __name__ == "__main__":
    main()
