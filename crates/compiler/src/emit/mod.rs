//! Plans in the forms that firmware takes: Rust source that people can read and compare, and a blob.

mod blob;
mod build;
mod rust;
mod source;
mod tape;

pub use blob::blob;
pub use build::{BuildError, build_model, build_script};
pub use rust::{RustPlan, rust};
