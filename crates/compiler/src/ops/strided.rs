//! Copies between arrays of any strides, in elements, and the step that each becomes.

use engine::ops::{CopyBytes, FillBytes};
use kernels::reference::{COPY_DIMS, CopyDim, CopyNd};

use super::{Lowering, NodeView, Slot};
use crate::{graph::Tensor, refusal::Reject};

/// Signatures of an operator that moves elements of any type: for each type `T` and each triple, the text
/// before, between and after two mentions of `T`.
macro_rules! moved {
    ($(($before:literal, $between:literal, $after:literal)),* $(,)?) => {
        &[$(
            concat!($before, "int8", $between, "int8", $after),
            concat!($before, "uint8", $between, "uint8", $after),
            concat!($before, "int16", $between, "int16", $after),
            concat!($before, "int32", $between, "int32", $after),
            concat!($before, "int64", $between, "int64", $after),
            concat!($before, "float32", $between, "float32", $after),
            concat!($before, "bool", $between, "bool", $after),
            concat!($before, "uint32", $between, "uint32", $after),
        )*]
    };
}
pub(super) use moved;

/// One dimension of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dim {
    /// How often it is stepped through.
    pub(super) count: usize,
    /// One step in the input, in elements.
    pub(super) from: i64,
    /// One step in the output, in elements.
    pub(super) to: i64,
}

/// Which element of an input becomes which element of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Walk {
    /// The first element read.
    pub(super) from: i64,
    /// The first element written.
    pub(super) to: i64,
    /// The dimensions, the last fastest.
    pub(super) dims: Vec<Dim>,
}

impl Walk {
    /// Adds a dimension inside those there are.
    pub(super) fn dim(&mut self, count: usize, from: i64, to: i64) {
        self.dims.push(Dim { count, from, to });
    }

    /// As few dimensions as do the same; `None` when nothing is copied.
    fn merged(&self) -> Option<Vec<Dim>> {
        let mut merged: Vec<Dim> = Vec::new();
        for &dim in &self.dims {
            match (dim.count, merged.last_mut()) {
                (0, _) => return None,
                (1, _) => {}
                (count, Some(outer))
                    if outer.from == dim.from * count as i64 && outer.to == dim.to * count as i64 =>
                {
                    *outer = Dim { count: outer.count * count, ..dim };
                }
                _ => merged.push(dim),
            }
        }
        Some(merged)
    }

    /// The kernel's parameters; `None` when nothing is copied.
    pub(super) fn finish(&self, element_bytes: usize) -> Result<Option<CopyNd>, Reject> {
        let Some(mut dims) = self.merged() else { return Ok(None) };
        let mut run = 1;
        if let Some(&Dim { count, from: 1, to: 1 }) = dims.last() {
            run = count;
            dims.pop();
        }
        let too_large = || Reject::new("it moves more than a copy can address", "split the tensor");
        let bytes = |elements: i64| elements.checked_mul(element_bytes as i64).ok_or_else(too_large);
        let start = |elements: i64| bytes(elements).and_then(|it| u32::try_from(it).map_err(|_| too_large()));
        let step = |elements: i64| bytes(elements).and_then(|it| i32::try_from(it).map_err(|_| too_large()));
        let Some(skip) = COPY_DIMS.checked_sub(dims.len()) else {
            return Err(Reject::new(
                format!("it is a copy over {} dimensions, of which none can be joined", dims.len()),
                format!("use tensors of lower rank: at most {COPY_DIMS} such dimensions are supported"),
            ));
        };
        let mut all = [CopyDim::ONE; COPY_DIMS];
        for (place, dim) in all.iter_mut().skip(skip).zip(&dims) {
            *place = CopyDim {
                count: u32::try_from(dim.count).map_err(|_| too_large())?,
                from_bytes: step(dim.from)?,
                to_bytes: step(dim.to)?,
            };
        }
        Ok(Some(CopyNd {
            run_bytes: start(run as i64)?,
            from_bytes: start(self.from)?,
            to_bytes: start(self.to)?,
            dims: all,
        }))
    }
}

/// The distance between neighbours along each axis of a dense array.
pub(super) fn strides(shape: &[usize]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as i64;
    }
    strides
}

/// Adds the step that copies along a walk, if there is anything to copy.
pub(super) fn push_copy(
    cx: &mut Lowering<'_>,
    walk: &Walk,
    element_bytes: usize,
    [to, from]: [Slot; 2],
) -> Result<(), Reject> {
    if let Some(copy) = walk.finish(element_bytes)? {
        cx.push(CopyBytes(copy), &[to, from]);
    }
    Ok(())
}

