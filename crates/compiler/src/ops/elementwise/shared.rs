//! What operators of several families ask of their tensors, and how they add their step.

use engine::ops::{AnyOperator, Lut8};
use kernels::{Broadcast, reference::Limits};
use quant::{Affine, Clamp, FusedActivation, ZeroPoint};
use tflite::{Activation, DType};

use crate::{
    graph::Tensor,
    ops::{Lowering, NodeView, Rule, Slot},
    refusal::Reject,
};

pub(super) const BROADCASTS: Rule = Rule {
    requires: "the shapes of its inputs, broadcast, are the shape of its output, with at most six axes left \
               when neighbours are merged",
    advice: "insert BROADCAST_TO or RESHAPE where the shapes differ, and convert the model again",
    holds: |view| walk(view).is_ok(),
};

pub(super) const SAME_SHAPE: Rule = Rule {
    requires: "its inputs and its output have the same shape",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let output = view.output(0).map(|tensor| &tensor.shape);
        (0..view.node.inputs.len()).all(|index| {
            view.input(index).is_some_and(|tensor| same_shape(&tensor.shape, output.map_or(&[], |it| it)))
        })
    },
};

pub(super) const ONE_SCALE: Rule = Rule {
    requires: "every int8, uint8 and int16 tensor has one scale and one zero point",
    advice: "quantise activations per tensor",
    holds: |view| {
        let inputs = (0..view.node.inputs.len()).filter_map(|index| view.input(index));
        let outputs = (0..view.node.outputs.len()).filter_map(|index| view.output(index));
        inputs.chain(outputs).all(|tensor| !is_small_integer(tensor) || NodeView::is_per_tensor(Some(tensor)))
    },
};

pub(super) const ZERO_POINT_0: Rule = Rule {
    requires: "int16 tensors have zero point 0",
    advice: "convert the model with symmetric 16x8 quantisation",
    holds: |view| {
        let inputs = (0..view.node.inputs.len()).filter_map(|index| view.input(index));
        let outputs = (0..view.node.outputs.len()).filter_map(|index| view.output(index));
        inputs.chain(outputs).all(|tensor| tensor.dtype != DType::Int16 || tensor.zero() == 0)
    },
};

fn is_small_integer(tensor: &Tensor) -> bool {
    matches!(tensor.dtype, DType::Int8 | DType::Uint8 | DType::Int16)
}

/// Whether two shapes are the same, up to how many axes of size 1 a single element has.
pub(super) fn same_shape(a: &[usize], b: &[usize]) -> bool {
    a == b || a.iter().chain(b).all(|&size| size == 1)
}

/// How all inputs lie over the output.
pub(super) fn walk(view: &NodeView<'_>) -> Result<Broadcast, Reject> {
    let output = view.need_output(0)?;
    let shapes = (0..view.node.inputs.len())
        .map(|index| view.need_input(index).map(|tensor| tensor.shape.as_slice()))
        .collect::<Result<Vec<_>, _>>()?;
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let size = |axis: usize| {
        // Axes count from the last. A size of 0 beats a size of 1, as any other does.
        let sizes = shapes.iter().filter_map(|shape| shape.iter().rev().nth(axis).copied());
        sizes.filter(|&size| size != 1).max().unwrap_or(1)
    };
    let broadcast: Vec<usize> = (0..rank).rev().map(size).collect();
    let walk = Broadcast::of(&broadcast, &shapes).filter(|_| same_shape(&broadcast, &output.shape));
    walk.ok_or_else(|| Reject::malformed(format!("{shapes:?} do not broadcast to {:?}", output.shape)))
}

pub(super) fn affine(tensor: &Tensor) -> Affine {
    Affine { scale: tensor.scale(), zero: ZeroPoint(tensor.zero()) }
}

/// All values of an integer type of up to 32 bits.
pub(super) fn limits(dtype: DType) -> Clamp {
    match dtype {
        DType::Int8 => Clamp::I8,
        DType::Uint8 => Clamp::U8,
        DType::Int16 => Clamp::I16,
        _ => Clamp::I32,
    }
}

