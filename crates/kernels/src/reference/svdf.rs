//! SVDF.

use quant::{Clamp, Multiplier, ZeroPoint};

use super::layer::{Element, Range, Weights, check_bias};
use crate::{KernelError, blocks::Blocks as _};

/// How long an SVDF's vectors are: each of `units · rank` filters sees one input vector per run, and remembers
/// what it made of the last `memory` ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SvdfShape {
    /// Vectors, each with a state of its own.
    pub batch: u32,
    /// Elements of one vector read.
    pub inputs: u32,
    /// Elements of one vector written.
    pub units: u32,
    /// Filters per unit; not 0.
    pub rank: u32,
    /// Runs that a filter remembers, this one included; not 0.
    pub memory: u32,
}

/// An SVDF: its shape, and how its integers stand for real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Svdf {
    /// Lengths.
    pub shape: SvdfShape,
    /// Zero of the input.
    pub input_zero: ZeroPoint,
    /// Zero of the state.
    pub state_zero: ZeroPoint,
    /// Zero of the output.
    pub output_zero: ZeroPoint,
    /// From a filter's sum over the input to the state.
    pub feature_scale: Multiplier,
    /// From a unit's sum over time to the output.
    pub time_scale: Multiplier,
}

/// An SVDF of real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SvdfF32 {
    /// Lengths.
    pub shape: SvdfShape,
    /// The fused activation.
    pub range: Range,
}

/// What an SVDF has learnt.
#[derive(Clone, Copy, Debug)]
pub struct SvdfWeights<'a, F, T, B> {
    /// Over the input: `[filter][input]`.
    pub feature: &'a [F],
    /// Over time, the oldest first: `[filter][memory]`.
    pub time: &'a [T],
    /// One per unit, or none at all.
    pub bias: &'a [B],
}

impl SvdfShape {
    fn filters(&self) -> Option<usize> {
        (self.units as usize).checked_mul(self.rank as usize)
    }

    fn check<F: Copy, T: Copy, B>(
        &self,
        weights: &SvdfWeights<'_, F, T, B>,
        (input, state, output): (usize, usize, usize),
    ) -> Result<(), KernelError> {
        let filters = self.filters().filter(|&filters| filters > 0 && self.memory > 0);
        let filters = filters.ok_or(KernelError::Geometry)?;
        let (batch, memory) = (self.batch as usize, self.memory as usize);
        KernelError::check(batch.checked_mul(self.inputs as usize), input)?;
        KernelError::check(batch.checked_mul(self.units as usize), output)?;
        weights.feature.check(filters.checked_mul(self.inputs as usize))?;
        weights.time.check(filters.checked_mul(memory))?;
        let all = filters.checked_mul(memory).and_then(|one| one.checked_mul(batch));
        KernelError::check(all, state)?;
        check_bias(self.units as usize, weights.bias.len())
    }

    /// For each batch and unit: `remember` gives each filter of it what it adds to its memory, `over_time`
    /// adds up a filter's memory, and `finish` makes the output of it.
    fn walk<I: Copy, T: Copy, S: Copy + Default, O>(
        &self,
        input: &[I],
        state: &mut [T],
        output: &mut [O],
        (remember, over_time, finish): (
            impl Fn(&[I], usize) -> Option<T>,
            impl Fn(S, &[T], usize) -> Option<S>,
            impl Fn(usize, S) -> O,
        ),
        begin: impl Fn(usize) -> S,
    ) -> Result<(), KernelError> {
        let (inputs, units) = (self.inputs as usize, self.units.max(1) as usize);
        let (rank, memory) = (self.rank.max(1) as usize, self.memory.max(1) as usize);
        let states = state.blocks_mut(units * rank * memory);
        for (n, (state, output)) in states.zip(output.blocks_mut(units)).enumerate() {
            let vector = input.get(n * inputs..(n + 1) * inputs).ok_or(KernelError::Geometry)?;
            let filters = state.blocks_mut(rank * memory);
            for (unit, (states, out)) in filters.zip(output).enumerate() {
                let mut sum = begin(unit);
                for (index, remembered) in states.blocks_mut(memory).enumerate() {
                    let filter = unit * rank + index;
                    let mut older: Option<&mut T> = None;
                    for cell in remembered.iter_mut() {
                        if let Some(older) = older {
                            *older = *cell;
                        }
                        older = Some(cell);
                    }
                    if let Some(newest) = older {
                        *newest = remember(vector, filter).ok_or(KernelError::Geometry)?;
                    }
                    sum = over_time(sum, remembered, filter).ok_or(KernelError::Geometry)?;
                }
                *out = finish(unit, sum);
            }
        }
        Ok(())
    }
}

