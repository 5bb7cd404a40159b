//! Why a plan stopped.

use core::fmt;

use kernels::KernelError;

/// A step could not run.
///
/// A plan that the compiler made and that was handed buffers of the stated sizes never returns one of
/// these; a damaged blob or a short buffer does. An error is one word, which comes back in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError {
    /// A memory is shorter than the plan needs.
    TooSmall {
        /// Which memory.
        space: crate::Space,
    },
    /// An operand lies outside its memory, or is written while it is read.
    Operand {
        /// Position in the step's operand list.
        index: u8,
    },
    /// An operand is not aligned for its element type, or is not a whole number of elements.
    Unaligned {
        /// Position in the step's operand list.
        index: u8,
    },
    /// The kernel refused its buffers or parameters.
    Kernel(KernelError),
    /// A step index lies outside the plan, or a loop did not end within the plan's bound.
    ControlFlow,
    /// The blob names an operator that the registry it is run with does not hold.
    UnknownOperator {
        /// The operator's number, as [`crate::ops`] lists it.
        id: u16,
    },
    /// A step's parameters could not be read.
    Corrupt,
}

impl From<KernelError> for RunError {
    fn from(error: KernelError) -> Self {
        Self::Kernel(error)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall { space } => write!(f, "the {space:?} memory is smaller than the plan needs"),
            Self::Operand { index } => {
                write!(f, "operand {index} lies outside its memory or overlaps what is written")
            }
            Self::Unaligned { index } => write!(f, "operand {index} is not aligned for its elements"),
            Self::Kernel(error) => write!(f, "{error}"),
            Self::ControlFlow => f.write_str("a jump left the plan or a loop did not end"),
            Self::UnknownOperator { id } => {
                write!(f, "operator {id} is not in the registry that this program was built with")
            }
            Self::Corrupt => f.write_str("a step's parameters cannot be read"),
        }
    }
}

impl core::error::Error for RunError {}
