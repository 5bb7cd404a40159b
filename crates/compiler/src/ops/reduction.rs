//! SUM, MEAN, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_ALL and REDUCE_ANY.

use std::num::NonZeroU32;

use engine::ops::{
    AnyOperator, ExtremeF32, ExtremeS8, ExtremeS16, ExtremeS32, ExtremeS64, ExtremeU8, MeanF32, ProdF32,
    ProdS8, ProdS16, ProdS32, ProdS64, Quantified, SumF32, SumS8, SumS16, SumS32, SumS64,
};
use kernels::reference::{
    Axes, Extreme, Quantifier, QuantizedProduct, QuantizedSum, Reduce, ReduceBool, ReduceExtreme,
};
use quant::{Affine, Clamp, Multiplier, Reduction, ZeroPoint};
use tflite::{BuiltinOp, DType, Options};

use super::{
    Lowering, NodeView, Rule, Support,
    padding::same_quantisation,
    strided::{axes, expect_shape, strides},
};
use crate::{graph::Tensor, refusal::Reject};

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    row(BuiltinOp::Sum, SUMS, &[QUANTISED]),
    row(BuiltinOp::Mean, MEANS, &[QUANTISED]),
    row(BuiltinOp::ReduceMax, EXTREMES, &[SAME_QUANTISATION]),
    row(BuiltinOp::ReduceMin, EXTREMES, &[SAME_QUANTISATION]),
    row(BuiltinOp::ReduceProd, PRODUCTS, &[QUANTISED]),
    row(BuiltinOp::ReduceAll, BOOLS, &[]),
    row(BuiltinOp::ReduceAny, BOOLS, &[]),
];

const fn row(op: BuiltinOp, types: &'static [&'static str], rules: &'static [Rule]) -> Support {
    Support { op, custom: None, versions: (1, 3), types, rules, lower: reduce }
}

const SUMS: &[&str] = &[
    "int8, int32 -> int8",
    "int16, int32 -> int16",
    "int32, int32 -> int32",
    "int64, int32 -> int64",
    "float32, int32 -> float32",
];
const MEANS: &[&str] = &["int8, int32 -> int8", "int16, int32 -> int16", "float32, int32 -> float32"];
const EXTREMES: &[&str] = &[
    "int8, int32 -> int8",
    "uint8, int32 -> uint8",
    "int16, int32 -> int16",
    "int32, int32 -> int32",
    "int64, int32 -> int64",
    "float32, int32 -> float32",
];
const PRODUCTS: &[&str] = &[
    "int8, int32 -> int8",
    "int16, int32 -> int16",
    "int32, int32 -> int32",
    "int64, int32 -> int64",
    "float32, int32 -> float32",
];
const BOOLS: &[&str] = &["bool, int32 -> bool"];

const SAME_QUANTISATION: Rule = Rule {
    requires: "input and output have the same scale and zero point",
    advice: "put a QUANTIZE after it instead of rescaling in it",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => same_quantisation(input, output),
        _ => false,
    },
};

const QUANTISED: Rule = Rule {
    requires: "int8 and int16 tensors are quantised with one scale each",
    advice: "quantise the model with a representative data set",
    holds: |view| {
        let plain = |tensor: Option<&Tensor>| {
            tensor.is_some_and(|tensor| !matches!(tensor.dtype, DType::Int8 | DType::Int16))
        };
        [view.input(0), view.output(0)]
            .into_iter()
            .all(|tensor| plain(tensor) || NodeView::is_per_tensor(tensor))
    },
};

/// Sorts the axes of a dense array into those kept and those reduced, joining neighbours.
fn sort_axes(shape: &[usize], reduced: &[usize]) -> Result<Reduce, Reject> {
    let mut groups: Vec<(bool, usize, i64)> = Vec::new();
    for (axis, (&size, stride)) in shape.iter().zip(strides(shape)).enumerate() {
        let is_reduced = reduced.contains(&axis);
        match groups.last_mut() {
            _ if size == 1 => {}
            Some(group) if group.0 == is_reduced => *group = (is_reduced, group.1 * size, stride),
            _ => groups.push((is_reduced, size, stride)),
        }
    }
    let collect = |is_reduced: bool| {
        let mut axes = Axes { counts: [1; 4], strides: [0; 4] };
        let chosen: Vec<_> = groups.iter().filter(|group| group.0 == is_reduced).collect();
        let skip =
            4usize.checked_sub(chosen.len()).ok_or_else(|| Reject::malformed("too many dimensions"))?;
        let places = axes.counts.iter_mut().zip(&mut axes.strides).skip(skip);
        for ((count, stride), &&(_, size, step)) in places.zip(&chosen) {
            *count = size as u32;
            *stride = step as u32;
        }
        Ok(axes)
    };
    Ok(Reduce { kept: collect(false)?, reduced: collect(true)? })
}

fn affine(tensor: &Tensor) -> Affine {
    Affine { scale: tensor.scale(), zero: ZeroPoint(tensor.zero()) }
}

/// The output's shape.
pub(super) fn reduced_shape(shape: &[usize], reduced: &[usize], keep_dims: bool) -> Vec<usize> {
    let sizes = shape.iter().enumerate();
    sizes
        .filter_map(|(axis, &size)| match (reduced.contains(&axis), keep_dims) {
            (false, _) => Some(size),
            (true, true) => Some(1),
            (true, false) => None,
        })
        .collect()
}

