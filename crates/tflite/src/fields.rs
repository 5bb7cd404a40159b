//! What a field of an options table can be, and how it is read.

use crate::DType;
use crate::error::Fault;
use crate::flat::{Meter, Table};

macro_rules! enumeration {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($code:literal $(#[$variant_meta:meta])* $variant:ident,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// Every value, in the order of the file's numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that stands in the file.
            pub const fn code(self) -> i8 {
                match self { $(Self::$variant => $code,)* }
            }
        }

        impl Field for $name {
            fn read(table: &Table<'_>, slot: usize, absent: Self, _: &'static str, _: &mut Meter) -> Result<Self, Fault> {
                match table.scalar(slot, absent.code(), $what)? {
                    $($code => Ok(Self::$variant),)*
                    found => Err(Fault::Value { what: $what, found: found.into(), last: Self::ALL.len() as i64 - 1 }),
                }
            }
        }
    };
}

enumeration! {
    /// How a window treats the edges of an image.
    Padding, "padding" {
        0 /// Zeros around the image, as many as the output's size needs.
        Same,
        1 /// Only windows that lie inside.
        Valid,
    }
}

enumeration! {
    /// The function fused into the end of an operator.
    Activation, "activation" {
        0 /// None.
        None,
        1 /// At least 0.
        Relu,
        2 /// From −1 to 1.
        ReluN1To1,
        3 /// From 0 to 6.
        Relu6,
        4 /// Hyperbolic tangent.
        Tanh,
        5 /// The sign bit.
        SignBit,
    }
}

enumeration! {
    /// Order of the weights of `FULLY_CONNECTED`.
    WeightsFormat, "weights format" {
        0 /// Row by row.
        Default,
        1 /// In shuffled blocks of 4 by 16.
        Shuffled4x16Int8,
    }
}

enumeration! {
    /// Which definition of `LSTM` is meant.
    LstmKernel, "LSTM kernel type" {
        0 /// With peepholes and projection.
        Full,
        1 /// The basic cell.
        Basic,
    }
}

enumeration! {
    /// Whether a mirrored border repeats the edge.
    MirrorPadMode, "mirror pad mode" {
        0 /// The edge stands once.
        Reflect,
        1 /// The edge stands twice.
        Symmetric,
    }
}

/// A type that can be a field of an options table.
pub(crate) trait Field: Sized {
    fn read(
        table: &Table<'_>,
        slot: usize,
        absent: Self,
        what: &'static str,
        meter: &mut Meter,
    ) -> Result<Self, Fault>;
}

macro_rules! plain_fields {
    ($($field:ty)*) => {$(
        impl Field for $field {
            fn read(table: &Table<'_>, slot: usize, absent: Self, what: &'static str, _: &mut Meter) -> Result<Self, Fault> {
                table.scalar(slot, absent, what)
            }
        }
    )*};
}

plain_fields!(i32 u32 i64 f32);

impl Field for bool {
    fn read(
        table: &Table<'_>,
        slot: usize,
        absent: Self,
        what: &'static str,
        _: &mut Meter,
    ) -> Result<Self, Fault> {
        table.flag(slot, absent, what)
    }
}

impl Field for DType {
    fn read(
        table: &Table<'_>,
        slot: usize,
        absent: Self,
        what: &'static str,
        _: &mut Meter,
    ) -> Result<Self, Fault> {
        dtype(table, slot, absent, what)
    }
}

/// An element type, refused when the schema does not know it.
pub(crate) fn dtype(
    table: &Table<'_>,
    slot: usize,
    absent: DType,
    what: &'static str,
) -> Result<DType, Fault> {
    let code = table.scalar(slot, absent.code(), what)?;
    let last = DType::ALL.len() as i64 - 1;
    DType::from_code(code).ok_or(Fault::Value { what, found: code.into(), last })
}

impl Field for Vec<i32> {
    fn read(
        table: &Table<'_>,
        slot: usize,
        _: Self,
        what: &'static str,
        meter: &mut Meter,
    ) -> Result<Self, Fault> {
        table.numbers(slot, what, meter, |_, number: i32| Ok(number))
    }
}

impl Field for Vec<f32> {
    fn read(
        table: &Table<'_>,
        slot: usize,
        _: Self,
        what: &'static str,
        meter: &mut Meter,
    ) -> Result<Self, Fault> {
        table.numbers(slot, what, meter, |_, number: f32| Ok(number))
    }
}

impl Field for String {
    fn read(
        table: &Table<'_>,
        slot: usize,
        _: Self,
        what: &'static str,
        meter: &mut Meter,
    ) -> Result<Self, Fault> {
        table.text(slot, what, meter)
    }
}
