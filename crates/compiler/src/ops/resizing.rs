//! RESIZE_NEAREST_NEIGHBOR, RESIZE_BILINEAR and MIRROR_PAD.

use engine::ops::{
    AnyOperator, PickBytes, ResizeBilinearF32, ResizeBilinearS8, ResizeBilinearS16, ResizeBilinearU8,
};
use kernels::{
    Hwc,
    reference::{PICK_DIMS, PickNd, ResizeBilinear, Steps, StepsF32},
};
use tflite::{BuiltinOp, DType, MirrorPadMode, Options};

use super::{
    Lowering, NodeView, Support,
    padding::{SAME_QUANTISATION, paddings},
    strided::{constants, element_bytes, expect_shape, moved, strides},
};
use crate::{graph::Tensor, refusal::Reject};

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::ResizeNearestNeighbor,
        custom: None,
        versions: (1, 4),
        types: moved![("", ", int32 -> ", "")],
        rules: &[SAME_QUANTISATION],
        lower: resize_nearest,
    },
    Support {
        op: BuiltinOp::ResizeBilinear,
        custom: None,
        versions: (1, 4),
        types: &[
            "int8, int32 -> int8",
            "uint8, int32 -> uint8",
            "int16, int32 -> int16",
            "float32, int32 -> float32",
        ],
        rules: &[SAME_QUANTISATION],
        lower: resize_bilinear,
    },
    Support {
        op: BuiltinOp::MirrorPad,
        custom: None,
        versions: (1, 3),
        types: moved![("", ", int32 -> ", ""), ("", ", int64 -> ", "")],
        rules: &[SAME_QUANTISATION],
        lower: mirror_pad,
    },
];

/// The shapes of a resize: input and output, both `[n, h, w, c]`.
fn shapes(view: &NodeView<'_>) -> Result<([usize; 4], [usize; 4]), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let (&[n, ih, iw, c], &[h, w]) = (&input.shape[..], &constants(view, 1)?[..]) else {
        return Err(Reject::malformed("it takes four dimensions and a constant size of two"));
    };
    let size = |size: i64| usize::try_from(size).ok().filter(|&size| (1..1 << 20).contains(&size));
    let (Some(h), Some(w)) = (size(h), size(w)) else {
        return Err(Reject::new(
            format!("a size of {h} by {w}"),
            "convert the model again with a fixed, positive size",
        ));
    };
    expect_shape(output, &[n, h, w, c])?;
    if !(1..1 << 20).contains(&ih) || !(1..1 << 20).contains(&iw) {
        return Err(Reject::malformed(format!("an image of {ih} by {iw}")));
    }
    Ok(([n, ih, iw, c], [n, h, w, c]))
}

/// The input's index for an output's: in single precision, as TFLM computes it.
fn nearest(
    index: usize,
    input: usize,
    output: usize,
    align_corners: bool,
    half_pixel_centers: bool,
) -> usize {
    let scale = if align_corners && output > 1 {
        (input - 1) as f32 / (output - 1) as f32
    } else {
        input as f32 / output as f32
    };
    let position = (index as f32 + if half_pixel_centers { 0.5 } else { 0.0 }) * scale;
    let rounded = if align_corners { position.round() } else { position.floor() };
    (rounded.max(0.0) as usize).min(input - 1)
}

fn resize_nearest(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::ResizeNearestNeighbor { align_corners, half_pixel_centers } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let ([n, ih, iw, c], [_, oh, ow, _]) = shapes(view)?;
    let along = |input: usize, output: usize| -> Vec<usize> {
        (0..output).map(|index| nearest(index, input, output, align_corners, half_pixel_centers)).collect()
    };
    pick(cx, view, &[n, ih, iw, c], &[(0..n).collect(), along(ih, oh), along(iw, ow), (0..c).collect()])
}

