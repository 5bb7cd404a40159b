//! How a channel's sums become outputs, where factors halve.

use quant::{Clamp, Halving, Multiplier, ZeroPoint};

use super::Weighted;

/// What sums become.
#[derive(Clone, Copy)]
pub(super) struct Outputs {
    pub zero: ZeroPoint,
    pub clamp: Clamp,
}

/// One output channel.
pub(super) struct Scaled {
    /// What is added to the products.
    pub bias: i64,
    /// What the sum is multiplied by.
    pub halving: Halving,
    /// The greatest magnitude that the sum, bias included, can have.
    pub most: i64,
    /// Whether no input changes the output: then weights are as good as none.
    pub is_constant: bool,
}

impl Scaled {
    /// The channel of such weights; `None` where its sums or its factor are not for [`Halving`].
    pub fn of(layer: &Weighted, weights: &[i8], index: usize, zero: i32, outputs: Outputs) -> Option<Self> {
        let reach = Reach::of(layer, weights, index, zero)?;
        if let Some(output) = reach.only_output(outputs)? {
            return Some(Self::constant(output - outputs.zero.0));
        }
        let Reach { bias, multiplier, low, high } = reach;
        let halving = Halving::of(multiplier, low, high)?;
        Some(Self { bias, halving, most: reach.most(), is_constant: false })
    }

    /// One that no input changes, so many above the zero point: four times that, quartered. Converters give such
    /// channels factors and biases that no kernel should have to deal with.
    fn constant(output: i32) -> Self {
        let bias = 4 * i64::from(output);
        let halving = Halving { mantissa: 1 << 30, exponent: 0 };
        Self { bias, halving, most: bias.abs(), is_constant: true }
    }
}

/// What a channel's sums can be.
pub(super) struct Reach {
    /// What is added to the products.
    pub bias: i64,
    pub multiplier: Multiplier,
    /// The least sum, bias included.
    pub low: i64,
    /// The greatest.
    pub high: i64,
}

impl Reach {
    /// Of the channel of such weights, on int8 elements with a zero point.
    pub fn of(layer: &Weighted, weights: &[i8], index: usize, zero: i32) -> Option<Self> {
        let bias = i64::from(*layer.bias.get(index)?);
        let (low, high) = sums(weights, zero);
        Some(Self { bias, multiplier: *layer.multipliers.get(index)?, low: low + bias, high: high + bias })
    }

    /// The greatest magnitude of a sum.
    pub fn most(&self) -> i64 {
        self.low.abs().max(self.high.abs())
    }

    /// The output, where it is the same for all inputs; the outer `None` where a sum may wrap.
    pub fn only_output(&self, outputs: Outputs) -> Option<Option<i32>> {
        let output = |sum: i64| {
            let sum = i32::try_from(sum).ok()?;
            Some(self.multiplier.requantize(sum, outputs.zero, outputs.clamp))
        };
        let (least, greatest) = (output(self.low)?, output(self.high)?);
        Some((least == greatest && self.multiplier.mantissa() >= 0).then_some(least))
    }
}

/// The least and the greatest sum of products of weights and int8 elements less their zero point.
fn sums(weights: &[i8], zero: i32) -> (i64, i64) {
    let zero = i64::from(zero);
    weights.iter().fold((0, 0), |(low, high), &weight| {
        let ends = [-128 - zero, 127 - zero].map(|q| q * i64::from(weight));
        (low + ends[0].min(ends[1]), high + ends[0].max(ends[1]))
    })
}
