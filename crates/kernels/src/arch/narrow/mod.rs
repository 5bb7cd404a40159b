//! Kernels for cores that multiply 32 by 32 bits into 32 and have nothing better: ARMv6-M, and by the same code ARMv7-M
//! without the DSP extension and RV32IMC.
//!
//! Three ideas carry them:
//! * **Two pixels to a word.** With `x = x0 + 2^16 · x1` one product `x · w` holds those of both pixels. Sums of a few of
//!   them come apart as long as the lower one stays within 16 bits, which the compiler checks on the weights.
//! * **Inputs are widened once** for all output channels of a block of four pixels, weights stay packed in flash.
//! * **One product requantises**: [`quant::GuardedOutput`].
//!
//! [`inner`] is the plain form of the inner loops, and their meaning; [`armv6m`](super::armv6m) and
//! [`armv7m`](super::armv7m) have them in assembler.

mod conv_2d;
mod depthwise_conv_2d;
mod factors;
mod fully_connected;
pub mod inner;

pub use conv_2d::{PairedConv2d, conv_2d};
pub use depthwise_conv_2d::{ColumnDepthwise, depthwise_conv_2d};
pub use factors::{Factors, MARKS, ROW, Row};
pub use fully_connected::{PackedMatrix, fully_connected};
