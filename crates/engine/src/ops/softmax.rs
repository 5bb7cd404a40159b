//! SOFTMAX, LOG_SOFTMAX and L2_NORMALIZATION. Operands of each, in order: output, input; then tables, if any.

use kernels::reference::{
    self, L2Norm, LogSoftmaxRows, Rows, Softmax, Softmax16, Softmax16Tables, SoftmaxFloat,
};

use crate::memory::{elements, elements_mut};

from_input! {
    /// SOFTMAX from int8 to int8.
    SoftmaxS8(Softmax) = reference::softmax_s8;
    /// SOFTMAX from int8 to int16.
    SoftmaxS8S16(Softmax) = reference::softmax_s8_s16;
    /// SOFTMAX on float32.
    SoftmaxF32(SoftmaxFloat) = reference::softmax_f32;
    /// LOG_SOFTMAX on int8.
    LogSoftmaxS8(LogSoftmaxRows) = reference::log_softmax_s8;
    /// LOG_SOFTMAX on float32.
    LogSoftmaxF32(Rows) = reference::log_softmax_f32;
    /// L2_NORMALIZATION on int8.
    L2NormS8(L2Norm) = reference::l2_norm_s8;
    /// L2_NORMALIZATION on float32.
    L2NormF32(Rows) = reference::l2_norm_f32;
}

operator! {
    /// SOFTMAX on int16. Operands: output, input, table of exponentials, table of reciprocals (`i16` both).
    SoftmaxS16(Softmax16), |this, io| {
        let ([output], [input, exp, one_over_one_plus]) = io.split([0], [1, 2, 3])?;
        let tables =
            Softmax16Tables { exp: elements(exp, 2)?, one_over_one_plus: elements(one_over_one_plus, 3)? };
        reference::softmax_s16(&this.0, tables, elements(input, 1)?, elements_mut(output, 0)?)?;
    }
}
