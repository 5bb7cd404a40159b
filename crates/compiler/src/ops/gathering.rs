//! GATHER, GATHER_ND and DYNAMIC_UPDATE_SLICE: a tensor says which elements.

use engine::ops::{
    AnyOperator, GatherNdS32, GatherNdS64, GatherS32, GatherS64, UpdateSliceS32, UpdateSliceS64,
};
use kernels::reference::{GATHER_DIMS, Gather, GatherNd, UpdateSlice};
use tflite::{BuiltinOp, DType, Options};

use super::{
    Lowering, NodeView, Support,
    strided::{Walk, axis, element_bytes, expect_shape, moved, push_copy, strides},
};
use crate::{graph::Tensor, refusal::Reject};

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Gather,
        custom: None,
        versions: (1, 6),
        types: moved![("", ", int32 -> ", ""), ("", ", int64 -> ", "")],
        rules: &[],
        lower: gather,
    },
    Support {
        op: BuiltinOp::GatherNd,
        custom: None,
        versions: (1, 5),
        types: moved![("", ", int32 -> ", ""), ("", ", int64 -> ", "")],
        rules: &[],
        lower: gather_nd,
    },
    Support {
        op: BuiltinOp::DynamicUpdateSlice,
        custom: None,
        versions: (1, 4),
        types: &[
            "int8, int8, int32 -> int8",
            "int8, int8, int64 -> int8",
            "uint8, uint8, int32 -> uint8",
            "uint8, uint8, int64 -> uint8",
            "int16, int16, int32 -> int16",
            "int16, int16, int64 -> int16",
            "int32, int32, int32 -> int32",
            "int32, int32, int64 -> int32",
            "int64, int64, int32 -> int64",
            "int64, int64, int64 -> int64",
            "float32, float32, int32 -> float32",
            "float32, float32, int64 -> float32",
            "bool, bool, int32 -> bool",
            "bool, bool, int64 -> bool",
        ],
        rules: &[],
        lower: dynamic_update_slice,
    },
];

fn small(value: usize) -> Result<u32, Reject> {
    u32::try_from(value).map_err(|_| Reject::malformed(format!("{value} is too large")))
}

/// Refuses constant indices that are outside their axis: they would stop every run.
fn check_indices(indices: &Tensor, length: impl Fn(usize) -> usize) -> Result<(), Reject> {
    for (position, index) in indices.integers().unwrap_or_default().into_iter().enumerate() {
        let length = length(position);
        if !(0..length as i64).contains(&index) {
            return Err(Reject::new(
                format!("index {index} of '{}' is outside an axis of {length}", indices.name),
                "convert the model again; every index must be one of the axis",
            ));
        }
    }
    Ok(())
}

fn push_indexed(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    operator: impl Into<AnyOperator>,
    [data, indices]: [usize; 2],
) -> Result<(), Reject> {
    let to = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let operands = [cx.slot(to), cx.optional(view.input_id(data)), cx.optional(view.input_id(indices))];
    if view.need_output(0)?.elements() > 0 {
        cx.push(operator, &operands);
    }
    Ok(())
}

