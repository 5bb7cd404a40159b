//! Factors of the operators that multiply and accumulate: convolutions, fully connected layers, SVDF.

use crate::multiplier::Multiplier;

/// The factor from an accumulator to the output, for one output channel or for all:
/// `input · filter / output` in double precision.
///
/// It is the factor of every convolution, FULLY_CONNECTED, BATCH_MATMUL, SVDF and MUL, of the gates of an
/// LSTM cell and of the products inside it.
///
/// Source: TFLM `PopulateConvolutionQuantizationParams`, `GetQuantizedConvolutionMultipler`, `PrepareSvdf`,
/// `CalculateOpDataMul`, `CreateInterGateMulParams`, as in the build that recorded outputs come from.
pub fn product_ratio(input_scale: f32, filter_scale: f32, output_scale: f32) -> Option<Multiplier> {
    Multiplier::from_real(f64::from(input_scale) * f64::from(filter_scale) / f64::from(output_scale))
}

/// The factor of TensorFlow Lite's MUL: `a · b / c` in single precision.
///
/// It counts where TensorFlow Lite is the definition: MUL with a fused RELU_N1_TO_1.
pub fn single_precision_product_ratio(a_scale: f32, b_scale: f32, c_scale: f32) -> Option<Multiplier> {
    Multiplier::from_real(f64::from(a_scale * b_scale / c_scale))
}