pub(super) fn fused(activation: Activation) -> Result<FusedActivation, Reject> {
    match activation {
        Activation::None => Ok(FusedActivation::None),
        Activation::Relu => Ok(FusedActivation::Relu),
        Activation::ReluN1To1 => Ok(FusedActivation::ReluN1To1),
        Activation::Relu6 => Ok(FusedActivation::Relu6),
        other => Err(Reject::new(
            format!("the fused activation {other:?} is not supported"),
            "give the activation a layer of its own",
        )),
    }
}

/// The range that an activation leaves of a quantised output.
pub(super) fn clamp(activation: FusedActivation, output: &Tensor) -> Result<Clamp, Reject> {
    activation
        .clamp(output.scale(), ZeroPoint(output.zero()), limits(output.dtype))
        .ok_or_else(|| unrepresentable("the output's scale is too small for its activation"))
}

/// The range that an activation leaves of real numbers. Without one, infinities become the greatest numbers, as
/// in TFLM.
pub(super) fn real_limits(activation: FusedActivation) -> Limits<f32> {
    match activation {
        FusedActivation::None => Limits { min: f32::MIN, max: f32::MAX },
        FusedActivation::Relu => Limits { min: 0.0, max: f32::MAX },
        FusedActivation::ReluN1To1 => Limits { min: -1.0, max: 1.0 },
        FusedActivation::Relu6 => Limits { min: 0.0, max: 6.0 },
        FusedActivation::Relu0To1 => Limits { min: 0.0, max: 1.0 },
    }
}

/// The range that an activation leaves of integers that stand for themselves.
pub(super) fn whole_limits<T: From<i32> + Bounded>(activation: FusedActivation) -> Limits<T> {
    let (min, max) = match activation {
        FusedActivation::None => (None, None),
        FusedActivation::Relu => (Some(0), None),
        FusedActivation::ReluN1To1 => (Some(-1), Some(1)),
        FusedActivation::Relu6 => (Some(0), Some(6)),
        FusedActivation::Relu0To1 => (Some(0), Some(1)),
    };
    Limits { min: min.map_or(T::LEAST, T::from), max: max.map_or(T::GREATEST, T::from) }
}

/// An integer type with its ends.
pub(super) trait Bounded {
    const LEAST: Self;
    const GREATEST: Self;
}

impl Bounded for i32 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;
}

impl Bounded for i64 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;
}

pub(super) fn unrepresentable(what: &str) -> Reject {
    Reject::new(what, "quantise the model again with representative data")
}

/// The error of constants that the arithmetic cannot hold.
pub(super) fn scales_apart() -> Reject {
    unrepresentable("its scales are too far apart for the arithmetic")
}

/// Turns a function of one 8-bit element into a table.
pub(super) fn lut(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    function: impl Fn(i32) -> i32,
) -> Result<(), Reject> {
    let input = view.need_input(0)?;
    let table: Vec<u8> = (0..=u8::MAX)
        .map(|bits| {
            let q = if input.dtype == DType::Int8 { i32::from(bits as i8) } else { i32::from(bits) };
            function(q) as u8
        })
        .collect();
    let table = cx.constant(&table, 4);
    push_one(cx, view, Lut8, &[table], &[1])
}

/// Turns a real function on int8 into a table.
pub(super) fn lut_real(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    function: impl Fn(f32) -> f32,
) -> Result<(), Reject> {
    let table = quant::lut_i8(affine(view.need_input(0)?), affine(view.need_output(0)?), function);
    let table = cx.constants(&table);
    push_one(cx, view, Lut8, &[table], &[1])
}

/// Pushes an operator of one input and some constants.
pub(super) fn push_one(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    operator: impl Into<AnyOperator>,
    constants: &[Slot],
    may_overwrite: &[usize],
) -> Result<(), Reject> {
    let output = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let mut operands = vec![cx.slot(output), cx.optional(view.input_id(0))];
    operands.extend_from_slice(constants);
    cx.push_in_place(operator, &operands, may_overwrite);
    Ok(())
}

/// Pushes an operator of all inputs, in order.
pub(super) fn push_all(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    operator: impl Into<AnyOperator>,
    may_overwrite: &[usize],
) -> Result<(), Reject> {
    let output = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let mut operands = vec![cx.slot(output)];
    for index in 0..view.node.inputs.len() {
        operands.push(cx.optional(view.input_id(index)));
    }
    cx.push_in_place(operator, &operands, may_overwrite);
    Ok(())
}
