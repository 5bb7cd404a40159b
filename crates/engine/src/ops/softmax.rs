//! SOFTMAX, LOG_SOFTMAX and L2_NORMALIZATION. Operands of each, in order: output, input; then tables, if any.

use kernels::reference::{
    self, L2Norm, LogSoftmaxRows, Rows, Softmax, Softmax16, Softmax16Tables, SoftmaxFloat,
};

use super::{Flow, Operator};
use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

macro_rules! softmax {
    ($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $params);

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let ([output], [input]) = io.split([0], [1])?;
                $kernel(&self.0, elements(input, 1)?, elements_mut(output, 0)?)?;
                Ok(Flow::Next)
            }
        }
    };
}

softmax! {
    /// SOFTMAX from int8 to int8.
    SoftmaxS8(Softmax) = reference::softmax_s8
}
softmax! {
    /// SOFTMAX from int8 to int16.
    SoftmaxS8S16(Softmax) = reference::softmax_s8_s16
}
softmax! {
    /// SOFTMAX on float32.
    SoftmaxF32(SoftmaxFloat) = reference::softmax_f32
}
softmax! {
    /// LOG_SOFTMAX on int8.
    LogSoftmaxS8(LogSoftmaxRows) = reference::log_softmax_s8
}
softmax! {
    /// LOG_SOFTMAX on float32.
    LogSoftmaxF32(Rows) = reference::log_softmax_f32
}
softmax! {
    /// L2_NORMALIZATION on int8.
    L2NormS8(L2Norm) = reference::l2_norm_s8
}
softmax! {
    /// L2_NORMALIZATION on float32.
    L2NormF32(Rows) = reference::l2_norm_f32
}

/// SOFTMAX on int16. Operands: output, input, table of exponentials, table of reciprocals (`i16` both).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SoftmaxS16(pub Softmax16);

impl Operator for SoftmaxS16 {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [input, exp, one_over_one_plus]) = io.split([0], [1, 2, 3])?;
        let tables =
            Softmax16Tables { exp: elements(exp, 2)?, one_over_one_plus: elements(one_over_one_plus, 3)? };
        reference::softmax_s16(&self.0, tables, elements(input, 1)?, elements_mut(output, 0)?)?;
        Ok(Flow::Next)
    }
}
