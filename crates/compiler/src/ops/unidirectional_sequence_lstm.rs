//! UNIDIRECTIONAL_SEQUENCE_LSTM.

use engine::ops::{LstmReal, LstmS8, LstmS16};
use kernels::reference::{CellCurve, Lstm, LstmF32, LstmGate, LstmOutput, LstmShape};
use quant::{Multiplier, ZeroPoint, nearest_log2, product_ratio};
use tflite::{Activation, BuiltinOp, DType, Options};

use super::{Lowering, NodeView, Rule, Slot, Support, convolution};
use crate::{graph::Tensor, refusal::Reject};

// Positions among the inputs. Gates come as input, forget, cell, output.
const INPUT_WEIGHTS: usize = 1;
const HIDDEN_WEIGHTS: usize = 5;
const PEEPHOLES: usize = 9;
const BIAS: usize = 12;
const PROJECTION: usize = 16;
const HIDDEN: usize = 18;
const CELL: usize = 19;
const NORMALISATION: usize = 20;
const INPUTS: usize = 24;

/// The row of UNIDIRECTIONAL_SEQUENCE_LSTM.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::UnidirectionalSequenceLstm,
    custom: None,
    versions: (1, 4),
    types: &[
        "int8, int8, int8, int8, int8, int8, int8, int8, int8, int8?, int8?, int8?, int32, int32, int32, int32, \
         int8?, int32?, int8, int16, int16?, int16?, int16?, int16? -> int8",
        "int16, int8, int8, int8, int8, int8, int8, int8, int8, int8?, int8?, int8?, int64, int64, int64, int64, \
         int8?, int64?, int16, int16, int16?, int16?, int16?, int16? -> int16",
        "float32, float32, float32, float32, float32, float32, float32, float32, float32, float32?, float32?, float32?, \
         float32, float32, float32, float32, float32?, float32?, float32, float32, float32?, float32?, float32?, \
         float32? -> float32",
    ],
    rules: &[
        convolution::OPTIONS,
        PLAIN,
        CURVE,
        STATES_ARE_VARIABLE,
        CONSTANT,
        SHAPES,
        QUANTISED,
        CELL_SCALE,
        convolution::INT16_ZEROS,
    ],
    lower: lstm,
}];

const PLAIN: Rule = Rule {
    requires: "it has all four gates, and no peepholes, projection or layer normalisation",
    advice: "build the model with a plain LSTM layer",
    holds: |view| {
        let absent = |mut range: std::ops::Range<usize>| range.all(|index| view.input(index).is_none());
        view.node.inputs.len() == INPUTS
            && absent(PEEPHOLES..BIAS)
            && absent(PROJECTION..HIDDEN)
            && absent(NORMALISATION..INPUTS)
    },
};

const CURVE: Rule = Rule {
    requires: "its activation is TANH",
    advice: "build the model with a plain LSTM layer",
    holds: |view| {
        matches!(view.node.options, Options::UnidirectionalSequenceLstm { activation: Activation::Tanh, .. })
    },
};

const STATES_ARE_VARIABLE: Rule = Rule {
    requires: "hidden and cell state are variable tensors",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        [HIDDEN, CELL].into_iter().all(|index| view.input(index).is_some_and(|state| state.is_variable))
    },
};

const CONSTANT: Rule = Rule {
    requires: "weights and biases are constant",
    advice: "fold the weights into the model before conversion",
    holds: |view| (INPUT_WEIGHTS..HIDDEN).all(|index| view.input(index).is_none_or(Tensor::is_const)),
};

const SHAPES: Rule = Rule {
    requires: "the shapes of weights, biases, states and output follow from input and number of units",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| shape(view).is_some(),
};

const QUANTISED: Rule = Rule {
    requires: "integer inputs, weights, states and output are quantised with one scale each, weights and cell state with \
               zero point 0, and the output as the hidden state",
    advice: "convert the model with full integer quantisation",
    holds: |view| {
        let (Some(input), Some(hidden), Some(output)) = (view.input(0), view.input(HIDDEN), view.output(0))
        else {
            return false;
        };
        if input.dtype == DType::Float32 {
            return true;
        }
        let one = |tensor: Option<&Tensor>| NodeView::is_per_tensor(tensor);
        let symmetric = |index: usize| {
            one(view.input(index)) && view.input(index).is_some_and(|tensor| tensor.zero() == 0)
        };
        one(Some(input))
            && one(Some(hidden))
            && one(Some(output))
            && hidden.quant.as_ref().map(|quant| (quant.scale(), quant.zero()))
                == output.quant.as_ref().map(|quant| (quant.scale(), quant.zero()))
            && (INPUT_WEIGHTS..PEEPHOLES).all(symmetric)
            && symmetric(CELL)
    },
};