fn reduce(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Reducer { keep_dims } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let reduced = axes(view, 1, input.shape.len())?;
    expect_shape(output, &reduced_shape(&input.shape, &reduced, keep_dims))?;
    let operator = operator(view.node.op, input, output, sort_axes(&input.shape, &reduced)?)?;
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let operands = [cx.slot(to), cx.slot(from)];
    cx.push(operator, &operands);
    Ok(())
}

fn operator(op: BuiltinOp, input: &Tensor, output: &Tensor, axes: Reduce) -> Result<AnyOperator, Reject> {
    let unsupported = || Reject::malformed("this element type is not supported");
    let which = if op == BuiltinOp::ReduceMax { Extreme::Greatest } else { Extreme::Least };
    let extreme = ReduceExtreme { axes, which };
    Ok(match (op, input.dtype) {
        (BuiltinOp::Sum | BuiltinOp::Mean, DType::Int8) => {
            SumS8(QuantizedSum { axes, scale: scale(op, input, output, &axes)? }).into()
        }
        (BuiltinOp::Sum | BuiltinOp::Mean, DType::Int16) => {
            SumS16(QuantizedSum { axes, scale: scale(op, input, output, &axes)? }).into()
        }
        (BuiltinOp::Sum, DType::Int32) => SumS32(axes).into(),
        (BuiltinOp::Sum, DType::Int64) => SumS64(axes).into(),
        (BuiltinOp::Sum, DType::Float32) => SumF32(axes).into(),
        (BuiltinOp::Mean, DType::Float32) => MeanF32(axes).into(),
        (BuiltinOp::ReduceProd, DType::Int8) => ProdS8(product(input, output, axes)?).into(),
        (BuiltinOp::ReduceProd, DType::Int16) => ProdS16(product(input, output, axes)?).into(),
        (BuiltinOp::ReduceProd, DType::Int32) => ProdS32(axes).into(),
        (BuiltinOp::ReduceProd, DType::Int64) => ProdS64(axes).into(),
        (BuiltinOp::ReduceProd, DType::Float32) => ProdF32(axes).into(),
        (BuiltinOp::ReduceAll, _) => Quantified(ReduceBool { axes, which: Quantifier::All }).into(),
        (BuiltinOp::ReduceAny, _) => Quantified(ReduceBool { axes, which: Quantifier::Any }).into(),
        (BuiltinOp::ReduceMax | BuiltinOp::ReduceMin, dtype) => match dtype {
            DType::Int8 => ExtremeS8(extreme).into(),
            DType::Uint8 => ExtremeU8(extreme).into(),
            DType::Int16 => ExtremeS16(extreme).into(),
            DType::Int32 => ExtremeS32(extreme).into(),
            DType::Int64 => ExtremeS64(extreme).into(),
            DType::Float32 => ExtremeF32(extreme).into(),
            _ => return Err(unsupported()),
        },
        _ => return Err(unsupported()),
    })
}

/// The product's factor is spread over its steps: each has the input's scale over a root of the output's.
fn product(input: &Tensor, output: &Tensor, axes: Reduce) -> Result<QuantizedProduct, Reject> {
    let count = axes.reduced.elements().unwrap_or(1);
    let real = f64::from(input.scale()) / f64::from(output.scale()).powf(1.0 / count as f64);
    Ok(QuantizedProduct {
        axes,
        input_zero: ZeroPoint(input.zero()),
        multiplier: Multiplier::from_real(real)
            .ok_or_else(|| Reject::malformed("the ratio of its scales cannot be represented"))?,
        output_zero: ZeroPoint(output.zero()),
        clamp: if input.dtype == DType::Int8 { Clamp::I8 } else { Clamp::I16 },
    })
}

fn scale(op: BuiltinOp, input: &Tensor, output: &Tensor, axes: &Reduce) -> Result<Reduction, Reject> {
    let count = axes.reduced.elements().and_then(|count| u32::try_from(count).ok()).and_then(NonZeroU32::new);
    let count = count.ok_or_else(|| {
        Reject::new("it reduces no elements", "remove the layer: its input has a dimension of 0")
    })?;
    let clamp = if input.dtype == DType::Int8 { Clamp::I8 } else { Clamp::I16 };
    let make = if op == BuiltinOp::Mean { Reduction::for_mean } else { Reduction::for_sum };
    make(affine(input), affine(output), count, clamp)
        .ok_or_else(|| Reject::malformed("the ratio of its scales cannot be represented"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_axes_of_a_kind_are_one() {
        let axes = sort_axes(&[2, 3, 4, 5], &[1, 2]).unwrap();
        assert_eq!(axes.kept, Axes { counts: [1, 1, 2, 5], strides: [0, 0, 60, 1] });
        assert_eq!(axes.reduced, Axes { counts: [1, 1, 1, 12], strides: [0, 0, 0, 5] });
        // An axis of 1 belongs to whichever kind is beside it.
        let axes = sort_axes(&[2, 1, 3], &[1]).unwrap();
        assert_eq!(axes.kept, Axes { counts: [1, 1, 1, 6], strides: [0, 0, 0, 1] });
        assert_eq!(axes.reduced, Axes { counts: [1; 4], strides: [0; 4] });
    }

    #[test]
    fn reduced_axes_vanish_or_become_one() {
        assert_eq!(reduced_shape(&[2, 3, 4], &[0, 2], true), [1, 3, 1]);
        assert_eq!(reduced_shape(&[2, 3, 4], &[0, 2], false), [3]);
    }
}
