//! BATCH_MATMUL.
//!
//! Operands, in order: output, left factor, right factor.

use kernels::reference::{BatchMatMul, BatchMatMulF32, batch_matmul_f32, batch_matmul_s8, batch_matmul_s16};

use crate::memory::{elements, elements_mut};

macro_rules! matmul {
    ($($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path;)*) => {$(
        operator! {
            $(#[$doc])*
            $name($params), |this, io| {
                let ([output], [left, right]) = io.split([0], [1, 2])?;
                $kernel(&this.0, elements(left, 1)?, elements(right, 2)?, elements_mut(output, 0)?)?;
            }
        }
    )*};
}

matmul! {
    /// BATCH_MATMUL on int8.
    BatchMatMulS8(BatchMatMul) = batch_matmul_s8;
    /// BATCH_MATMUL on int16.
    BatchMatMulS16(BatchMatMul) = batch_matmul_s16;
    /// BATCH_MATMUL on float32.
    BatchMatMulReal(BatchMatMulF32) = batch_matmul_f32;
}
