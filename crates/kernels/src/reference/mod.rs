//! What each operator means, written to be read.
//!
//! These are the definitions that faster kernels are tested against. They are not made faster.

mod add;
mod batch_matmul;
mod cast;
mod circular_buffer;
mod compare;
mod conv_2d;
mod copy_nd;
mod cumsum;
mod curves;
mod depthwise_conv_2d;
mod div;
mod embedding_lookup;
mod fully_connected;
mod gather;
mod hybrid;
mod layer;
mod lstm;
mod lut;
mod mul;
mod normalise;
mod pairwise;
mod pick_nd;
mod plain;
mod pool_2d;
mod quantize;
mod ranking;
mod reduce;
mod resize_bilinear;
mod select;
mod softmax;
mod squared_difference;
mod sub;
mod svdf;
mod transpose_conv;

pub use add::{add_n, add_n_s8, add_n_s8_begin, add_n_s8_end, add_s8, add_s16};
pub use batch_matmul::{
    BATCH_RANK, BatchMatMul, BatchMatMulF32, FactorSteps, MatMulShape, batch_matmul_f32, batch_matmul_s8,
    batch_matmul_s16,
};
pub use cast::{Cast, ElementType, cast};
pub use circular_buffer::circular_buffer;
pub use compare::{Relation, compare, compare_quantized};
pub use conv_2d::{
    Conv2d, Conv2dF32, ConvShape, conv_2d_f32, conv_2d_s4, conv_2d_s8, conv_2d_s16, conv_2d_s16_bias32,
};
pub use copy_nd::{COPY_DIMS, CopyDim, CopyNd, copy_nd, fill_bytes};
pub use cumsum::{Begin, Cumsum, Own, cumsum, cumsum_s8};
pub use curves::{
    abs_f32, abs_s16, abs_s32, ceil_f32, cos_f32, elu_f32, exp_f32, floor_f32, gelu, gelu_f32, gelu_tanh,
    gelu_tanh_f32, hard_swish_f32, leaky_relu_f32, leaky_relu_s16, limit_f32, log_f32, logistic_f32,
    logistic_s16, lut_16, neg_f32, neg_s32, prelu_f32, prelu_s8, prelu_s16, round_f32, rsqrt_f32, sign_f32,
    sin_f32, sqrt_f32, square_f32, tanh_f32, tanh_s16,
};
pub use depthwise_conv_2d::{
    DepthwiseConv2d, DepthwiseConv2dF32, depthwise_conv_2d_f32, depthwise_conv_2d_s4, depthwise_conv_2d_s8,
    depthwise_conv_2d_s16, depthwise_conv_2d_s16_bias32,
};
pub use div::{div_s8, div_s16};
pub use embedding_lookup::{DequantizingLookup, RowLookup, dequantized_lookup, embedding_lookup};
pub use fully_connected::{
    FullyConnected, FullyConnectedF32, MatrixShape, fully_connected_f32, fully_connected_once,
    fully_connected_s4, fully_connected_s8, fully_connected_s16, fully_connected_s16_bias32,
};
pub use gather::{GATHER_DIMS, Gather, GatherNd, Index, UpdateSlice, gather, gather_nd, update_slice};
pub use hybrid::{
    Conv2dHybrid, DepthwiseConv2dHybrid, Dynamics, FullyConnectedHybrid, HybridWeights, conv_2d_hybrid,
    depthwise_conv_2d_hybrid, fully_connected_hybrid,
};
pub use layer::{Element, IntegerWeights, MAX_PRODUCTS_I8, Nibbles, Range, Weights};
pub use lstm::{
    CellCurve, Lstm, LstmF32, LstmGate, LstmInput, LstmOutput, LstmShape, LstmState, LstmWeights, lstm_f32,
    lstm_s8, lstm_s16,
};
pub use lut::lut_8;
pub use mul::{mul_s8, mul_s16};
pub use normalise::{L2Norm, LogSoftmaxRows, Rows, l2_norm_f32, l2_norm_s8, log_softmax_f32, log_softmax_s8};
pub use pairwise::Source;
pub use pick_nd::{PICK_DIMS, PickNd, pick_nd};
pub use plain::{
    Floored, Limits, Number, add, broadcast_args, div, floor_div, floor_mod, logical_and, logical_or,
    maximum, minimum, mul, pow_f32, pow_s32, squared_difference, sub,
};
pub use pool_2d::{
    Pool2d, Pool2dFloat, average_pool_2d_f32, average_pool_2d_s8, average_pool_2d_s16, l2_pool_2d_f32,
    max_pool_2d_f32, max_pool_2d_s8, max_pool_2d_s16,
};
pub use quantize::{Integer, Quantize, dequantize_f32, quantize_f32, requantize, requantize_s16};
pub use ranking::{ArgExtreme, TopK, arg_extreme, top_k};
pub use reduce::{
    Axes, Bounded, Extreme, Quantifier, QuantizedProduct, QuantizedSum, Reduce, ReduceBool, ReduceExtreme,
    mean_f32, prod_f32, prod_s8, prod_s16, prod_s32, prod_s64, reduce_bool, reduce_extreme, sum_f32, sum_s8,
    sum_s16, sum_s32, sum_s64,
};
pub use resize_bilinear::{
    ResizeBilinear, Steps, StepsF32, resize_bilinear_f32, resize_bilinear_s8, resize_bilinear_s16,
    resize_bilinear_u8,
};
pub use select::select;
pub use softmax::{
    Softmax, Softmax16, Softmax16Tables, SoftmaxFloat, softmax_f32, softmax_s8, softmax_s8_s16, softmax_s16,
};
pub use squared_difference::{squared_difference_s8, squared_difference_s16};
pub use sub::{sub_s8, sub_s16};
pub use svdf::{Svdf, SvdfF32, SvdfShape, SvdfWeights, svdf, svdf_f32};
pub use transpose_conv::{
    TransposeConv, TransposeConvF32, TransposeShape, transpose_conv_f32, transpose_conv_s8,
    transpose_conv_s16,
};
