//! UNIDIRECTIONAL_SEQUENCE_LSTM.

use quant::{Clamp, Curve16Input, Multiplier, ZeroPoint, float};

use super::layer::{Element, Weights, check_bias};
use crate::{KernelError, blocks::Blocks as _};

/// How many sequences there are, how long, and where their vectors lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LstmShape {
    /// Sequences, each with a state of its own.
    pub batch: u32,
    /// Vectors of one sequence.
    pub time: u32,
    /// Elements of one vector read.
    pub inputs: u32,
    /// Elements of one vector written, of the hidden state and of the cell state.
    pub units: u32,
    /// Vectors from one sequence to the next.
    pub batch_step: u32,
    /// Vectors from one time to the next.
    pub time_step: u32,
}

/// The curve that a new cell value goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub enum CellCurve {
    Tanh,
    Logistic,
}

/// What the output gate is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LstmOutput {
    /// The hyperbolic tangent of the cell state, whose scale is 2 to `power`.
    TanhOfCell {
        /// From −15 to −9.
        power: i8,
    },
    /// The input gate: what TensorFlow Lite's reference kernel is left with at a cell scale of 2^−16, for which
    /// it has no hyperbolic tangent, and TFLM's shifts by a negative number.
    InputGate,
}

/// From the two sums of a gate to its input, which has 12 fractional bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LstmGate {
    /// Of the sum over the input.
    pub input: Multiplier,
    /// Of the sum over the hidden state.
    pub hidden: Multiplier,
}

/// An LSTM: its shape, and how its integers stand for real numbers. The cell state is int16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lstm {
    /// Lengths and steps.
    pub shape: LstmShape,
    /// Input, forget, cell and output gate.
    pub gates: [LstmGate; 4],
    /// Zero of the input. 0 for int16.
    pub input_zero: ZeroPoint,
    /// Zero of the hidden state, which is that of the output.
    pub hidden_zero: ZeroPoint,
    /// Forget gate times old cell state, to new cell state.
    pub forget_scale: Multiplier,
    /// Input gate times cell gate, to new cell state.
    pub input_scale: Multiplier,
    /// Output gate times curve of the cell state, to hidden state.
    pub output_scale: Multiplier,
    /// What the output gate is multiplied by.
    pub output: LstmOutput,
    /// The cell state's limit; 0 for none.
    pub cell_clip: i16,
    /// The cell gate's curve.
    pub cell_curve: CellCurve,
}

/// An LSTM of real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LstmF32 {
    /// Lengths and steps.
    pub shape: LstmShape,
    /// The cell state's limit; 0 for none.
    pub cell_clip: f32,
    /// The cell gate's curve.
    pub cell_curve: CellCurve,
}

