//! Factors of the operators that multiply and accumulate: convolutions, fully connected layers, SVDF.
//!
//! Which of them multiply scales in single precision and which in double decides bytes. The functions
//! follow TFLM operator by operator.

use crate::multiplier::Multiplier;

/// The factor from an accumulator to the output, for one output channel of a convolution (CONV_2D,
/// DEPTHWISE_CONV_2D, TRANSPOSE_CONV), and for a FULLY_CONNECTED with a scale per channel:
/// `input · filter / output` in double precision.
///
/// It is also the factor of MUL and of the products inside an LSTM cell.
///
/// Source: TFLM `PopulateConvolutionQuantizationParams`, `CalculateOpDataFullyConnected`,
/// `CalculateOpDataMul`, `CreateInterGateMulParams`.
pub fn product_ratio(input_scale: f32, filter_scale: f32, output_scale: f32) -> Option<Multiplier> {
    Multiplier::from_real(f64::from(input_scale) * f64::from(filter_scale) / f64::from(output_scale))
}

/// The factor from an accumulator to the output of a FULLY_CONNECTED with one scale for all weights, of
/// BATCH_MATMUL and of the gates of an LSTM cell: the product of the input scales is rounded to single
/// precision before it is divided in double.
///
/// Source: TFLM `GetQuantizedConvolutionMultipler`.
pub fn rounded_product_ratio(input_scale: f32, filter_scale: f32, output_scale: f32) -> Option<Multiplier> {
    Multiplier::from_real(f64::from(input_scale * filter_scale) / f64::from(output_scale))
}

/// The factors of SVDF and of whatever else works wholly in single precision: `a · b / c`.
///
/// Source: TFLM `PrepareSvdf`.
pub fn single_precision_product_ratio(a_scale: f32, b_scale: f32, c_scale: f32) -> Option<Multiplier> {
    Multiplier::from_real(f64::from(a_scale * b_scale / c_scale))
}
