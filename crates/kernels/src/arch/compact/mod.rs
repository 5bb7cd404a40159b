//! Kernels for any core in as little code as their speed allows, for images in which every byte counts.
//!
//! What they share:
//! * **One driver** for all layers with a window: it finds the taps of a pixel, and makes the pixel's outputs of them, some
//!   channels at a time. Kinds of layers differ in how those are summed. Where the taps stand in the image as they are
//!   walked they are read there; else they are laid side by side.
//! * **One buffer of constants** per layer, see [`constant_bytes`], and shapes in bytes and half words, so that a plan's
//!   tables are small, too.
//! * **One function for factors** where few numbers are scaled, [`quant::scale_down`].

mod add;
mod average_pool_2d;
mod constants;
mod fully_connected;
mod inner;
mod layer;
mod softmax;
mod window;

pub use add::CompactAdd;
pub use average_pool_2d::CompactMean;
pub use constants::{CompactBuffers, CompactFactor, CompactOutput, constant_bytes};
pub use fully_connected::CompactFullyConnected;
pub use inner::PADDING;
pub use layer::CompactLayer;
pub use softmax::softmax_s8;
pub use window::{CompactImage, CompactWindow, CompactYx};
