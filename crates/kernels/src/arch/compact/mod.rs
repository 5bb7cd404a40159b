//! Kernels for any core in as little code as their speed allows, for images in which every byte counts.
//!
//! What they share:
//! * **One buffer of constants** per layer, see [`constant_bytes`], and shapes in bytes and half words, so that a plan's
//!   tables are small, too.
//! * **One inner loop each**: a convolution is a product of the taps of one pixel, laid side by side, with one filter
//!   after the other; a depthwise convolution adds one tap to a block of channels.

mod add;
mod average_pool_2d;
mod constants;
mod conv_2d;
mod depthwise_conv_2d;
mod inner;
mod pointwise;
mod window;

pub use add::add_s8;
pub use average_pool_2d::{CompactPool, average_pool_2d_s8};
pub use constants::{CompactOutput, constant_bytes};
pub use conv_2d::{CompactConv2d, conv_2d_s8};
pub use depthwise_conv_2d::{CompactDepthwise, depthwise_conv_2d_s8};
pub use pointwise::{CompactPointwise, pointwise_s8};
pub use window::{CompactImage, CompactWindow, CompactYx};
