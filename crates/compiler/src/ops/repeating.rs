//! TILE, BROADCAST_TO, FILL, SHAPE and RANK: outputs that repeat or describe.

use tflite::{BuiltinOp, DType};

use super::{
    Lowering, NodeView, Slot, Support,
    strided::{
        Walk, constants, element_bytes, expect_shape, lower_walk, moved, push_copy, push_fill, strides,
    },
};
use crate::refusal::Reject;

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Tile,
        custom: None,
        versions: (1, 3),
        types: moved![("", ", int32 -> ", ""), ("", ", int64 -> ", "")],
        rules: &[],
        lower: |cx, view| lower_walk(cx, view, 0, &tile(view)?),
    },
    Support {
        op: BuiltinOp::BroadcastTo,
        custom: None,
        versions: (1, 3),
        types: moved![("", ", int32 -> ", ""), ("", ", int64 -> ", "")],
        rules: &[],
        lower: |cx, view| lower_walk(cx, view, 0, &broadcast(view)?),
    },
    Support {
        op: BuiltinOp::Fill,
        custom: None,
        versions: (1, 4),
        types: moved![("int32, ", " -> ", ""), ("int64, ", " -> ", "")],
        rules: &[],
        lower: fill,
    },
    Support {
        op: BuiltinOp::Shape,
        custom: None,
        versions: (1, 1),
        types: &[
            "int8 -> int32",
            "uint8 -> int32",
            "int16 -> int32",
            "int32 -> int32",
            "int64 -> int32",
            "float32 -> int32",
            "bool -> int32",
            "uint32 -> int32",
            "int8 -> int64",
            "uint8 -> int64",
            "int16 -> int64",
            "int32 -> int64",
            "int64 -> int64",
            "float32 -> int64",
            "bool -> int64",
            "uint32 -> int64",
        ],
        rules: &[],
        lower: shape,
    },
    Support {
        op: BuiltinOp::Rank,
        custom: None,
        versions: (1, 1),
        types: &[
            "int8 -> int32",
            "uint8 -> int32",
            "int16 -> int32",
            "int32 -> int32",
            "int64 -> int32",
            "float32 -> int32",
            "bool -> int32",
            "uint32 -> int32",
        ],
        rules: &[],
        lower: rank,
    },
];

fn tile(view: &NodeView<'_>) -> Result<Walk, Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let multiples: Vec<usize> = constants(view, 1)?
        .into_iter()
        .map(|count| u32::try_from(count).map(|count| count as usize))
        .collect::<Result<_, _>>()
        .map_err(|_| Reject::malformed("one of its multiples is negative"))?;
    if multiples.len() != input.shape.len() {
        return Err(Reject::malformed(format!(
            "{} multiples for {} dimensions",
            multiples.len(),
            input.shape.len()
        )));
    }
    let shape: Vec<usize> = input.shape.iter().zip(&multiples).map(|(size, count)| size * count).collect();
    expect_shape(output, &shape)?;
    let mut walk = Walk::default();
    let steps = strides(&input.shape).into_iter().zip(strides(&shape));
    for ((&size, count), (from, to)) in input.shape.iter().zip(multiples).zip(steps) {
        walk.dim(count, 0, to * size as i64);
        walk.dim(size, from, to);
    }
    Ok(walk)
}

fn broadcast(view: &NodeView<'_>) -> Result<Walk, Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    if let Some(asked) = view.need_input(1)?.integers() {
        let shape: Result<Vec<usize>, _> = asked.iter().map(|&size| usize::try_from(size)).collect();
        expect_shape(output, &shape.map_err(|_| Reject::malformed("one of its sizes is negative"))?)?;
    }
    let Some(added) = output.shape.len().checked_sub(input.shape.len()) else {
        return Err(Reject::malformed("its output has fewer dimensions than its input"));
    };
    let mut walk = Walk::default();
    let from = strides(&input.shape);
    for (axis, (&size, to)) in output.shape.iter().zip(strides(&output.shape)).enumerate() {
        let from = match axis.checked_sub(added) {
            None => 0,
            Some(axis) if input.shape[axis] == size => from[axis],
            Some(axis) if input.shape[axis] == 1 => 0,
            Some(_) => {
                return Err(Reject::new(
                    format!("{:?} does not broadcast to {:?}", input.shape, output.shape),
                    "convert the model again; each size must be 1 or the output's",
                ));
            }
        };
        walk.dim(size, from, to);
    }
    Ok(walk)
}

fn fill(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (value, output) = (view.need_input(1)?, view.need_output(0)?);
    if let Some(asked) = view.need_input(0)?.integers() {
        let shape: Result<Vec<usize>, _> = asked.iter().map(|&size| usize::try_from(size)).collect();
        expect_shape(output, &shape.map_err(|_| Reject::malformed("one of its sizes is negative"))?)?;
    }
    if value.elements() != 1 {
        return Err(Reject::malformed(format!("its value has the shape {:?}", value.shape)));
    }
    if value.quant != output.quant && matches!(value.dtype, DType::Int8 | DType::Int16) {
        return Err(Reject::malformed("value and output differ in scale or zero point"));
    }
    let bytes = element_bytes(output)?;
    let (Some(from), Some(to)) = (view.input_id(1), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let to = cx.slot(to);
    match &value.data {
        Some(data) if output.elements() > 0 => push_fill(cx, data, to),
        Some(_) => {}
        None => {
            let mut walk = Walk::default();
            walk.dim(output.elements(), 0, 1);
            let from = cx.slot(from);
            push_copy(cx, &walk, bytes, [to, from])?;
        }
    }
    Ok(())
}

fn shape(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let sizes: Vec<i64> = view.need_input(0)?.shape.iter().map(|&size| size as i64).collect();
    expect_shape(view.need_output(0)?, &[sizes.len()])?;
    place(cx, view, &sizes)
}

fn rank(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let rank = view.need_input(0)?.shape.len() as i64;
    if view.need_output(0)?.elements() != 1 {
        return Err(Reject::malformed("its output is not one number"));
    }
    place(cx, view, &[rank])
}

/// Makes the output a constant: shapes are known when the plan is made.
fn place(cx: &mut Lowering<'_>, view: &NodeView<'_>, values: &[i64]) -> Result<(), Reject> {
    let output = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let slot: Slot = match view.need_output(0)?.dtype {
        DType::Int64 => cx.constants(values),
        _ => cx.constants(&values.iter().map(|&value| value as i32).collect::<Vec<_>>()),
    };
    cx.place(output, slot);
    Ok(())
}
