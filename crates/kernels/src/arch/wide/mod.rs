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

pub(super) use add::{Addition, run as add};
pub(super) use convolution::Strip;
pub(super) use depthwise::{ChannelStrip, Planes};

use crate::KernelError;

/// The inner loops of an instruction set.
pub(super) struct Inner {
    /// What every byte of an image is changed by, so that the multiplier can take it: exclusive or.
    pub flip: u8,
    /// Copies a run of an image.
    pub copy: fn(&[i8], &mut [u8]),
    /// All output channels of some pixels.
    pub strip: fn(&mut Strip<'_>) -> Result<(), KernelError>,
    /// Lays the elements of four rows side by side.
    pub interleave: fn(&Planes<'_>, &mut [u8]),
    /// One output row of a depthwise convolution.
    pub channels: fn(&mut ChannelStrip<'_>) -> Result<(), KernelError>,
    /// Adds elements; as many as there are of all three.
    pub add: fn(&Addition, &[i8], &[i8], &mut [i8]),
}