fn gather(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Gather { axis: along, batch_dims } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (data, indices, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let along = axis(along.into(), data.shape.len())?;
    let shared =
        if batch_dims < 0 { i64::from(batch_dims) + indices.shape.len() as i64 } else { batch_dims.into() };
    let shared = usize::try_from(shared).ok().filter(|&shared| {
        shared <= along && shared <= indices.shape.len() && data.shape[..shared] == indices.shape[..shared]
    });
    let Some(shared) = shared else {
        return Err(Reject::malformed(format!(
            "data and indices do not share {batch_dims} leading dimensions"
        )));
    };
    let shape = [&data.shape[..along], &indices.shape[shared..], &data.shape[along + 1..]].concat();
    expect_shape(output, &shape)?;
    check_indices(indices, |_| data.shape[along])?;
    let gather = Gather {
        batch: small(data.shape[..shared].iter().product())?,
        outer: small(data.shape[shared..along].iter().product())?,
        axis: small(data.shape[along])?,
        picks: small(indices.shape[shared..].iter().product())?,
        block_bytes: small(data.shape[along + 1..].iter().product::<usize>() * element_bytes(data)?)?,
    };
    match indices.dtype {
        DType::Int64 => push_indexed(cx, view, GatherS64(gather), [0, 1]),
        _ => push_indexed(cx, view, GatherS32(gather), [0, 1]),
    }
}

fn gather_nd(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (data, indices, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let Some((&depth, tuples)) = indices.shape.split_last() else {
        return Err(Reject::malformed("its indices must have at least one dimension"));
    };
    if depth == 0 || depth > data.shape.len() || depth > GATHER_DIMS {
        return Err(Reject::malformed(format!(
            "its tuples of {depth} indices do not fit data of {} dimensions",
            data.shape.len()
        )));
    }
    expect_shape(output, &[tuples, &data.shape[depth..]].concat())?;
    check_indices(indices, |position| data.shape[position % depth])?;
    let bytes = element_bytes(data)?;
    let mut gather = GatherNd {
        depth: depth as u8,
        counts: [1; GATHER_DIMS],
        strides_bytes: [0; GATHER_DIMS],
        block_bytes: small(data.shape[depth..].iter().product::<usize>() * bytes)?,
    };
    for (axis, stride) in strides(&data.shape).into_iter().enumerate().take(depth) {
        gather.counts[axis] = small(data.shape[axis])?;
        gather.strides_bytes[axis] = small(stride as usize * bytes)?;
    }
    match indices.dtype {
        DType::Int64 => push_indexed(cx, view, GatherNdS64(gather), [0, 1]),
        _ => push_indexed(cx, view, GatherNdS32(gather), [0, 1]),
    }
}

fn dynamic_update_slice(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (data, update, starts) = (view.need_input(0)?, view.need_input(1)?, view.need_input(2)?);
    let output = view.need_output(0)?;
    expect_shape(output, &data.shape)?;
    let rank = data.shape.len();
    let fits =
        update.shape.len() == rank && update.shape.iter().zip(&data.shape).all(|(part, all)| part <= all);
    if !fits || starts.shape != [rank] || rank > GATHER_DIMS {
        return Err(Reject::malformed(format!(
            "an update of {:?} at {:?} starts does not fit data of {:?}",
            update.shape, starts.shape, data.shape
        )));
    }
    let bytes = element_bytes(data)?;
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let slots = [cx.slot(to), cx.slot(from)];
    let mut whole = Walk::default();
    whole.dim(data.elements(), 1, 1);
    push_copy(cx, &whole, bytes, slots)?;
    let mut part = Walk::default();
    let mut slice = UpdateSlice {
        copy: kernels::reference::CopyNd {
            run_bytes: 0,
            from_bytes: 0,
            to_bytes: 0,
            dims: [kernels::reference::CopyDim::ONE; kernels::reference::COPY_DIMS],
        },
        limits: [0; GATHER_DIMS],
        strides_bytes: [0; GATHER_DIMS],
    };
    for (axis, (from, to)) in strides(&update.shape).into_iter().zip(strides(&data.shape)).enumerate() {
        part.dim(update.shape[axis], from, to);
        slice.limits[axis] = small(data.shape[axis] - update.shape[axis])?;
        slice.strides_bytes[axis] = small(to as usize * bytes)?;
    }
    let Some(copy) = part.finish(bytes)? else { return Ok(()) };
    slice.copy = copy;
    match starts.dtype {
        DType::Int64 => push_indexed(cx, view, UpdateSliceS64(slice), [1, 2]),
        _ => push_indexed(cx, view, UpdateSliceS32(slice), [1, 2]),
    }
}
