//! Operators of one element, or of two that lie over each other.

use kernels::reference::Source;

use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

macro_rules! of_two {
    ($(#[$doc:meta])* $name:ident($params:ty) = $kernel:path) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, the first, the second. The output may be one of the others.
            $name {
                /// How the operands lie over each other.
                pub walk: Broadcast,
                /// Constants.
                pub constants: $params,
            }, |this, io| {
                let (output, [a, b]) = two(io)?;
                $kernel(&this.walk, &this.constants, a, b, output)?;
            }
        }
    };
    ($(#[$doc:meta])* $name:ident = $kernel:path, $element:ty) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, the first, the second. The output may be one of the others.
            $name {
                /// How the operands lie over each other.
                pub walk: Broadcast,
            }, |this, io| {
                let (output, [a, b]) = two::<$element>(io)?;
                $kernel(&this.walk, a, b, output)?;
            }
        }
    };
}

macro_rules! of_one {
    ($(#[$doc:meta])* $name:ident($params:ty) = $kernel:path) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, the input, which may be the same place.
            $name($params), |this, io| {
                let (output, input) = one(io)?;
                $kernel(&this.0, input, output)?;
            }
        }
    };
    ($(#[$doc:meta])* $name:ident = $kernel:path) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, the input, which may be the same place.
            $name, |io| {
                let (output, input) = one(io)?;
                $kernel(input, output)?;
            }
        }
    };
}

mod compare;
mod convert;
mod numbers;
mod quantized;
mod unary;

pub use compare::*;
pub use convert::*;
pub use numbers::*;
pub use quantized::*;
pub use unary::*;

/// The output, operand 0, and operand 1, which may be the same place.
fn one<'i, T: bytemuck::Pod>(io: &'i mut Io<'_, '_>) -> Result<(&'i mut [T], Source<'i, T>), RunError> {
    if io.is_same(0, 1) {
        return Ok((elements_mut(io.in_place(0)?, 0)?, Source::Output));
    }
    let ([output], [a]) = io.split([0], [1])?;
    Ok((elements_mut(output, 0)?, Source::Given(elements(a, 1)?)))
}

/// The output, operand 0, and operands 1 and 2, of which one may be the same place as the output.
#[inline(never)]
pub(in crate::ops) fn two<'i, T: bytemuck::Pod>(
    io: &'i mut Io<'_, '_>,
) -> Result<(&'i mut [T], [Source<'i, T>; 2]), RunError> {
    if io.is_same(0, 1) {
        let ([output], [b]) = io.split([0], [2])?;
        return Ok((elements_mut(output, 0)?, [Source::Output, Source::Given(elements(b, 2)?)]));
    }
    if io.is_same(0, 2) {
        let ([output], [a]) = io.split([0], [1])?;
        return Ok((elements_mut(output, 0)?, [Source::Given(elements(a, 1)?), Source::Output]));
    }
    let ([output], [a, b]) = io.split([0], [1, 2])?;
    Ok((elements_mut(output, 0)?, [Source::Given(elements(a, 1)?), Source::Given(elements(b, 2)?)]))
}