/// Runs an SVDF on int8 with a state of int16 or int8.
///
/// ```text
/// state[n, f] moves by one; state[n, f, newest] = state_zero + saturated(feature_scale · Σ i feature[f, i] · (input[n, i] − input_zero))
/// acc(n, u) = bias[u] + Σ f of u  Σ t  time[f, t] · (state[n, f, t] − state_zero)
/// output[n, u] = clamp(time_scale · acc + output_zero)
/// ```
///
/// | buffer    | order            | elements               | values            |
/// |-----------|------------------|------------------------|-------------------|
/// | `input`   | `[n][i]`         | batch · inputs         | −128 ..= 127      |
/// | `feature` | `[f][i]`         | filters · inputs       | −128 ..= 127      |
/// | `time`    | `[f][t]`         | filters · memory       | any               |
/// | `bias`    | `[u]`            | units, or 0 for none   | accumulator units |
/// | `state`   | `[n][f][t]`      | batch · filters · memory | kept            |
/// | `output`  | `[n][u]`         | batch · units          | −128 ..= 127      |
///
/// # Exactness
/// The bytes of TFLM's `EvalIntegerSvdfReference`, which ignores a fused activation. Sums wrap at 32 bits,
/// and an int8 state wraps at 8.
///
/// # Cost
/// `filters · (inputs + memory)` multiply-adds per vector. No scratch.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; nothing is then written.
pub fn svdf<T: Element>(
    svdf: &Svdf,
    input: &[i8],
    weights: SvdfWeights<'_, i8, T, i32>,
    state: &mut [T],
    output: &mut [i8],
) -> Result<(), KernelError> {
    svdf.shape.check(&weights, (input.len(), state.len(), output.len()))?;
    let (inputs, memory) = (svdf.shape.inputs as usize, svdf.shape.memory as usize);
    let limits = if size_of::<T>() == 1 { Clamp::I8 } else { Clamp::I16 };
    let remember = |vector: &[i8], filter: usize| {
        let row = weights.feature.get(filter * inputs..(filter + 1) * inputs)?;
        let sum = row.iter().zip(vector).fold(0i32, |sum, (weight, q)| {
            sum.wrapping_add(weight.wide().wrapping_mul(q.wide().wrapping_sub(svdf.input_zero.0)))
        });
        let scaled = limits.apply(svdf.feature_scale.scale(sum));
        Some(T::narrow(svdf.state_zero.0.wrapping_add(scaled)))
    };
    let over_time = |sum: i32, remembered: &[T], filter: usize| {
        let row = weights.time.get(filter * memory..(filter + 1) * memory)?;
        Some(row.iter().zip(remembered).fold(sum, |sum, (weight, q)| {
            sum.wrapping_add(weight.wide().wrapping_mul(q.wide().wrapping_sub(svdf.state_zero.0)))
        }))
    };
    let finish = |_: usize, sum: i32| svdf.time_scale.requantize(sum, svdf.output_zero, Clamp::I8) as i8;
    let begin = |unit: usize| weights.bias.get(unit).copied().unwrap_or(0);
    svdf.shape.walk(input, state, output, (remember, over_time, finish), begin)
}

/// As [`svdf`], on real numbers.
///
/// # Exactness
/// The bits of TFLM's `EvalFloatSvdfReference`: each filter's products are added one by one, the filters of a
/// unit to its bias.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; nothing is then written.
pub fn svdf_f32(
    svdf: &SvdfF32,
    input: &[f32],
    weights: SvdfWeights<'_, f32, f32, f32>,
    state: &mut [f32],
    output: &mut [f32],
) -> Result<(), KernelError> {
    svdf.shape.check(&weights, (input.len(), state.len(), output.len()))?;
    let (inputs, memory) = (svdf.shape.inputs as usize, svdf.shape.memory as usize);
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).fold(0f32, |sum, (a, b)| sum + a * b);
    let remember = |vector: &[f32], filter: usize| {
        Some(dot(weights.feature.get(filter * inputs..(filter + 1) * inputs)?, vector))
    };
    let over_time = |sum: f32, remembered: &[f32], filter: usize| {
        Some(sum + dot(weights.time.get(filter * memory..(filter + 1) * memory)?, remembered))
    };
    let finish = |_: usize, sum: f32| svdf.range.apply(sum);
    let begin = |unit: usize| weights.bias.get(unit).copied().unwrap_or(0.0);
    svdf.shape.walk(input, state, output, (remember, over_time, finish), begin)
}