/// Adds the step that gives a whole tensor one value: the bytes of one element.
pub(super) fn push_fill(cx: &mut Lowering<'_>, element: &[u8], to: Slot) {
    let mut pattern = [0; 8];
    for (byte, &value) in pattern.iter_mut().zip(element) {
        *byte = value;
    }
    cx.push(FillBytes { pattern, element_bytes: element.len().min(8) as u8 }, &[to]);
}

/// Bytes of one element.
pub(super) fn element_bytes(tensor: &Tensor) -> Result<usize, Reject> {
    match tensor.dtype.bits() {
        Some(bits) if bits >= 8 => Ok(bits as usize / 8),
        _ => Err(Reject::new("its elements are not whole bytes", "convert the model to int8")),
    }
}

/// Lowers a node whose first output is a walk over one input.
pub(super) fn lower_walk(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    input: usize,
    walk: &Walk,
) -> Result<(), Reject> {
    let bytes = element_bytes(view.need_output(0)?)?;
    let (Some(from), Some(to)) = (view.input_id(input), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let slots = [cx.slot(to), cx.slot(from)];
    push_copy(cx, walk, bytes, slots)
}

/// The axis that a possibly negative number means.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize, Reject> {
    let from_front = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    usize::try_from(from_front).ok().filter(|&axis| axis < rank).ok_or_else(|| {
        Reject::new(
            format!("axis {axis} is not one of a tensor with {rank} dimensions"),
            "convert the model again; the axis must be an existing one",
        )
    })
}

/// The axes that a constant input names, in order, each once.
pub(super) fn axes(view: &NodeView<'_>, input: usize, rank: usize) -> Result<Vec<usize>, Reject> {
    let mut axes =
        constants(view, input)?.into_iter().map(|it| axis(it, rank)).collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

/// The integers of a constant input.
pub(super) fn constants(view: &NodeView<'_>, input: usize) -> Result<Vec<i64>, Reject> {
    let tensor = view.need_input(input)?;
    if tensor.elements() == 0 {
        return Ok(Vec::new());
    }
    tensor.integers().ok_or_else(|| {
        Reject::new(
            format!("input {input}, '{}', is not a constant of integers", tensor.name),
            "convert the model with fixed shapes, so that what is computed from them becomes constant",
        )
    })
}

/// Checks an output's declared shape.
pub(super) fn expect_shape(tensor: &Tensor, expected: &[usize]) -> Result<(), Reject> {
    if tensor.shape == expected {
        return Ok(());
    }
    Err(Reject::new(
        format!(
            "output '{}' has the shape {:?}, what is computed has {expected:?}",
            tensor.name, tensor.shape
        ),
        "convert the model again, with a fixed input shape; the stored shape contradicts the operator's",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_together_is_one_run() {
        let mut walk = Walk::default();
        walk.dim(2, 12, 12);
        walk.dim(1, 7, 9);
        walk.dim(3, 4, 4);
        walk.dim(4, 1, 1);
        let copy = walk.finish(2).unwrap().unwrap();
        assert_eq!(copy.run_bytes, 48);
        assert_eq!(copy.dims, [CopyDim::ONE; COPY_DIMS]);
    }

    #[test]
    fn an_empty_dimension_is_no_copy() {
        let mut walk = Walk::default();
        walk.dim(2, 1, 1);
        walk.dim(0, 1, 1);
        assert_eq!(walk.finish(1).unwrap(), None);
    }

    #[test]
    fn a_copy_over_too_many_dimensions_is_refused() {
        let mut walk = Walk::default();
        for _ in 0..COPY_DIMS + 1 {
            walk.dim(2, 3, 5);
        }
        assert!(walk.finish(1).unwrap_err().reason.contains("9 dimensions"));
    }

    #[test]
    fn a_copy_too_large_to_address_is_refused() {
        let walk = Walk { from: 1 << 31, to: 0, dims: vec![] };
        assert!(walk.finish(4).is_err());
    }

    #[test]
    fn axes_count_from_either_end() {
        assert_eq!(axis(-1, 3).unwrap(), 2);
        assert_eq!(axis(2, 3).unwrap(), 2);
        assert!(axis(3, 3).is_err());
        assert!(axis(-4, 3).is_err());
        assert!(axis(i64::MIN, 3).is_err());
    }
}
