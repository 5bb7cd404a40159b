//! Helium, the vector extension of Armv8.1-M (Cortex-M55, M85): 16 multiply-accumulates per instruction.
//!
//! The compiler folds the input's zero into biases and packs weights in the order the loops eat them, so that
//! sums are plain products of int8. Outputs are requantised four at a time, by
//! [`ByProducts`](quant::ByProducts).

mod add;
mod average_pool_2d;
mod columns;
mod conv_2d;
mod depthwise_conv_2d;
mod moves;
mod planes;
mod quads;

pub use add::HeliumAdd;
pub use average_pool_2d::HeliumAveragePool2d;
pub use conv_2d::{HeliumConv2d, HeliumFullyConnected, HeliumWeights};
pub use depthwise_conv_2d::HeliumDepthwiseConv2d;
pub use quads::slack;
