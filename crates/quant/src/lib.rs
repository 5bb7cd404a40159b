//! The fixed-point arithmetic of int8 networks: the only place that rounds.
//!
//! Anything that two implementations could round differently lives here, once. A kernel, a simulator and
//! a compiler that agree on this crate agree on every output byte. The definition is the reference
//! kernels of TensorFlow Lite Micro, which round twice; each item names the function it reproduces.
//!
//! # Conventions
//! A quantised value `q` stands for the real number `scale · (q − zero)`. No cargo feature and no target
//! changes a result. Every function is total: where the source is undefined, the item says what happens.
//!
//! # Where things are
//! * [`rounding`] and [`Multiplier`]: what everything else is built from.
//! * [`fixed_point`]: exponential, logistic, tanh, reciprocal, logarithm on the formats of the `fixed` crate.
//! * A struct per operator with its constants: functions named `prepare` or `for_…` compute them from scales
//!   as TFLM's preparation does, float where that is float and double where it is double; the others
//!   compute one element. The fields are public, so that a plan can hold them as constants.
//! * [`float`]: single-precision functions that give the same bits everywhere.
#![no_std]
#![forbid(unsafe_code)]

mod activation_range;
mod bounded;
mod by_products;
mod circular;
mod convert;
mod curves;
mod curves16;
mod doubled;
mod dynamic;
mod elementwise;
pub mod fixed_point;
pub mod float;
mod guarded;
mod hyperbolic;
mod interpolate;
mod lut;
mod multiplier;
mod norms;
mod power;
mod products;
mod rectifiers;
mod reduce;
pub mod rounding;
mod sigmoid_table;
mod softmax;
mod softmax16;
mod sum_by_products;
mod word;

pub use activation_range::FusedActivation;
pub use bounded::BoundedScale;
pub use by_products::ByProducts;
pub use convert::{Requantize, dequantize, quantize, sqrt_i8};
pub use curves::{CurveInput, input_radius};
pub use curves16::{Curve16Input, checked_log2, nearest_log2};
pub use doubled::Halving;
pub use dynamic::DynamicRange;
pub use elementwise::{CommonScale, Product, Quotient, Sum};
pub use guarded::{GuardedChannel, GuardedEnds, GuardedOutput};
pub use interpolate::rounded_bilinear;
pub use lut::{LUT16_ENTRIES, lut_i8, lut_i16, lut_lookup_i16};
pub use multiplier::{Affine, Clamp, Multiplier, ZeroPoint};
pub use norms::{L2Normalization, Rsqrt, inverse_sqrt};
pub use products::{product_ratio, single_precision_product_ratio};
pub use rectifiers::{HardSwish, LeakyRelu, Prelu};
pub use reduce::{Reduction, product_step, rounded_quotient};
pub use rounding::scale_down;
pub use sigmoid_table::SIGMOID_TABLE;
pub use softmax::{ExpSum, LogSoftmax, LogSoftmaxRow, SoftmaxInput, SoftmaxScale};
pub use softmax16::{Softmax16Scale, exp_lut, one_over_one_plus_lut, softmax16_exp, softmax16_multiplier};
pub use sum_by_products::{InputByProducts, SumByProducts};
