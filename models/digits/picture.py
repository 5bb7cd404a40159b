"""Resizing in numpy integers: what `features::image` computes, bit for bit. The formulas are those of docs/features.md."""

import numpy as np


def bilinear(image, height, width):
    """Straight lines between pixel centres of (…, height, width) pictures: half-pixel centres, edges held."""

    def axis(n_in, n_out):
        o = np.arange(n_out, dtype=np.int64)
        steps = 2 * n_out
        place = np.clip((2 * o + 1) * n_in - n_out, 0, (n_in - 1) * steps)
        low = place // steps
        return low, np.minimum(low + 1, n_in - 1), ((place - low * steps) * 256 + n_out) // steps

    y0, y1, fy = axis(image.shape[-2], height)
    x0, x1, fx = axis(image.shape[-1], width)
    image = image.astype(np.int64)
    across = image[..., x0] * (256 - fx) + image[..., x1] * fx
    fy = fy[:, None]
    return ((across[..., y0, :] * (256 - fy) + across[..., y1, :] * fy + (1 << 15)) >> 16).astype(np.uint8)


def area(image, height, width):
    """The mean over the area that each output pixel covers, halves up."""

    def covered(n_in, n_out):  # in parts of 1 / n_out of an input pixel
        out = np.zeros((n_out, n_in), np.int64)
        for o in range(n_out):
            for i in range(n_in):
                out[o, i] = max(0, min((i + 1) * n_out, (o + 1) * n_in) - max(i * n_out, o * n_in))
        return out

    n_y, n_x = image.shape[-2:]
    total = covered(n_y, height) @ image.astype(np.int64) @ covered(n_x, width).T
    return ((total + n_y * n_x // 2) // (n_y * n_x)).astype(np.uint8)
