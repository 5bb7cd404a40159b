//! What each operator means, written to be read.
//!
//! These are the definitions that faster kernels are tested against. They are not made faster.

mod add;
mod batch_matmul;
mod compare;
mod conv_2d;
mod copy_nd;
mod depthwise_conv_2d;
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
mod pool_2d;
mod quantize;
mod ranking;
mod reduce;
mod resize_bilinear;
mod softmax;
mod sub;
mod svdf;
mod transpose_conv;

pub use add::{add_n_s8, add_n_s8_begin, add_n_s8_end, add_s8, add_s16};
pub use batch_matmul::{
    BATCH_RANK, BatchMatMul, BatchMatMulF32, FactorSteps, MatMulShape, batch_matmul_f32, batch_matmul_s8,
    batch_matmul_s16,
};
pub use compare::{Relation, compare, compare_quantized};
pub use conv_2d::{
    Conv2d, Conv2dF32, ConvShape, conv_2d_f32, conv_2d_s4, conv_2d_s8, conv_2d_s16, conv_2d_s16_bias32,
};
pub use copy_nd::{COPY_DIMS, CopyDim, CopyNd, copy_nd, fill_bytes};
pub use depthwise_conv_2d::{
    DepthwiseConv2d, DepthwiseConv2dF32, depthwise_conv_2d_f32, depthwise_conv_2d_s4, depthwise_conv_2d_s8,
    depthwise_conv_2d_s16, depthwise_conv_2d_s16_bias32,
};
pub use embedding_lookup::{DequantizedLookup, EmbeddingLookup, dequantized_lookup, embedding_lookup};
pub use fully_connected::{
    FullyConnected, FullyConnectedF32, MatrixShape, fully_connected_f32, fully_connected_s4,
    fully_connected_s8, fully_connected_s16, fully_connected_s16_bias32,
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
pub use softmax::{
    Softmax, Softmax16, Softmax16Tables, SoftmaxFloat, softmax_f32, softmax_s8, softmax_s8_s16, softmax_s16,
};
pub use sub::{sub_s8, sub_s16};
pub use svdf::{Svdf, SvdfF32, SvdfShape, SvdfWeights, svdf, svdf_f32};
pub use transpose_conv::{
    TransposeConv, TransposeConvF32, TransposeShape, transpose_conv_f32, transpose_conv_s8,
    transpose_conv_s16,
};
