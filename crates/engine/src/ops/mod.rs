//! The operators that a plan can name.
//!
//! Each is a kernel's parameters together with the order of its operands, of which the first is what it
//! writes. A step refers to one by a trait
//! object, so that the linker keeps the operators of the plans in a program and no others.

mod control;
mod convolution;
mod pooling;
mod softmax;

pub use control::{Jump, JumpUnless};
pub use convolution::{Conv2dS8, DepthwiseConv2dS8, FullyConnectedS8};
pub use pooling::{AveragePool2dS8, MaxPool2dS8};
pub use softmax::{SoftmaxS8, SoftmaxS8S16};

use crate::{Io, RunError};

/// Which step comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The one that follows.
    Next,
    /// The one at this index.
    Jump(u16),
}

/// A kernel with its parameters.
pub trait Operator: Sync {
    /// Runs the kernel on a step's operands.
    ///
    /// # Errors
    /// As [`RunError`] says; never, on operands that the compiler placed.
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError>;
}

/// Lists the operators: their numbers in a blob, their names, and a type that holds any one of them.
///
/// A number is never given to another operator, and a changed parameter layout takes a new number.
macro_rules! operators {
    ($($id:literal $name:ident)*) => {
        /// Any operator, for hosts that build plans.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum AnyOperator { $($name($name)),* }

        impl AnyOperator {
            /// The operator's number in a blob.
            pub const fn id(&self) -> u16 {
                match self { $(Self::$name(_) => $id),* }
            }

            /// The operator's type name.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name)),* }
            }
        }

        impl Operator for AnyOperator {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                match self { $(Self::$name(operator) => operator.run(io)),* }
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for AnyOperator {
            /// Writes the operator as its own type would be written, without saying which it is.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$name(operator) => operator.serialize(serializer)),* }
            }
        }

        $(impl From<$name> for AnyOperator {
            fn from(operator: $name) -> Self { Self::$name(operator) }
        })*

        $(#[cfg(feature = "blob")]
        impl crate::blob::Coded for $name { const ID: u16 = $id; })*

        /// Every operator, for programs that run any blob. A program that runs known models saves flash by
        /// naming their operators instead: [`entry`](crate::blob::entry).
        #[cfg(feature = "blob")]
        pub static ALL: &[crate::blob::Entry] = &[$(crate::blob::entry::<$name>()),*];
    };
}

operators! {
    1 Conv2dS8
    2 DepthwiseConv2dS8
    3 FullyConnectedS8
    300 AveragePool2dS8
    301 MaxPool2dS8
    310 SoftmaxS8
    311 SoftmaxS8S16
    900 Jump
    901 JumpUnless
}
