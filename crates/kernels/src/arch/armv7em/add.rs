//! ADD of tensors of one shape.

use quant::{CommonScale, Halving, Multiplier, Sum};

use super::{lanes::Scaling, limit};
use crate::{KernelError, reference::Source};

/// Elements between two looks at where operands come from.
const RUN: usize = 16;

/// What [`add_s8`] makes of a [`Sum`].
#[derive(Clone, Copy, Debug)]
struct Addition {
    /// Whether the second operand is the one with the greater scale, which the common scale is twice of.
    swapped: bool,
    /// Of the operand with the greater scale, on the doubled common scale.
    greater_zero: i32,
    /// Of the other: how far it is shifted to be doubled, its zero after that, its factor.
    lesser_shift: u32,
    lesser_zero: i32,
    lesser: Scaling,
    output: Scaling,
}

impl Addition {
    fn of(sum: &Sum) -> Option<Self> {
        const SHIFT: u32 = CommonScale::SUM_SHIFT_I8;
        let CommonScale { zero_a, zero_b, left_shift, multiplier_a, multiplier_b } = sum.inputs;
        let zeros_fit = [zero_a, zero_b].iter().all(|zero| (-128..=127).contains(&zero.0));
        if left_shift != SHIFT || !zeros_fit {
            return None;
        }
        let half = |factor: Multiplier| factor.mantissa() == 1 << 30 && factor.shift() == 0;
        let (swapped, lesser, zeros) = if half(multiplier_a) {
            (false, multiplier_b, (zero_a, zero_b))
        } else if half(multiplier_b) {
            (true, multiplier_a, (zero_b, zero_a))
        } else {
            return None;
        };
        let most = 255i64 << SHIFT;
        let (lesser_shift, lesser) = if half(lesser) {
            // One half of it is one quarter of twice as much.
            (SHIFT + 2, Halving { mantissa: 1 << 30, exponent: 0 })
        } else {
            (SHIFT + 1, Halving::of(lesser, -most, most)?)
        };
        let output = Halving::of(sum.multiplier, -most, most)?;
        Some(Self {
            swapped,
            greater_zero: zeros.0.0 << SHIFT,
            lesser_shift,
            lesser_zero: zeros.1.0 << lesser_shift,
            lesser: Scaling::new(lesser, 1),
            output: Scaling::new(output, Halving::centre(sum.zero_out)),
        })
    }

    #[inline]
    fn add(&self, greater: i8, lesser: i8) -> i8 {
        let greater = (i32::from(greater) << CommonScale::SUM_SHIFT_I8).wrapping_sub(self.greater_zero);
        let lesser = (i32::from(lesser) << self.lesser_shift).wrapping_sub(self.lesser_zero);
        let sum = greater.wrapping_add(self.lesser.scale(lesser).wrapping_mul(2));
        quant::rounding::saturate_i8(self.output.scale(sum))
    }
}

/// Whether [`add_s8`] takes a sum.
pub fn takes_add(sum: &Sum) -> bool {
    Addition::of(sum).is_some()
}

/// As [`reference::add_s8`](crate::reference::add_s8) of tensors of one shape.
///
/// # Errors
/// [`KernelError::Length`], or [`KernelError::Value`] for a sum that [`takes_add`] does not allow.
pub fn add_s8(sum: &Sum, a: Source<'_, i8>, b: Source<'_, i8>, output: &mut [i8]) -> Result<(), KernelError> {
    let addition = Addition::of(sum).ok_or(KernelError::Value)?;
    for source in [a, b] {
        if let Source::Given(elements) = source {
            KernelError::check(Some(output.len()), elements.len())?;
        }
    }
    let (greater, lesser) = if addition.swapped { (b, a) } else { (a, b) };
    let mut at = 0;
    for out in output.chunks_mut(RUN) {
        let mut operands = [[0; RUN]; 2];
        for (operand, source) in operands.iter_mut().zip([greater, lesser]) {
            let elements = match source {
                Source::Given(elements) => elements.get(at..).unwrap_or_default(),
                Source::Output => out,
            };
            match elements.first_chunk() {
                Some(run) => *operand = *run,
                None => {
                    for (to, &from) in operand.iter_mut().zip(elements) {
                        *to = from;
                    }
                }
            }
        }
        let [greater, lesser] = operands;
        for (out, (greater, lesser)) in out.iter_mut().zip(greater.into_iter().zip(lesser)) {
            *out = addition.add(greater, lesser);
        }
        at += RUN;
    }
    limit(sum.clamp, output);
    Ok(())
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use quant::{Affine, Clamp, ZeroPoint};

    use super::*;

    #[test]
    fn sums_are_the_references() {
        let scales = [0.05, 0.05, 0.013, 0.3, 0.0007];
        let zeros = [-128, 0, 127, -3];
        let all: Vec<i8> = (i8::MIN..=i8::MAX).collect();
        let mut taken = 0;
        for (index, &scale_a) in scales.iter().enumerate() {
            for (step, &scale_b) in scales.iter().enumerate() {
                let affine = |scale, zero: i32| Affine { scale, zero: ZeroPoint(zero) };
                let (zero_a, zero_b) = (zeros[index % 4], zeros[step % 4]);
                let clamp = if step == 2 { Clamp { min: -100, max: 90 } } else { Clamp::I8 };
                let (a, b) = (affine(scale_a, zero_a), affine(scale_b, zero_b));
                let Some(sum) = Sum::for_add(a, b, affine(0.07, -5), 20, clamp) else { continue };
                if !takes_add(&sum) {
                    continue;
                }
                taken += 1;
                for shift in [0, 1, 77, 130, 255] {
                    let mut other = all.clone();
                    other.rotate_left(shift);
                    // Not a whole number of runs, and written where the second was.
                    let (first, second) = (&all[..255], &other[..255]);
                    let expected: Vec<i8> =
                        first.iter().zip(second).map(|(&a, &b)| sum.add(a.into(), b.into()) as i8).collect();
                    let mut output = second.to_vec();
                    add_s8(&sum, Source::Given(first), Source::Output, &mut output).unwrap();
                    assert_eq!(output, expected, "{sum:?}");
                    add_s8(&sum, Source::Given(first), Source::Given(second), &mut output).unwrap();
                    assert_eq!(output, expected, "{sum:?}");
                }
            }
        }
        assert!(taken >= 20, "{taken}");
    }

    #[test]
    fn other_sums_are_refused() {
        let affine = |scale, zero: i32| Affine { scale, zero: ZeroPoint(zero) };
        let sum = Sum::for_add(affine(0.5, 0), affine(0.25, 0), affine(0.5, 0), 20, Clamp::I8).unwrap();
        assert!(takes_add(&sum));
        let wide = CommonScale { left_shift: 15, ..sum.inputs };
        assert!(!takes_add(&Sum { inputs: wide, ..sum }));
        let far = CommonScale { zero_b: ZeroPoint(300), ..sum.inputs };
        assert!(!takes_add(&Sum { inputs: far, ..sum }));
        let other = CommonScale { multiplier_a: Multiplier::new(1 << 30, -1).unwrap(), ..sum.inputs };
        assert!(!takes_add(&Sum { inputs: other, ..sum }));
        assert!(add_s8(&sum, Source::Output, Source::Given(&[0; 3]), &mut [0; 4]).is_err());
    }
}