fn mirror_pad(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::MirrorPad { mode } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let edge = usize::from(mode == MirrorPadMode::Reflect);
    let input = view.need_input(0)?;
    let mut tables = Vec::new();
    for (axis, (&size, (before, after))) in input.shape.iter().zip(paddings(view)?).enumerate() {
        // Mirrored elements must exist: all of them, or all but the edge.
        if before.max(after) + edge > size {
            return Err(Reject::new(
                format!("axis {axis} of {size} cannot be mirrored by {before} before and {after} after"),
                "pad by less, or with a constant",
            ));
        }
        let low = (0..before).map(|index| before - 1 - index + edge);
        let high = (0..after).map(|index| size - 1 - edge - index);
        tables.push(low.chain(0..size).chain(high).collect());
    }
    let shape: Vec<usize> = tables.iter().map(Vec::len).collect();
    expect_shape(view.need_output(0)?, &shape)?;
    pick(cx, view, &input.shape, &tables)
}

/// Adds the step that takes, along each axis, the elements that a table names.
fn pick(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    shape: &[usize],
    tables: &[Vec<usize>],
) -> Result<(), Reject> {
    let bytes = element_bytes(view.need_output(0)?)?;
    if tables.iter().any(Vec::is_empty) {
        return Ok(());
    }
    // Trailing axes that stay as they are move together.
    let moves = |axis: &usize| !tables[*axis].iter().copied().eq(0..shape[*axis]);
    let axes = (0..tables.len()).rev().find(moves).map_or(0, |axis| axis + 1);
    let run: usize = shape[axes..].iter().product::<usize>() * bytes;
    let too_large = || Reject::new("its tensors are too large", "use a smaller input");
    let mut counts = [1; PICK_DIMS];
    let skip = PICK_DIMS.checked_sub(axes).ok_or_else(too_large)?;
    let mut offsets = vec![0u32; skip];
    for (axis, stride) in strides(shape).into_iter().enumerate().take(axes) {
        counts[skip + axis] = u32::try_from(tables[axis].len()).map_err(|_| too_large())?;
        for &index in &tables[axis] {
            offsets.push(u32::try_from(index as i64 * stride * bytes as i64).map_err(|_| too_large())?);
        }
    }
    let pick = PickNd { run_bytes: u32::try_from(run).map_err(|_| too_large())?, counts };
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let operands = [cx.slot(to), cx.slot(from), cx.constants(&offsets)];
    cx.push(PickBytes(pick), &operands);
    Ok(())
}

fn resize_bilinear(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::ResizeBilinear { align_corners, half_pixel_centers } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    if align_corners && half_pixel_centers {
        return Err(Reject::new(
            "it aligns corners and counts from pixel centres at once",
            "choose one of align_corners and half_pixel_centers",
        ));
    }
    let ([n, ih, iw, c], [_, oh, ow, _]) = shapes(view)?;
    let hwc = |h: usize, w: usize| Hwc { h: h as u32, w: w as u32, c: c as u32 };
    let steps = |input: usize, output: usize| {
        let (input, output) = (input as i64, output as i64);
        let scale = if align_corners && output > 1 {
            (1024 * (input - 1) + (output - 1) / 2) / (output - 1)
        } else {
            (1024 * input + output / 2) / output
        };
        Steps { scale: scale as i32, start: if half_pixel_centers { scale as i32 / 2 - 512 } else { 0 } }
    };
    let steps_f32 = |input: usize, output: usize| {
        let scale = if align_corners && output > 1 {
            (input - 1) as f32 / (output - 1) as f32
        } else {
            input as f32 / output as f32
        };
        StepsF32 { scale, centre: if half_pixel_centers { 0.5 } else { 0.0 } }
    };
    let (batch, input, output) = (n as u32, hwc(ih, iw), hwc(oh, ow));
    let integer = ResizeBilinear { batch, input, output, y: steps(ih, oh), x: steps(iw, ow) };
    let float = ResizeBilinear { batch, input, output, y: steps_f32(ih, oh), x: steps_f32(iw, ow) };
    let operator: AnyOperator = match view.output(0).map(|tensor: &Tensor| tensor.dtype) {
        Some(DType::Int16) => ResizeBilinearS16(integer).into(),
        Some(DType::Uint8) => ResizeBilinearU8(float).into(),
        Some(DType::Float32) => ResizeBilinearF32(float).into(),
        _ => ResizeBilinearS8(integer).into(),
    };
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let operands = [cx.slot(to), cx.slot(from)];
    cx.push(operator, &operands);
    Ok(())
}
