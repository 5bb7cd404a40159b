//! Why a kernel cannot run.

use core::fmt;

/// A kernel was handed buffers or parameters that do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KernelError {
    /// A buffer holds the wrong number of elements for the shape.
    Length,
    /// A dimension, stride or count is out of its range.
    Geometry,
    /// A run-time value, such as an index tensor's element, is out of its range.
    Value,
}

impl KernelError {
    /// Checks a buffer's length.
    ///
    /// # Errors
    /// [`KernelError::Length`] when the two differ, or when `expected` is unknown because it overflowed.
    pub const fn check(expected: Option<usize>, found: usize) -> Result<(), Self> {
        match expected {
            Some(expected) if expected == found => Ok(()),
            _ => Err(Self::Length),
        }
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("a buffer has the wrong number of elements for the shape"),
            Self::Geometry => f.write_str("a dimension, stride or count is out of its range"),
            Self::Value => f.write_str("an index or count computed by the model is out of its range"),
        }
    }
}

impl core::error::Error for KernelError {}
