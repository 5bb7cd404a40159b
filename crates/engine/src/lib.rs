//! A static-allocation graph executor for quantised networks.
//!
//! A [`Plan`] is a list of steps that a compiler worked out on a host: which operator, with which
//! parameters, on which bytes of the arena, of the state and of the weights. Running it is a loop over
//! that list. Nothing is allocated, nothing is looked up by name, and an operator that no step names is
//! not linked.
//!
//! # Invariants
//! * No heap, no recursion, no panics.
//! * Weights are read where they are; the arena's size is known before the program is built.
//! * Steps cannot reach outside the three memories they are given, whatever a plan says
//!   ([`memory`], the crate's only `unsafe`).
#![no_std]

#[cfg(feature = "blob")]
pub mod blob;
mod error;
mod executor;
pub mod memory;
pub mod ops;
mod plan;
pub mod tape;

pub use error::RunError;
pub use executor::{Executor, Observer, Program, StepInfo};
pub use kernels::KernelError;
pub use memory::{Arena, Io, Memory, Operand, Space};
pub use ops::{Flow, Operator};
pub use plan::{DType, Fill, Plan, Step, TensorInfo};
