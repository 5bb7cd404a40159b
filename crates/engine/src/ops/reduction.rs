//! Reductions over axes. Operands of each, in order: output, input.

use kernels::reference::{
    self, ArgExtreme, QuantizedProduct, QuantizedSum, Reduce, ReduceBool, ReduceExtreme, TopK,
};

use crate::memory::{elements, elements_mut};

from_input! {
    /// SUM or MEAN on int8.
    SumS8(QuantizedSum) = reference::sum_s8;
    /// SUM or MEAN on int16.
    SumS16(QuantizedSum) = reference::sum_s16;
    /// SUM on int32.
    SumS32(Reduce) = reference::sum_s32;
    /// SUM on int64.
    SumS64(Reduce) = reference::sum_s64;
    /// SUM on float32.
    SumF32(Reduce) = reference::sum_f32;
    /// MEAN on float32.
    MeanF32(Reduce) = reference::mean_f32;
    /// REDUCE_PROD on int8.
    ProdS8(QuantizedProduct) = reference::prod_s8;
    /// REDUCE_PROD on int16.
    ProdS16(QuantizedProduct) = reference::prod_s16;
    /// REDUCE_PROD on int32.
    ProdS32(Reduce) = reference::prod_s32;
    /// REDUCE_PROD on int64.
    ProdS64(Reduce) = reference::prod_s64;
    /// REDUCE_PROD on float32.
    ProdF32(Reduce) = reference::prod_f32;
    /// REDUCE_MAX or REDUCE_MIN on int8.
    ExtremeS8(ReduceExtreme) = reference::reduce_extreme::<i8>;
    /// REDUCE_MAX or REDUCE_MIN on uint8.
    ExtremeU8(ReduceExtreme) = reference::reduce_extreme::<u8>;
    /// REDUCE_MAX or REDUCE_MIN on int16.
    ExtremeS16(ReduceExtreme) = reference::reduce_extreme::<i16>;
    /// REDUCE_MAX or REDUCE_MIN on int32.
    ExtremeS32(ReduceExtreme) = reference::reduce_extreme::<i32>;
    /// REDUCE_MAX or REDUCE_MIN on int64.
    ExtremeS64(ReduceExtreme) = reference::reduce_extreme::<i64>;
    /// REDUCE_MAX or REDUCE_MIN on float32.
    ExtremeF32(ReduceExtreme) = reference::reduce_extreme::<f32>;
    /// REDUCE_ALL or REDUCE_ANY.
    Quantified(ReduceBool) = reference::reduce_bool;
    /// ARG_MAX or ARG_MIN on int8.
    ArgS8(ArgExtreme) = reference::arg_extreme::<i8, i32>;
    /// ARG_MAX or ARG_MIN on uint8.
    ArgU8(ArgExtreme) = reference::arg_extreme::<u8, i32>;
    /// ARG_MAX or ARG_MIN on int32.
    ArgS32(ArgExtreme) = reference::arg_extreme::<i32, i32>;
    /// ARG_MAX or ARG_MIN on float32.
    ArgF32(ArgExtreme) = reference::arg_extreme::<f32, i32>;
    /// ARG_MAX or ARG_MIN on int8, to int64.
    ArgS8S64(ArgExtreme) = reference::arg_extreme::<i8, i64>;
    /// ARG_MAX or ARG_MIN on uint8, to int64.
    ArgU8S64(ArgExtreme) = reference::arg_extreme::<u8, i64>;
    /// ARG_MAX or ARG_MIN on int32, to int64.
    ArgS32S64(ArgExtreme) = reference::arg_extreme::<i32, i64>;
    /// ARG_MAX or ARG_MIN on float32, to int64.
    ArgF32S64(ArgExtreme) = reference::arg_extreme::<f32, i64>;
}

macro_rules! top_k {
    ($($(#[$doc:meta])* $name:ident($type:ty);)*) => {
        $(
            operator! {
                $(#[$doc])*
                $name(TopK), |this, io| {
                    let ([values, indices], [input]) = io.split([0, 1], [2])?;
                    let input = elements::<$type>(input, 2)?;
                    reference::top_k(&this.0, input, elements_mut(values, 0)?, elements_mut(indices, 1)?)?;
                }
            }
        )*
    };
}

top_k! {
    /// TOPK_V2 on int8. Operands: values, indices (int32), input.
    TopKS8(i8);
    /// TOPK_V2 on uint8. Operands: values, indices (int32), input.
    TopKU8(u8);
    /// TOPK_V2 on int16. Operands: values, indices (int32), input.
    TopKS16(i16);
    /// TOPK_V2 on int32. Operands: values, indices (int32), input.
    TopKS32(i32);
    /// TOPK_V2 on int64. Operands: values, indices (int32), input.
    TopKS64(i64);
    /// TOPK_V2 on float32. Operands: values, indices (int32), input.
    TopKF32(f32);
}