const CELL_SCALE: Rule = Rule {
    requires: "the scale of an int16 cell state is a power of two from 2^-15 to 2^-9; with int8 inputs 2^-16 too",
    advice: "convert the model with the TensorFlow Lite converter, which chooses such a scale",
    holds: |view| {
        let (Some(input), Some(cell)) = (view.input(0), view.input(CELL)) else { return false };
        let least = if input.dtype == DType::Int8 { -16 } else { -15 };
        cell.dtype == DType::Float32
            || quant::checked_log2(cell.scale()).is_some_and(|power| (least..=-9).contains(&power))
    },
};

fn shape(view: &NodeView<'_>) -> Option<LstmShape> {
    let &Options::UnidirectionalSequenceLstm { time_major, .. } = &view.node.options else { return None };
    let &[first, second, inputs] = &view.input(0)?.shape[..] else { return None };
    let (batch, time) = if time_major { (second, first) } else { (first, second) };
    let &[units, _] = &view.input(INPUT_WEIGHTS)?.shape[..] else { return None };
    let all = |mut range: std::ops::Range<usize>, shape: &[usize]| {
        range.all(|index| view.input(index).is_some_and(|tensor| tensor.shape == shape))
    };
    let states = batch.checked_mul(units)?;
    let holds = all(INPUT_WEIGHTS..HIDDEN_WEIGHTS, &[units, inputs])
        && all(HIDDEN_WEIGHTS..PEEPHOLES, &[units, units])
        && all(BIAS..PROJECTION, &[units])
        && view.input(HIDDEN)?.elements() == states
        && view.input(CELL)?.elements() == states
        && view.output(0)?.shape == [first, second, units];
    let (batch_step, time_step) = if time_major { (1, batch) } else { (time, 1) };
    holds.then_some(LstmShape {
        batch: batch as u32,
        time: time as u32,
        inputs: inputs as u32,
        units: units as u32,
        batch_step: batch_step as u32,
        time_step: time_step as u32,
    })
}

fn operands(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<Vec<Slot>, Reject> {
    let to = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let mut operands = vec![cx.slot(to)];
    let read = [HIDDEN, CELL, 0].into_iter().chain(INPUT_WEIGHTS..PEEPHOLES).chain(BIAS..PROJECTION);
    operands.extend(read.map(|index| cx.optional(view.input_id(index))));
    Ok(operands)
}

fn lstm(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::UnidirectionalSequenceLstm { cell_clip, .. } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let shape = shape(view).ok_or_else(|| Reject::malformed("its shapes do not fit together"))?;
    let operands = operands(cx, view)?;
    let (input, hidden, cell) = (view.need_input(0)?, view.need_input(HIDDEN)?, view.need_input(CELL)?);
    let cell_curve = CellCurve::Tanh;
    if input.dtype == DType::Float32 {
        cx.push(LstmReal(LstmF32 { shape, cell_clip, cell_curve }), &operands);
        return Ok(());
    }
    // What the curves of gates read has 12 fractional bits, what they write has 15.
    const GATE_INPUT: f32 = 1.0 / 4096.0;
    const GATE_OUTPUT: f32 = 1.0 / 32768.0;
    let need = |factor: Option<Multiplier>| {
        factor.ok_or_else(|| Reject::malformed("its scales give a factor that cannot be represented"))
    };
    let gate = |gate: usize| {
        let (of_input, of_hidden) =
            (view.need_input(INPUT_WEIGHTS + gate)?, view.need_input(HIDDEN_WEIGHTS + gate)?);
        Ok(LstmGate {
            input: need(product_ratio(input.scale(), of_input.scale(), GATE_INPUT))?,
            hidden: need(product_ratio(hidden.scale(), of_hidden.scale(), GATE_INPUT))?,
        })
    };
    let clip = (f64::from(cell_clip) / f64::from(cell.scale())).clamp(-32768.0, 32767.0) as i16;
    let lstm = Lstm {
        shape,
        gates: [gate(0)?, gate(1)?, gate(2)?, gate(3)?],
        input_zero: ZeroPoint(input.zero()),
        hidden_zero: ZeroPoint(hidden.zero()),
        forget_scale: need(product_ratio(GATE_OUTPUT, cell.scale(), cell.scale()))?,
        input_scale: need(product_ratio(GATE_OUTPUT, GATE_OUTPUT, cell.scale()))?,
        output_scale: need(product_ratio(GATE_OUTPUT, GATE_OUTPUT, hidden.scale()))?,
        output: match nearest_log2(cell.scale()) {
            ..=-16 => LstmOutput::InputGate,
            power => LstmOutput::TanhOfCell { power: power as i8 },
        },
        cell_clip: clip,
        cell_curve,
    };
    if input.dtype == DType::Int16 {
        cx.push(LstmS16(lstm), &operands);
    } else {
        cx.push(LstmS8(lstm), &operands);
    }
    Ok(())
}
