//! What each operator means, written to be read.
//!
//! These are the definitions that faster kernels are tested against. They are not made faster.

mod conv_2d;
mod depthwise_conv_2d;
mod fully_connected;
mod pool_2d;
mod softmax;

pub use conv_2d::{Conv2d, conv_2d_s8};
pub use depthwise_conv_2d::{DepthwiseConv2d, depthwise_conv_2d_s8};
pub use fully_connected::{FullyConnected, fully_connected_s8};
pub use pool_2d::{Pool2d, average_pool_2d_s8, max_pool_2d_s8};
pub use softmax::{Softmax, softmax_s8, softmax_s8_s16};
