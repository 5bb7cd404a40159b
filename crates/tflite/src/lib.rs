//! The only reader of the .tflite format.
//!
//! [`Model::parse`] turns the bytes of a file into a [`Model`]: typed, with every index in range and every
//! constant as long as its shape and type need. Weights are borrowed from the file.
//!
//! # Invariants
//! * No input makes it panic (`tests/mutated.rs`, and the fuzz run, which is `examples/fuzz_reader.rs`).
//! * No input makes it allocate more than [`memory_bound`] of the file's length, counting everything that
//!   was allocated on the way (`tests/mutated.rs` counts). The time taken is in proportion to that bound too.
//! * Nothing recurses, and nothing is generated from the schema: [`Options`] is one list, written by hand.
//!
//! # What is checked here and what is not
//! Here: that the file is whole, that it says of itself what the schema allows, and that whatever points to
//! something points into the model. Not here: whether a model makes sense, such as scales above zero, shapes
//! that fit an operator, operators that exist, or an order in which values are there before they are used.
//! That is the compiler's, which knows what can run.
//!
//! ```
//! let error = tflite::Model::parse(b"hello, I am not a model at all.").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "model: bytes 4 to 8 are `o, I` where a model has `TFL3`: this is text; give the .tflite file itself"
//! );
//! ```
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "build"))]
pub mod build;
mod dtype;
mod error;
mod fields;
mod flat;
#[cfg(any(test, feature = "build"))]
pub mod fuzz;
mod model;
#[cfg(any(test, feature = "build"))]
pub mod mutate;
mod op;
mod options;
mod read;

pub use dtype::DType;
pub use error::{Fault, LooksLike, Place, ReadError};
pub use fields::{Activation, LstmKernel, MirrorPadMode, Padding, WeightsFormat};
pub use flat::memory_bound;
pub use model::{Model, Operator, Quantization, QuantizationDetails, Signature, Subgraph, Tensor};
pub use op::BuiltinOp;
pub use options::{Options, OptionsTag};
