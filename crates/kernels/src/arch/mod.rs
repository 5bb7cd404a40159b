//! Kernels for particular instruction sets, and the choice between them.
//!
//! Each module offers the same operators under the same names with the same contracts as
//! [`reference`](mod@crate::reference).

pub mod portable;

pub use portable as active;
