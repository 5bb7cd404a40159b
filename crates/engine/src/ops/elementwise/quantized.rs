//! Operators of two quantised elements, and sums of many.

use kernels::{Broadcast, reference};
use quant::{Prelu, Product, Quotient, Sum};

use super::two;
use crate::{
    RunError,
    memory::{elements, elements_mut},
};

of_two! {
    /// ADD on int8.
    AddS8(Sum) = reference::add_s8
}
of_two! {
    /// ADD on int16.
    AddS16(Sum) = reference::add_s16
}
of_two! {
    /// SUB on int8.
    SubS8(Sum) = reference::sub_s8
}
of_two! {
    /// SUB on int16.
    SubS16(Sum) = reference::sub_s16
}
of_two! {
    /// MUL on int8.
    MulS8(Product) = reference::mul_s8
}
of_two! {
    /// MUL on int16.
    MulS16(Product) = reference::mul_s16
}

of_two! {
    /// SQUARED_DIFFERENCE on int8.
    SquaredDifferenceS8(Sum) = reference::squared_difference_s8
}
of_two! {
    /// SQUARED_DIFFERENCE on int16.
    SquaredDifferenceS16(Sum) = reference::squared_difference_s16
}
of_two! {
    /// DIV on int8.
    DivS8(Quotient) = reference::div_s8
}
of_two! {
    /// DIV on int16.
    DivS16(Quotient) = reference::div_s16
}
of_two! {
    /// PRELU on int8.
    PreluS8(Prelu) = reference::prelu_s8
}
of_two! {
    /// PRELU on int16.
    PreluS16(Prelu) = reference::prelu_s16
}
operator! {
    /// ADD_N on int8.
    ///
    /// Operands: the output, then the inputs, which may be the same place as the output.
    AddNS8(Sum), |this, io| {
        let mut buffer = [0; 32];
        let mut at = 0usize;
        let total = io.read(0)?.len();
        while at < total {
            let count = total.wrapping_sub(at).min(buffer.len());
            let sums = buffer.get_mut(..count).unwrap_or_default();
            let part = at..at.wrapping_add(count);
            reference::add_n_s8_begin(&this.0, sums);
            for index in 1..io.len() {
                let input = io.read(index)?.get(part.clone());
                let input = input.ok_or(RunError::Operand { index: index as u8 })?;
                reference::add_n_s8(&this.0, elements(input, index)?, sums);
            }
            let output = io.in_place(0)?.get_mut(part).unwrap_or_default();
            reference::add_n_s8_end(&this.0, sums, elements_mut(output, 0)?);
            at = at.wrapping_add(count);
        }
    }
}

macro_rules! add_n {
    ($(#[$doc:meta])* $name:ident($element:ty)) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, then the inputs, which may be the same place as the output.
            $name, |io| {
                let mut at = 0usize;
                let total = elements::<$element>(io.read(0)?, 0)?.len();
                while at < total {
                    let mut sums = [<$element>::default(); 32];
                    let count = total.wrapping_sub(at).min(sums.len());
                    let sums = sums.get_mut(..count).unwrap_or_default();
                    let part = at..at.wrapping_add(count);
                    for index in 1..io.len() {
                        let input = elements(io.read(index)?, index)?.get(part.clone());
                        reference::add_n(input.ok_or(RunError::Operand { index: index as u8 })?, sums);
                    }
                    let output = elements_mut(io.in_place(0)?, 0)?.get_mut(part);
                    for (out, &sum) in output.unwrap_or_default().iter_mut().zip(&*sums) {
                        *out = sum;
                    }
                    at = at.wrapping_add(count);
                }
            }
        }
    };
}

add_n! {
    /// ADD_N on float32.
    AddNF32(f32)
}
add_n! {
    /// ADD_N on int32.
    AddNS32(i32)
}