/// What an LSTM has learnt: of the input, forget, cell and output gate.
#[derive(Clone, Copy, Debug)]
pub struct LstmWeights<'a, W, B> {
    /// Over the input: `[unit][input]`.
    pub input: [&'a [W]; 4],
    /// Over the hidden state: `[unit][unit]`.
    pub hidden: [&'a [W]; 4],
    /// One per unit.
    pub bias: [&'a [B]; 4],
}

/// What an LSTM remembers.
#[derive(Debug)]
pub struct LstmState<'a, T, C> {
    /// What it wrote last: `[n][unit]`.
    pub hidden: &'a mut [T],
    /// Its cells: `[n][unit]`.
    pub cell: &'a mut [C],
}

/// The type that activations have: what one gate's sum is, and how it is scaled.
pub trait LstmInput: Element {
    /// The bias's element type.
    type Bias: Copy;
    /// Limits of the type.
    const LIMITS: Clamp;
    /// The scaled sum of a row of weights and a vector, with a bias or none, limited to int16.
    fn gate(row: &[i8], vector: &[Self], zero: ZeroPoint, bias: Option<Self::Bias>, scale: Multiplier)
    -> i32;
}

impl LstmInput for i8 {
    type Bias = i32;
    const LIMITS: Clamp = Clamp::I8;
    fn gate(row: &[i8], vector: &[i8], zero: ZeroPoint, bias: Option<i32>, scale: Multiplier) -> i32 {
        let sum = row.iter().zip(vector).fold(bias.unwrap_or(0), |sum, (weight, q)| {
            sum.wrapping_add(weight.wide().wrapping_mul(q.wide().wrapping_sub(zero.0)))
        });
        scale.requantize(sum, ZeroPoint(0), Clamp::I16)
    }
}

impl LstmInput for i16 {
    type Bias = i64;
    const LIMITS: Clamp = Clamp::I16;
    fn gate(row: &[i8], vector: &[i16], _: ZeroPoint, bias: Option<i64>, scale: Multiplier) -> i32 {
        let sum = row.iter().zip(vector).fold(bias.unwrap_or(0), |sum, (weight, q)| {
            sum.wrapping_add(i64::from(weight.wide() * q.wide()))
        });
        scale.requantize_wide(sum, ZeroPoint(0), Clamp::I16)
    }
}

impl LstmShape {
    fn check<T, W: Copy, C, B>(
        &self,
        input: usize,
        weights: &LstmWeights<'_, W, B>,
        state: &LstmState<'_, T, C>,
        output: usize,
    ) -> Result<(), KernelError> {
        let (inputs, units) = (self.inputs as usize, self.units as usize);
        let vectors = (self.batch as usize).checked_mul(self.time as usize);
        KernelError::check(vectors.and_then(|vectors| vectors.checked_mul(inputs)), input)?;
        KernelError::check(vectors.and_then(|vectors| vectors.checked_mul(units)), output)?;
        let states = units.checked_mul(self.batch as usize);
        KernelError::check(states, state.hidden.len())?;
        KernelError::check(states, state.cell.len())?;
        for gate in weights.input {
            gate.check(inputs.checked_mul(units))?;
        }
        for gate in weights.hidden {
            gate.check(units.checked_mul(units))?;
        }
        for gate in weights.bias {
            check_bias(units, gate.len())?;
        }
        Ok(())
    }

    /// For each sequence and time: `step` makes the new hidden and cell value of a unit of the input vector,
    /// the old hidden vector, and the unit's old cell value.
    fn walk<T: Copy, C: Copy>(
        &self,
        input: &[T],
        state: LstmState<'_, T, C>,
        output: &mut [T],
        step: impl Fn(&[T], &[T], usize, C) -> Option<(T, C)>,
    ) -> Result<(), KernelError> {
        let (inputs, units) = (self.inputs as usize, self.units as usize);
        if units == 0 {
            return Ok(());
        }
        let states = state.hidden.blocks_mut(units).zip(state.cell.blocks_mut(units));
        for (n, (hidden, cells)) in states.enumerate() {
            for t in 0..self.time as usize {
                let vector = n * self.batch_step as usize + t * self.time_step as usize;
                let read = input.get(vector * inputs..(vector + 1) * inputs).ok_or(KernelError::Geometry)?;
                let written =
                    output.get_mut(vector * units..(vector + 1) * units).ok_or(KernelError::Geometry)?;
                // Every gate sees the old hidden vector, so the new one goes to the output first.
                for (unit, (out, cell)) in written.iter_mut().zip(cells.iter_mut()).enumerate() {
                    (*out, *cell) = step(read, hidden, unit, *cell).ok_or(KernelError::Geometry)?;
                }
                for (to, &from) in hidden.iter_mut().zip(written.iter()) {
                    *to = from;
                }
            }
        }
        Ok(())
    }
}

/// Position of each gate in the arrays of four.
const INPUT: usize = 0;
const FORGET: usize = 1;
const CELL: usize = 2;
const OUTPUT: usize = 3;

fn integer_lstm<T: LstmInput>(
    lstm: &Lstm,
    input: &[T],
    weights: LstmWeights<'_, i8, T::Bias>,
    state: LstmState<'_, T, i16>,
    output: &mut [T],
) -> Result<(), KernelError> {
    lstm.shape.check(input.len(), &weights, &state, output.len())?;
    let (inputs, units) = (lstm.shape.inputs as usize, lstm.shape.units as usize);
    let gate_curve = Curve16Input::for_cell_state(-12);
    let output_curve = match lstm.output {
        LstmOutput::TanhOfCell { power } => Some(Curve16Input::for_cell_state(power.into())),
        LstmOutput::InputGate => None,
    };
    let saturated = |sum: i32| Clamp::I16.apply(sum) as i16;
    let product = |a: i16, b: i16, scale: Multiplier, zero: ZeroPoint, limits: Clamp| {
        scale.requantize(i32::from(a) * i32::from(b), zero, limits)
    };
    let of_gate = |gate: usize, vector: &[T], hidden: &[T], unit: usize| {
        let scales = lstm.gates.get(gate)?;
        let row = weights.input.get(gate)?.get(unit * inputs..(unit + 1) * inputs)?;
        let bias = weights.bias.get(gate)?.get(unit).copied();
        let of_input = T::gate(row, vector, lstm.input_zero, bias, scales.input);
        let row = weights.hidden.get(gate)?.get(unit * units..(unit + 1) * units)?;
        let of_hidden = T::gate(row, hidden, lstm.hidden_zero, None, scales.hidden);
        Some(saturated(of_input + of_hidden))
    };
    lstm.shape.walk(input, state, output, |vector, hidden, unit, cell| {
        let forget = gate_curve.logistic(of_gate(FORGET, vector, hidden, unit)?);
        let update = gate_curve.logistic(of_gate(INPUT, vector, hidden, unit)?);
        let fresh = of_gate(CELL, vector, hidden, unit)?;
        let fresh = match lstm.cell_curve {
            CellCurve::Tanh => gate_curve.tanh(fresh),
            CellCurve::Logistic => gate_curve.logistic(fresh),
        };
        let kept = product(forget, cell, lstm.forget_scale, ZeroPoint(0), Clamp::I16);
        let added = product(update, fresh, lstm.input_scale, ZeroPoint(0), Clamp::I16);
        let mut cell = saturated(kept + added);
        if lstm.cell_clip > 0 {
            cell = cell.min(lstm.cell_clip).max(-lstm.cell_clip);
        }
        let gate = gate_curve.logistic(of_gate(OUTPUT, vector, hidden, unit)?);
        let factor = output_curve.map_or(update, |curve| curve.tanh(cell));
        let hidden = product(factor, gate, lstm.output_scale, lstm.hidden_zero, T::LIMITS);
        Some((T::narrow(hidden), cell))
    })
}

/// Runs an LSTM over int8 sequences.
///
/// ```text
/// gate g = curve(saturated(scale.input[g] · (bias[g] + Σ w · (x − input_zero)) + scale.hidden[g] · Σ v · (h − hidden_zero)))
/// cell   = clip(saturated(forget_scale · forget · cell + input_scale · input · fresh))
/// h      = clamp(output_scale · output · tanh(cell) + hidden_zero)
/// ```
/// with the logistic curve for the gates `input`, `forget` and `output`, and `cell_curve` for `fresh`. At a cell scale
/// of 2^−16 `h` has `input` in the place of `tanh(cell)`, see [`LstmOutput::InputGate`].
///
/// | buffer   | order                          | elements              | values            |
/// |----------|--------------------------------|-----------------------|-------------------|
/// | `input`  | `[vector][i]`                  | batch · time · inputs | −128 ..= 127      |
/// | `weights.input`  | `[gate][unit][i]`      | inputs · units each   | −128 ..= 127      |
/// | `weights.hidden` | `[gate][unit][u]`      | units · units each    | −128 ..= 127      |
/// | `weights.bias`   | `[gate][unit]`         | units each            | accumulator units |
/// | `state.hidden`   | `[n][unit]`            | batch · units         | kept              |
/// | `state.cell`     | `[n][unit]`            | batch · units         | kept              |
/// | `output` | `[vector][unit]`               | batch · time · units  | −128 ..= 127      |
///
/// # Exactness
/// The bytes of TFLM's `EvalLstm<int8_t, int8_t, int16_t, int32_t>`. Sums wrap at 32 bits.
///
/// # Cost
/// `4 · units · (inputs + units)` multiply-adds per vector. No scratch.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; nothing is then written.
pub fn lstm_s8(
    lstm: &Lstm,
    input: &[i8],
    weights: LstmWeights<'_, i8, i32>,
    state: LstmState<'_, i8, i16>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    integer_lstm(lstm, input, weights, state, output)
}

/// As [`lstm_s8`], over int16 sequences with a 64-bit bias.
///
/// # Exactness
/// The bytes of TFLM's `EvalLstm<int16_t, int8_t, int16_t, int64_t>`. Sums have 64 bits, and are scaled as
/// `Multiplier::scale_wide` does.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; nothing is then written.
pub fn lstm_s16(
    lstm: &Lstm,
    input: &[i16],
    weights: LstmWeights<'_, i8, i64>,
    state: LstmState<'_, i16, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    integer_lstm(lstm, input, weights, state, output)
}

/// As [`lstm_s8`], over sequences of real numbers.
///
/// # Exactness
/// The operations of TFLM's `EvalLstm<float, float, float, float>` in its order, with exponential and
/// hyperbolic tangent as [`quant::float`] has them.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; nothing is then written.
pub fn lstm_f32(
    lstm: &LstmF32,
    input: &[f32],
    weights: LstmWeights<'_, f32, f32>,
    state: LstmState<'_, f32, f32>,
    output: &mut [f32],
) -> Result<(), KernelError> {
    lstm.shape.check(input.len(), &weights, &state, output.len())?;
    let (inputs, units) = (lstm.shape.inputs as usize, lstm.shape.units as usize);
    let dot = |row: &[f32], vector: &[f32]| row.iter().zip(vector).fold(0f32, |sum, (a, b)| sum + a * b);
    let of_gate = |gate: usize, vector: &[f32], hidden: &[f32], unit: usize| {
        let row = weights.input.get(gate)?.get(unit * inputs..(unit + 1) * inputs)?;
        let bias = weights.bias.get(gate)?.get(unit).copied().unwrap_or(0.0);
        let of_input = dot(row, vector) + bias;
        let row = weights.hidden.get(gate)?.get(unit * units..(unit + 1) * units)?;
        Some(of_input + dot(row, hidden))
    };
    lstm.shape.walk(input, state, output, |vector, hidden, unit, cell| {
        let forget = float::logistic(of_gate(FORGET, vector, hidden, unit)?);
        let update = float::logistic(of_gate(INPUT, vector, hidden, unit)?);
        let fresh = of_gate(CELL, vector, hidden, unit)?;
        let fresh = match lstm.cell_curve {
            CellCurve::Tanh => float::tanh(fresh),
            CellCurve::Logistic => float::logistic(fresh),
        };
        let mut cell = forget * cell + update * fresh;
        if lstm.cell_clip > 0.0 {
            cell = cell.min(lstm.cell_clip).max(-lstm.cell_clip);
        }
        let gate = float::logistic(of_gate(OUTPUT, vector, hidden, unit)?);
        Some((float::tanh(cell) * gate, cell))
    })
}
