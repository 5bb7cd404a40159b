//! What is packed: a layer as the model has it.

use kernels::{
    Hwc, Window, Yx,
    reference::{Conv2d, ConvShape, FullyConnected},
};
use quant::Multiplier;

use crate::ops::Slot;

/// A layer of int8 activations and int8 weights, all of them known.
pub(crate) struct Weighted {
    /// As the model has them: OHWI for a convolution, HWO for a depthwise one, output by input for a matrix.
    pub filter: Vec<i8>,
    /// One per output channel; what the kernel's parameters say of the input's zero point holds of them too.
    pub bias: Vec<i32>,
    /// One per output channel.
    pub multipliers: Vec<Multiplier>,
    /// What the layer reads.
    pub input: Slot,
    /// What it writes.
    pub output: Slot,
}

/// A product with a matrix, or with the first `outputs` rows of one, as a convolution of single pixels: as many as there
/// are vectors.
pub(super) fn single_pixels(matrix: &FullyConnected, outputs: u32) -> Conv2d {
    let FullyConnected { shape, input_zero, output_zero, clamp, .. } = *matrix;
    let image = |c| Hwc { h: 1, w: shape.batch, c };
    let one = Yx { y: 1, x: 1 };
    let window = Window {
        batch: 1,
        input: image(shape.inputs),
        output: image(outputs),
        size: one,
        stride: one,
        dilation: one,
        pad: Yx { y: 0, x: 0 },
    };
    Conv2d { shape: ConvShape { window, filter_c: shape.inputs }, input_zero, output_zero, clamp }
}
