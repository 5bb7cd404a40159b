//! Operators that only move elements. Operands of each, in order: output, input.

use kernels::reference::{self, CopyNd, Gather, GatherNd, PickNd, UpdateSlice};

use crate::memory::elements;

operator! {
    /// A copy between arrays of any strides and any element type.
    CopyBytes(CopyNd), |this, io| {
        let ([output], [input]) = io.split([0], [1])?;
        reference::copy_nd(&this.0, input, output)?;
    }
}

operator! {
    /// Gives every element of the output one value. Takes no input.
    FillBytes {
        /// The value; the first `element_bytes` count.
        pub pattern: [u8; 8],
        /// Bytes of an element, at most 8.
        pub element_bytes: u8,
    }, |this, io| {
        let ([output], []) = io.split([0], [])?;
        let pattern = this.pattern.get(..usize::from(this.element_bytes)).unwrap_or(&this.pattern);
        reference::fill_bytes(pattern, output);
    }
}

operator! {
    /// A copy that picks by tables. Operands: output, input, tables (`u32`).
    PickBytes(PickNd), |this, io| {
        let ([output], [input, tables]) = io.split([0], [1, 2])?;
        reference::pick_nd(&this.0, input, elements(tables, 2)?, output)?;
    }
}

macro_rules! indexed {
    ($($(#[$doc:meta])* $name:ident($params:ident, $index:ty) = $kernel:path;)*) => {
        $(
            operator! {
                $(#[$doc])*
                $name($params), |this, io| {
                    let ([output], [input, indices]) = io.split([0], [1, 2])?;
                    $kernel(&this.0, input, elements::<$index>(indices, 2)?, output)?;
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
