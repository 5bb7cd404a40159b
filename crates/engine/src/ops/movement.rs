//! Operators that only move elements. Operands of each, in order: output, input.

use kernels::reference::{self, CopyNd, Gather, GatherNd, PickNd, UpdateSlice};

use super::{Flow, Operator};
use crate::{Io, RunError, memory::elements};

/// A copy between arrays of any strides and any element type.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CopyBytes(pub CopyNd);

impl Operator for CopyBytes {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [input]) = io.split([0], [1])?;
        reference::copy_nd(&self.0, input, output)?;
        Ok(Flow::Next)
    }
}

/// Gives every element of the output one value. Takes no input.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FillBytes {
    /// The value; the first `element_bytes` count.
    pub pattern: [u8; 8],
    /// Bytes of an element, at most 8.
    pub element_bytes: u8,
}

impl Operator for FillBytes {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], []) = io.split([0], [])?;
        let pattern = self.pattern.get(..usize::from(self.element_bytes)).unwrap_or(&self.pattern);
        reference::fill_bytes(pattern, output);
        Ok(Flow::Next)
    }
}

/// A copy that picks by tables. Operands: output, input, tables (`u32`).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PickBytes(pub PickNd);

impl Operator for PickBytes {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [input, tables]) = io.split([0], [1, 2])?;
        reference::pick_nd(&self.0, input, elements(tables, 2)?, output)?;
        Ok(Flow::Next)
    }
}

macro_rules! indexed {
    ($($(#[$doc:meta])* $name:ident($params:ident, $index:ty) = $kernel:path;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq)]
            #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
            pub struct $name(pub $params);

            impl Operator for $name {
                fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                    let ([output], [input, indices]) = io.split([0], [1, 2])?;
                    $kernel(&self.0, input, elements::<$index>(indices, 2)?, output)?;
                    Ok(Flow::Next)
                }
            }
        )*
    };
}

indexed! {
    /// GATHER by int32. Operands: output, data, indices.
    GatherS32(Gather, i32) = reference::gather;
    /// GATHER by int64. Operands: output, data, indices.
    GatherS64(Gather, i64) = reference::gather;
    /// GATHER_ND by int32. Operands: output, data, indices.
    GatherNdS32(GatherNd, i32) = reference::gather_nd;
    /// GATHER_ND by int64. Operands: output, data, indices.
    GatherNdS64(GatherNd, i64) = reference::gather_nd;
    /// The second half of DYNAMIC_UPDATE_SLICE. Operands: output, which holds the data already; update; starts
    /// (int32).
    UpdateSliceS32(UpdateSlice, i32) = reference::update_slice;
    /// As [`UpdateSliceS32`], with starts of int64.
    UpdateSliceS64(UpdateSlice, i64) = reference::update_slice;
}
