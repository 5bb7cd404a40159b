//! What each operator means, written to be read.
//!
//! These are the definitions that faster kernels are tested against. They are not made faster.

mod add;
mod compare;
mod conv_2d;
mod copy_nd;
mod depthwise_conv_2d;
mod fully_connected;
mod lut;
mod mul;
mod pairwise;
mod pool_2d;
mod quantize;
mod reduce;
mod softmax;
mod sub;

pub use add::{add_n_s8, add_n_s8_begin, add_n_s8_end, add_s8, add_s16};
pub use compare::{Relation, compare, compare_quantized};
pub use conv_2d::{Conv2d, conv_2d_s8};
pub use copy_nd::{COPY_DIMS, CopyDim, CopyNd, copy_nd, fill_bytes};
pub use depthwise_conv_2d::{DepthwiseConv2d, depthwise_conv_2d_s8};
pub use fully_connected::{FullyConnected, fully_connected_s8};
pub use lut::lut_8;
pub use mul::{mul_s8, mul_s16};
pub use pairwise::Source;
pub use pool_2d::{Pool2d, average_pool_2d_s8, max_pool_2d_s8};
pub use quantize::{Integer, Quantize, dequantize_f32, quantize_f32, requantize, requantize_s16};
pub use reduce::{
    Axes, Bounded, Extreme, Quantifier, QuantizedSum, Reduce, ReduceBool, ReduceExtreme, mean_f32, prod_f32,
    prod_s32, prod_s64, reduce_bool, reduce_extreme, sum_f32, sum_s8, sum_s16, sum_s32, sum_s64,
};
pub use softmax::{Softmax, softmax_s8, softmax_s8_s16};
pub use sub::{sub_s8, sub_s16};
