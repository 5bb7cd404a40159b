"""The keyword spotter's features, in numpy integers: what `crates/features` computes, step by step and bit for bit.

The formulas are those of docs/features.md. Every step is integer arithmetic with a stated rounding, so that training,
the host and the device see the same bytes. `crates/features/tests/vectors/generate.py` writes the vectors that hold the
crate to it.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Config:
    """The parameters of a front end; the fields of `features::Config`."""

    sample_rate_hz: int = 16000
    frame: int = 512
    hop: int = 320
    fft: int = 512
    mel_bands: int = 40
    low_hz: int = 60
    high_hz: int = 7600
    log_floor_bits: int = 26
    coefficients: int = 10


KWS = Config()


def rounding_shift(x, bits):
    """x / 2^bits to the nearest integer, ties towards plus infinity."""
    return (x + (1 << (bits - 1))) >> bits


def to_nearest(x):
    """Floats to int64, halves away from zero; tables only."""
    return (np.sign(x) * np.floor(np.abs(x) + 0.5)).astype(np.int64)


def hann(n):
    """Periodic Hann window in Q15, 0 to 32768."""
    return to_nearest(32768 * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)))


def twiddles(fft):
    """cos and -sin of 2 pi k / fft for k below fft / 2, in Q14: exact at 1, 0 and -1."""
    angle = 2 * np.pi * np.arange(fft // 2) / fft
    return to_nearest(16384 * np.cos(angle)), to_nearest(-16384 * np.sin(angle))


def half_butterfly(ar, ai, br, bi, wr, wi):
    """((a + b w) / 2, (a - b w) / 2), each rounded once."""
    tr, ti = br * wr - bi * wi, br * wi + bi * wr
    return (rounding_shift((ar << 14) + tr, 15), rounding_shift((ai << 14) + ti, 15),
            rounding_shift((ar << 14) - tr, 15), rounding_shift((ai << 14) - ti, 15))


def real_fft(x, fft):
    """Spectrum of real rows of length `fft`, divided by `fft`: bins 0 to fft / 2 - 1.

    A complex transform of half the length over (even, odd) pairs, then one step that takes the two apart.
    """
    half = fft // 2
    bits = half.bit_length() - 1
    order = np.array([int(format(i, f"0{bits}b")[::-1], 2) for i in range(half)])
    re, im = x[:, 0::2][:, order].astype(np.int64), x[:, 1::2][:, order].astype(np.int64)
    cos, msin = twiddles(fft)
    size = 1
    while size < half:
        re, im = re.reshape(-1, half // (2 * size), 2, size), im.reshape(-1, half // (2 * size), 2, size)
        step = fft // (2 * size)  # w = exp(-2 pi i j / (2 size)), out of the table for `fft`
        top_r, top_i, low_r, low_i = half_butterfly(
            re[:, :, 0], im[:, :, 0], re[:, :, 1], im[:, :, 1], cos[::step][:size], msin[::step][:size])
        re = np.stack([top_r, low_r], 2).reshape(-1, half)
        im = np.stack([top_i, low_i], 2).reshape(-1, half)
        size *= 2
    # X[k] = (E + w O) / 2 with E = (Z[k] + Z*[half-k]) / 2 and O = (Z[k] - Z*[half-k]) / 2i
    mirror = (-np.arange(half)) % half
    even_r, even_i = re + re[:, mirror], im - im[:, mirror]
    odd_r, odd_i = im + im[:, mirror], re[:, mirror] - re
    out_r = rounding_shift((even_r << 14) + odd_r * cos - odd_i * msin, 16)
    out_i = rounding_shift((even_i << 14) + odd_r * msin + odd_i * cos, 16)
    return out_r, out_i


def mel(hz):
    """The mel scale of HTK, less its constant factor."""
    return np.log1p(np.asarray(hz, np.float64) / 700)


def mel_tables(c):
    """First bin of each of the mel_bands + 1 segments between neighbouring band centres, the end of the last,
    and each bin's rising weight in its segment (Q15). Its falling weight is the rest of 32768."""
    edges = mel(c.low_hz) + (mel(c.high_hz) - mel(c.low_hz)) * np.arange(c.mel_bands + 2) / (c.mel_bands + 1)
    bins = mel(np.arange(c.fft // 2) * c.sample_rate_hz / c.fft)
    starts = np.searchsorted(bins, edges, side="left")
    weights = np.zeros(c.fft // 2, np.int64)
    for s in range(c.mel_bands + 1):
        inside = slice(starts[s], starts[s + 1])
        weights[inside] = to_nearest(32768 * (bins[inside] - edges[s]) / (edges[s + 1] - edges[s]))
    return starts, weights


def mel_energies(re, im, c):
    """Energy in every band: the sum of (|X|^2 >> 12) times the band's triangle in Q15."""
    starts, weights = mel_tables(c)
    power = (re * re + im * im) >> 12
    rising, falling = power * weights, power * (32768 - weights)
    out = np.zeros((len(re), c.mel_bands), np.int64)
    for band in range(c.mel_bands):
        out[:, band] = (rising[:, starts[band]:starts[band + 1]].sum(1)
                        + falling[:, starts[band + 1]:starts[band + 2]].sum(1))
    return out


LOG_TABLE = to_nearest(65536 * np.log2(1 + np.arange(65) / 64))


def log2_q16(x):
    """log2 of positive integers in Q16: leading bit, then a table of 64 segments with straight lines between."""
    x = x.astype(np.int64)
    exponent = np.zeros_like(x)
    rest = x.copy()
    for step in (32, 16, 8, 4, 2, 1):
        big = rest >= (1 << step)
        exponent += step * big
        rest = np.where(big, rest >> step, rest)
    shift = exponent - 22  # mantissa with 22 bits below its leading one: 6 choose the segment, 16 the place in it
    mantissa = np.where(shift >= 0, x >> np.maximum(shift, 0), x << np.maximum(-shift, 0)) & ((1 << 22) - 1)
    segment, place = mantissa >> 16, mantissa & 0xFFFF
    low, high = LOG_TABLE[segment], LOG_TABLE[segment + 1]
    return (exponent << 16) + low + rounding_shift((high - low) * place, 16)


def dct_table(c):
    """Orthonormal DCT-II in Q15, one row per coefficient."""
    i, j = np.arange(c.coefficients)[:, None], np.arange(c.mel_bands)[None]
    scale = np.where(i == 0, np.sqrt(1 / c.mel_bands), np.sqrt(2 / c.mel_bands))
    return to_nearest(32768 * scale * np.cos(np.pi * i * (2 * j + 1) / (2 * c.mel_bands)))


def frames(clip, c):
    """The whole frames of a clip, one per row."""
    count = (len(clip) - c.frame) // c.hop + 1
    return np.stack([clip[i * c.hop:i * c.hop + c.frame] for i in range(count)]).astype(np.int64)


def log_mel(rows, c):
    """Frames of int16 samples to log2 mel energies in Q16."""
    windowed = rows * hann(c.frame)
    padded = np.zeros((len(rows), c.fft), np.int64)
    padded[:, :c.frame] = windowed
    re, im = real_fft(padded, c.fft)
    return log2_q16(mel_energies(re, im, c) + (1 << c.log_floor_bits))


def mfcc(rows, c):
    """Frames of int16 samples to cepstral coefficients in Q16."""
    return rounding_shift(log_mel(rows, c) @ dct_table(c).T, 15)


def quantise(values, mean, gain, zero_point):
    """(value - mean) * gain / 2^32 + zero_point, rounded to nearest and clipped to int8."""
    return np.clip(rounding_shift((values - mean) * gain, 32) + zero_point, -128, 127).astype(np.int8)


def clip_features(clips, c):
    """Many clips of equal length to (clips, frames, coefficients), in pieces that stay in the cache."""
    out = []
    for start in range(0, len(clips), 8):
        part = clips[start:start + 8]
        rows = np.concatenate([frames(clip, c) for clip in part])
        out.append(mfcc(rows, c).reshape(len(part), -1, c.coefficients))
    return np.concatenate(out)
