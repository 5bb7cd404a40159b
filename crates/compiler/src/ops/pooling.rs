//! AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D.

use engine::ops::{
    AnyOperator, AveragePool2dF32, AveragePool2dS8, AveragePool2dS16, L2Pool2dF32, MaxPool2dF32, MaxPool2dS8,
    MaxPool2dS16,
};
use kernels::reference::{Pool2d, Pool2dFloat};
use quant::{Clamp, FusedActivation, ZeroPoint};
use tflite::{Activation, BuiltinOp, DType, Options, Padding};

use super::{
    Lowering, NodeView, Rule, Support,
    convolution::{Sliding, window},
    strided::expect_shape,
};
use crate::{graph::Tensor, refusal::Reject};

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    row(BuiltinOp::AveragePool2D, &["int8 -> int8", "int16 -> int16", "float32 -> float32"]),
    row(BuiltinOp::MaxPool2D, &["int8 -> int8", "int16 -> int16", "float32 -> float32"]),
    row(BuiltinOp::L2Pool2D, &["float32 -> float32"]),
];

const fn row(op: BuiltinOp, types: &'static [&'static str]) -> Support {
    Support { op, custom: None, versions: (1, 3), types, rules: &[SAME_QUANTISATION], lower: pool }
}

const SAME_QUANTISATION: Rule = Rule {
    requires: "input and output have the same scale and zero point",
    advice: "put a QUANTIZE after the pooling instead of rescaling in it",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => {
            input.dtype == DType::Float32 || (input.scale(), input.zero()) == (output.scale(), output.zero())
        }
        _ => false,
    },
};

/// The limits of a fused activation.
fn fused(activation: Activation) -> Result<FusedActivation, Reject> {
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

fn clamp(activation: FusedActivation, output: &Tensor) -> Result<Clamp, Reject> {
    let limits = match output.dtype {
        DType::Int8 => Clamp::I8,
        DType::Int16 => Clamp::I16,
        _ => return Ok(Clamp::I32),
    };
    if activation == FusedActivation::None {
        return Ok(limits);
    }
    activation.clamp(output.scale(), ZeroPoint(output.zero()), limits).ok_or_else(|| {
        Reject::new(
            "the output's scale is too small for its activation",
            "quantise the model again with representative data",
        )
    })
}

fn float_limits(activation: FusedActivation) -> (f32, f32) {
    match activation {
        FusedActivation::None => (f32::MIN, f32::MAX),
        FusedActivation::Relu => (0.0, f32::MAX),
        FusedActivation::ReluN1To1 => (-1.0, 1.0),
        FusedActivation::Relu6 => (0.0, 6.0),
        FusedActivation::Relu0To1 => (0.0, 1.0),
    }
}

/// How many windows fit along one axis.
fn outputs(padding: Padding, image: usize, taps: usize, stride: i32) -> Result<usize, Reject> {
    let stride = usize::try_from(stride)
        .ok()
        .filter(|&stride| stride > 0)
        .ok_or_else(|| Reject::malformed(format!("stride {stride}")))?;
    Ok(match padding {
        Padding::Same => image.div_ceil(stride),
        Padding::Valid => (image + 1).saturating_sub(taps).div_ceil(stride),
    })
}

fn pool(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Pool2D { padding, stride_w, stride_h, filter_w, filter_h, activation } = &view.node.options
    else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let taps = |size: i32| {
        usize::try_from(size)
            .ok()
            .filter(|&size| size > 0)
            .ok_or_else(|| Reject::malformed(format!("window size {size}")))
    };
    let taps = (taps(filter_h)?, taps(filter_w)?);
    let &[n, h, w, c] = &input.shape[..] else {
        return Err(Reject::malformed("input and output must have four dimensions"));
    };
    let around = view.node.pad.unwrap_or_default();
    let (rows, columns) = (h + around.top + around.bottom, w + around.left + around.right);
    let expected =
        [n, outputs(padding, rows, taps.0, stride_h)?, outputs(padding, columns, taps.1, stride_w)?, c];
    expect_shape(output, &expected)?;
    let sliding = Sliding { padding, stride: (stride_h, stride_w), dilation: (1, 1), around };
    let activation = fused(activation)?;
    let pool = Pool2d { window: window(&sliding, input, taps, output)?, clamp: clamp(activation, output)? };
    let (min, max) = float_limits(activation);
    let float = Pool2dFloat { pool, min, max };
    let operator: AnyOperator = match (view.node.op, input.dtype) {
        (BuiltinOp::AveragePool2D, DType::Int8) => AveragePool2dS8(pool).into(),
        (BuiltinOp::AveragePool2D, DType::Int16) => AveragePool2dS16(pool).into(),
        (BuiltinOp::AveragePool2D, _) => AveragePool2dF32(float).into(),
        (BuiltinOp::MaxPool2D, DType::Int8) => MaxPool2dS8(pool).into(),
        (BuiltinOp::MaxPool2D, DType::Int16) => MaxPool2dS16(pool).into(),
        (BuiltinOp::MaxPool2D, _) => MaxPool2dF32(float).into(),
        _ => L2Pool2dF32(float).into(),
    };
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let operands = [cx.slot(to), cx.slot(from)];
    cx.push(operator, &operands);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_counted_as_padding_says() {
        assert_eq!(outputs(Padding::Same, 5, 3, 2).unwrap(), 3);
        assert_eq!(outputs(Padding::Valid, 5, 3, 2).unwrap(), 2);
        assert_eq!(outputs(Padding::Valid, 2, 3, 1).unwrap(), 0);
        assert!(outputs(Padding::Same, 5, 3, 0).is_err());
        assert!(outputs(Padding::Same, 5, 3, -1).is_err());
    }

    #[test]
    fn only_limits_can_be_fused() {
        assert!(fused(Activation::Tanh).unwrap_err().reason.contains("Tanh"));
        assert_eq!(float_limits(fused(Activation::Relu6).unwrap()), (0.0, 6.0));
    }
}
