//! Int8 neural networks on microcontrollers: static, exact, small.
//!
//! This is the one crate that firmware depends on. A build script compiles a `.tflite` model into a plan, and
//! [`include_model!`] brings it in as a module with a typed `Model`:
//!
//! ```ignore
//! // build.rs
//! compiler::emit::build_script("kws.tflite").unwrap_or_else(|error| panic!("{error}"));
//!
//! // main.rs
//! microjoule::include_model!(kws);
//!
//! let mut arena = microjoule::Arena::<{ kws::ARENA_BYTES }>::new();
//! let mut model = kws::Model::new(&mut arena);
//! for (place, &sample) in model.input().iter_mut().zip(&samples) {
//!     *place = sample;
//! }
//! model.run()?;
//! let best = microjoule::arg_max(model.output());
//! ```
//!
//! Nothing allocates, nothing panics, weights stay in flash, and only the kernels that the model uses are
//! linked.
#![no_std]

pub use engine::{
    Arena, DType, Executor, Flow, Observer, Operand, Plan, Program, RunError, StepInfo, TensorInfo,
};
#[cfg(feature = "blob")]
pub use engine::{blob, ops};
pub use features;

/// The instruction set whose inner loops this build has.
pub const KERNELS: &str = kernels::arch::NATIVE.name();

/// Brings in a model that a build script compiled, as a module of its name.
///
/// The module holds `ARENA_BYTES`, `STATE_BYTES`, `WEIGHT_BYTES`; `INPUTS` and `OUTPUTS` (and `INPUT`, `OUTPUT` when
/// there is one) with shape and quantisation; `PLAN`, of the type `Program`; and `Model`.
#[macro_export]
macro_rules! include_model {
    ($name:ident) => {
        $crate::include_model!($name, concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
    };
    ($name:ident, $path:expr) => {
        /// A compiled model.
        #[allow(missing_docs, clippy::all, dead_code)]
        pub mod $name {
            include!($path);
        }
    };
}

/// The index of the greatest element, the first of several; `None` of none.
pub fn arg_max<T: PartialOrd + Copy>(elements: &[T]) -> Option<usize> {
    let mut best: Option<(usize, T)> = None;
    for (index, &element) in elements.iter().enumerate() {
        if best.is_none_or(|(_, most)| element > most) {
            best = Some((index, element));
        }
    }
    best.map(|(index, _)| index)
}

/// What generated plans are written with. Not for use by hand.
#[doc(hidden)]
pub mod plan {
    pub use engine::{
        Arena, DType, Executor, Fill, Observer, Operand, Plan, RunError, Step, TensorInfo,
        ops::*,
        tape::{self, Kind, fixed, plain},
    };
    pub use kernels::{
        arch::armv8_1m_mve::*,
        arch::compact::{
            CompactAdd, CompactFactor, CompactFullyConnected, CompactImage, CompactLayer, CompactMean,
            CompactOutput, CompactWindow, CompactYx,
        },
        arch::narrow::{ColumnDepthwise, PackedMatrix, PairedConv2d},
        reference::*,
        *,
    };
    pub use quant::*;

    /// Constants, aligned for every element type.
    #[repr(C, align(16))]
    pub struct Aligned<const BYTES: usize>(pub [u8; BYTES]);

    /// A factor, checked when the program is built.
    pub const fn multiplier(mantissa: i32, shift: i8) -> Multiplier {
        match Multiplier::new(mantissa, shift) {
            Some(multiplier) => multiplier,
            None => panic!("the plan holds a factor out of range"),
        }
    }

    /// Bytes as elements; none when they are not aligned.
    pub fn elements<T: bytemuck::Pod>(bytes: &[u8]) -> &[T] {
        bytemuck::try_cast_slice(bytes).unwrap_or_default()
    }

    /// Bytes as elements, for writing; none when they are not aligned.
    pub fn elements_mut<T: bytemuck::Pod>(bytes: &mut [u8]) -> &mut [T] {
        bytemuck::try_cast_slice_mut(bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_of_the_greatest() {
        assert_eq!(super::arg_max(&[1, 3, 3, 2]), Some(1));
        assert_eq!(super::arg_max::<i8>(&[]), None);
    }
}
