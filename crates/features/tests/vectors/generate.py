"""Writes the vectors beside it: `python crates/features/tests/vectors/generate.py` (numpy and scipy are enough).

The integers come from the training scripts' own front end (models/kws/front_end.py, models/digits/picture.py), which the
crate must equal; the `float_` lines from numpy and scipy in floating point, which both must come near.
"""

import dataclasses
import pathlib
import sys

import numpy as np
import scipy.fft

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parents[3] / "models"
sys.path[:0] = [str(MODELS / "kws"), str(MODELS / "digits")]
import front_end
import picture

FIRST = "# generator: crates/features/tests/vectors/generate.py with numpy " + np.__version__ + ", scipy " + scipy.__version__

CONFIGS = {
    "kws": front_end.KWS,
    "speech_25ms": front_end.Config(frame=400, hop=160, fft=512, mel_bands=26, low_hz=20, high_hz=8000,
                                    log_floor_bits=0, coefficients=13),
    "narrow_8k": front_end.Config(sample_rate_hz=8000, frame=200, hop=80, fft=256, mel_bands=15, low_hz=125,
                                  high_hz=3800, log_floor_bits=20, coefficients=15),
    "wide_48k": front_end.Config(sample_rate_hz=48000, frame=1201, hop=700, fft=2048, mel_bands=64, low_hz=300,
                                 high_hz=24000, log_floor_bits=30, coefficients=7),
    "tiny": front_end.Config(sample_rate_hz=8000, frame=8, hop=3, fft=8, mel_bands=2, low_hz=100, high_hz=4000,
                             log_floor_bits=4, coefficients=2),
}


def lcg(seed, count):
    """Upper 16 bits of the generator that models/README.md describes, as int16."""
    state, out = seed, []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append(state >> 16)
    return np.array(out, np.uint16).astype(np.int16)


# Rules that the test follows too, so that no samples have to be stored.
CLIPS = {
    "noise 1 0": lambda n: lcg(1, n),
    "noise 2 7": lambda n: lcg(2, n) >> 7,
    "noise 3 14": lambda n: lcg(3, n) >> 14,
    "square 37 30000": lambda n: np.where(np.arange(n) // 37 % 2 == 0, 30000, -30000).astype(np.int16),
    "constant -32768": lambda n: np.full(n, -32768, np.int16),
    "constant 0": lambda n: np.zeros(n, np.int16),
}


def line(name, values):
    return f"{name}: " + " ".join(str(int(v)) for v in np.asarray(values).reshape(-1)) + "\n"


def float_line(name, values):
    return f"{name}: " + " ".join(f"{v + 0:.6g}" for v in np.asarray(values).reshape(-1)) + "\n"


def float_log_mel(rows, c):
    """The same features in floating point, by the textbook: exact window, numpy's transform, triangles in mel."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(c.frame) / c.frame)
    spectrum = np.fft.rfft(rows * window * 32768, c.fft) / c.fft
    power = np.abs(spectrum[:, :c.fft // 2]) ** 2
    mel = lambda hz: 1127 * np.log(1 + hz / 700)
    edges = np.linspace(mel(c.low_hz), mel(c.high_hz), c.mel_bands + 2)
    bins = mel(np.arange(c.fft // 2) * c.sample_rate_hz / c.fft)
    energies = [power @ np.clip(np.minimum((bins - a) / (b - a), (z - bins) / (z - b)), 0, None)
                for a, b, z in zip(edges, edges[1:], edges[2:])]
    return spectrum, np.log2(np.stack(energies, 1) * 8 + 2.0 ** c.log_floor_bits)


def front_end_file(name, c):
    starts, weights = front_end.mel_tables(c)
    cos, minus_sin = front_end.twiddles(c.fft)
    out = FIRST + "\n"
    for field in dataclasses.fields(c):
        out += f"{field.name}: {getattr(c, field.name)}\n"
    out += line("window", front_end.hann(c.frame)) + line("cos", cos) + line("minus_sin", minus_sin)
    out += line("mel_edges", starts) + line("mel_weights", weights) + line("dct", front_end.dct_table(c))
    for rule, samples in CLIPS.items():
        clip = samples(c.frame + 2 * c.hop)
        rows = front_end.frames(clip, c)
        padded = np.zeros((len(rows), c.fft), np.int64)
        padded[:, :c.frame] = rows * front_end.hann(c.frame)
        re, im = front_end.real_fft(padded, c.fft)
        mfcc = front_end.mfcc(rows, c)
        mean = np.arange(c.coefficients) * 3000 - 9000
        gain = 1 << 15 + np.arange(c.coefficients) % 8
        float_spectrum, float_bands = float_log_mel(rows, c)
        out += f"\nclip: {rule}\n"
        with_spectrum = c.fft <= 512 or rule == "noise 2 7"  # the long transform's lines are long
        if with_spectrum:
            out += line("re", re[0]) + line("im", im[0])
        out += line("log_mel", front_end.log_mel(rows, c)) + line("mfcc", mfcc)
        out += line("mean_q16", mean) + line("gain_q32", gain) + line("int8", front_end.quantise(mfcc, mean, gain, -3))
        if with_spectrum:
            out += float_line("float_re", float_spectrum[0, :c.fft // 2].real)
            out += float_line("float_im", float_spectrum[0, :c.fft // 2].imag)
        out += float_line("float_log_mel", float_bands)
        out += float_line("float_mfcc", scipy.fft.dct(float_bands, axis=1, norm="ortho")[:, :c.coefficients])
    (HERE / f"{name}.txt").write_text(out)


def log2_file():
    values = [1, 2, 3, 4, 5, 63, 64, 65, 127, 128, 129, 255, 256, 1000, 4095, 65535, 65536, 65537, (1 << 22) - 1, 1 << 22,
              (1 << 22) + 1, (1 << 23) - 1, (1 << 32) - 1, 1 << 32, 3 << 40, (1 << 50) + 12345, (1 << 62) - 1, 1 << 62]
    values += [int(v) << s for v, s in zip(lcg(9, 40).view(np.uint16) | 1, range(0, 40))]
    q16 = front_end.log2_q16(np.array(values, np.int64))
    (HERE / "log2.txt").write_text(FIRST + "\n" + line("x", values) + line("log2_q16", q16)
                                   + float_line("float_log2", np.log2(np.array(values, np.float64))))


def image_file():
    out = FIRST + "\n"
    sizes = [(1, 1, 3, 2), (2, 2, 4, 4), (8, 8, 16, 16), (5, 7, 5, 7), (3, 5, 7, 2), (16, 9, 4, 4), (13, 31, 6, 10), (30, 20, 1, 1)]
    for seed, (from_h, from_w, to_h, to_w) in enumerate(sizes):
        image = (lcg(100 + seed, from_h * from_w).view(np.uint16) >> 8).astype(np.uint8).reshape(from_h, from_w)
        out += f"\nfrom: {from_h} {from_w}\nto: {to_h} {to_w}\n" + line("pixels", image)
        out += line("bilinear", picture.bilinear(image, to_h, to_w)) + line("area", picture.area(image, to_h, to_w))
    (HERE / "image.txt").write_text(out)


if __name__ == "__main__":
    for name, config in CONFIGS.items():
        front_end_file(name, config)
    log2_file()
    image_file()
