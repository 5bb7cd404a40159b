//! What the kernels of hosts share: the walks, and how weights lie. The inner loops are passed in.
//!
//! ```text
//! for each band of output rows
//!     copy the rows of the image that it reads into scratch, padding written out, bytes biased by `flip`
//!     for each strip of output pixels
//!         for each block of output channels and each few pixels         <- an instruction set's `strip`
//!             sums = bias + Σ over taps, four input channels at a time
//!             output = clamp(zero + scale(sums))
//! ```
//! Departures from the reference:
//! 1. Taps in the padding are read: they hold the input's zero point, which the packed bias takes off again, as it
//!    does for every tap. So no window is clipped.
//! 2. Output channels come in groups of [`LANES`], inputs in words of four bytes; what is missing of either has
//!    weights of 0.
//! 3. Scaling is [`quant::BoundedScale`], which wants sums below 2^30; the compiler checks the weights for that.

pub(super) mod add;
mod convolution;
mod depthwise;
pub(super) mod packed;
pub(super) mod plain;

pub use add::can_add;
pub use convolution::Conv2dWide;
pub use depthwise::DepthwiseConv2dWide;
pub use packed::{Factors, LANES, WORD_BYTES};

pub(super) use add::Addition;
pub(super) use convolution::Strip;
pub(super) use depthwise::{ChannelStrip, Planes};

use quant::Sum;

use crate::{KernelError, Window, reference::Source};

/// What a processor of one instruction set can do, the least first.
pub trait Level: Copy + Ord + core::fmt::Debug + 'static {
    /// What every byte of an image is changed by before it meets a weight.
    const INPUT_BIAS: i32;

    /// All of them, the least first.
    const ALL: &'static [Self];

    /// The highest that this processor and its operating system have. The feature `detect` asks them; without, it is
    /// what every processor of the instruction set has.
    fn detected() -> Self;

    /// The inner loops of this level, or of the highest below it that the processor has.
    fn inner(self) -> &'static Inner;
}

/// The inner loops of a [`Level`].
pub struct Inner {
    /// What every byte of an image is changed by, so that the multiplier can take it: exclusive or.
    pub(super) flip: u8,
    /// Copies a run of an image.
    pub(super) copy: fn(&[i8], &mut [u8]),
    /// All output channels of some pixels.
    pub(super) strip: fn(&mut Strip<'_>) -> Result<(), KernelError>,
    /// Lays the elements of four rows side by side.
    pub(super) interleave: fn(&Planes<'_>, &mut [u8]),
    /// One output row of a depthwise convolution.
    pub(super) channels: fn(&mut ChannelStrip<'_>) -> Result<(), KernelError>,
    /// Adds elements; as many as there are of all three.
    pub(super) add: fn(&Addition, &[i8], &[i8], &mut [i8]),
}

/// As [`reference::conv_2d_s8`](crate::reference::conv_2d_s8), on packed weights; FULLY_CONNECTED is one of them.
///
/// | buffer    | elements                                        | values                       |
/// |-----------|-------------------------------------------------|------------------------------|
/// | `input`   | as the reference                                | −128 ..= 127                 |
/// | `packed`  | [`Factors`] of each group, then weights         | see [`Conv2dWide::place`]    |
/// | `scratch` | [`Conv2dWide::scratch_bytes`]                   | any                          |
/// | `output`  | as the reference                                | `clamp`                      |
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`] when the buffers do not fit, when a filter does not span all
/// channels, or when a zero or a limit is no int8.
pub fn conv_2d_s8(
    level: impl Level,
    conv: &Conv2dWide,
    input: &[i8],
    packed: &[u8],
    scratch: &mut [u8],
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.run(level.inner(), input, packed, scratch, output)
}

/// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8), on packed weights; buffers as for
/// [`conv_2d_s8`].
///
/// # Errors
/// As [`conv_2d_s8`]; [`KernelError::Geometry`] when there is not one filter per channel.
pub fn depthwise_conv_2d_s8(
    level: impl Level,
    conv: &DepthwiseConv2dWide,
    input: &[i8],
    packed: &[u8],
    scratch: &mut [u8],
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.run(level.inner(), input, packed, scratch, output)
}

/// As [`reference::add_s8`](crate::reference::add_s8), of tensors of the same shape.
///
/// # Errors
/// [`KernelError::Length`] when the lengths differ; [`KernelError::Geometry`] unless [`can_add`].
pub fn add_s8(
    level: impl Level,
    sum: &Sum,
    a: Source<'_, i8>,
    b: Source<'_, i8>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    add::run(level.inner(), sum, a, b, output)
}

/// Columns of an image with its padding written out, as far as windows reach.
fn padded_columns(window: &Window) -> usize {
    let last = (window.output.w as usize).saturating_sub(1).saturating_mul(window.stride.x.into());
    let taps = usize::from(window.size.x).saturating_sub(1).saturating_mul(window.dilation.x.into());
    let image = usize::from(window.pad.x).saturating_add(window.input.w as usize);
    last.saturating_add(taps).saturating_add(1).max(image)
}
