//! Element types.

use std::fmt;

macro_rules! dtypes {
    ($($code:literal $variant:ident $name:literal $bits:expr,)*) => {
        /// What one element of a tensor is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum DType {
            $(#[doc = concat!("`", $name, "`, value ", stringify!($code), ".")] $variant,)*
        }

        impl DType {
            /// Every type of the schema, in the order of the values.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The type with a value of the file, if there is one.
            pub const fn from_code(code: i8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The value that stands in the file.
            pub const fn code(self) -> i8 {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// The usual short name, such as `int8`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Bits of one element as they stand in a file, where types below a byte are packed; `None` for
            /// types whose elements have no fixed size.
            pub const fn bits(self) -> Option<u32> {
                match self {
                    $(Self::$variant => $bits,)*
                }
            }
        }
    };
}

dtypes! {
    0 Float32 "float32" Some(32),
    1 Float16 "float16" Some(16),
    2 Int32 "int32" Some(32),
    3 Uint8 "uint8" Some(8),
    4 Int64 "int64" Some(64),
    5 String "string" None,
    6 Bool "bool" Some(8),
    7 Int16 "int16" Some(16),
    8 Complex64 "complex64" Some(64),
    9 Int8 "int8" Some(8),
    10 Float64 "float64" Some(64),
    11 Complex128 "complex128" Some(128),
    12 Uint64 "uint64" Some(64),
    13 Resource "resource" None,
    14 Variant "variant" None,
    15 Uint32 "uint32" Some(32),
    16 Uint16 "uint16" Some(16),
    17 Int4 "int4" Some(4),
    18 BFloat16 "bfloat16" Some(16),
    19 Int2 "int2" Some(2),
    20 Uint4 "uint4" Some(4),
    21 Float8E4M3Fn "float8_e4m3fn" Some(8),
    22 Float8E5M2 "float8_e5m2" Some(8),
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The schema's default: what an absent type field means.
impl Default for DType {
    fn default() -> Self {
        Self::Float32
    }
}
