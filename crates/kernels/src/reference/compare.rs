//! EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL.

use core::cmp::Ordering;

use quant::CommonScale;

use super::{pairwise::pairwise_to, quantize::Integer};
use crate::{Broadcast, KernelError};

/// Which order of two elements makes the output true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub enum Relation {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

impl Relation {
    /// Whether it holds of `a` and `b`. Something that has no order, such as NaN, is only not equal.
    #[inline]
    pub fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match a.partial_cmp(&b) {
            Some(Ordering::Less) => matches!(self, Self::NotEqual | Self::Less | Self::LessEqual),
            Some(Ordering::Equal) => matches!(self, Self::Equal | Self::GreaterEqual | Self::LessEqual),
            Some(Ordering::Greater) => matches!(self, Self::NotEqual | Self::Greater | Self::GreaterEqual),
            None => matches!(self, Self::NotEqual),
        }
    }
}

/// Compares elements as they are, broadcasting either.
///
/// ```text
/// output = 1 if the relation holds of a and b, else 0
/// ```
///
/// | buffer   | order                | elements             | values |
/// |----------|----------------------|----------------------|--------|
/// | `a`, `b` | as `walk` reads them | as [`Broadcast`]     | any    |
/// | `output` | dense                | product of `extents` | 0 or 1 |
///
/// # Exactness
/// That of the element type's comparison, as in TFLM's `Comparison` without scaling.
///
/// # Cost
/// One comparison per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn compare<T: Copy + PartialOrd>(
    walk: &Broadcast,
    relation: Relation,
    a: &[T],
    b: &[T],
    output: &mut [u8],
) -> Result<(), KernelError> {
    pairwise_to(walk, a, b, output, |a, b| relation.holds(a, b).into())
}

/// Compares quantised elements by their real values, broadcasting either.
///
/// ```text
/// common(q, zero, m) = m · (q − zero) · 2^8
/// output = 1 if the relation holds of common(a, zero_a, m_a) and common(b, zero_b, m_b), else 0
/// ```
///
/// | buffer   | order                | elements             | values |
/// |----------|----------------------|----------------------|--------|
/// | `a`, `b` | as `walk` reads them | as [`Broadcast`]     | any    |
/// | `output` | dense                | product of `extents` | 0 or 1 |
///
/// # Exactness
/// The bytes of TFLM's `ComparisonWithScaling`: real numbers that differ by less than a rounding are equal.
///
/// # Cost
/// Two scalings per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn compare_quantized<T: Integer>(
    walk: &Broadcast,
    relation: Relation,
    scales: &CommonScale,
    [a, b]: [&[T]; 2],
    output: &mut [u8],
) -> Result<(), KernelError> {
    pairwise_to(walk, a, b, output, |a, b| {
        let (a, b) = scales.both(a.widen(), b.widen());
        relation.holds(a, b).into()
    })
}

#[cfg(test)]
mod tests {
    use quant::ZeroPoint;

    use super::*;

    const ALL: [Relation; 6] = [
        Relation::Equal,
        Relation::NotEqual,
        Relation::Greater,
        Relation::GreaterEqual,
        Relation::Less,
        Relation::LessEqual,
    ];

    #[test]
    fn relations_hold_as_the_operators_of_the_language_do() {
        for (a, b) in [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (f32::NAN, 2.0), (0.0, -0.0)] {
            let expected = [a == b, a != b, a > b, a >= b, a < b, a <= b];
            assert_eq!(ALL.map(|relation| relation.holds(a, b)), expected, "{a} {b}");
        }
    }

    #[test]
    fn quantised_elements_compare_by_what_they_stand_for() {
        let scales = CommonScale::for_comparison(0.5, ZeroPoint(0), 0.25, ZeroPoint(10)).unwrap();
        let walk = Broadcast::of(&[3], &[&[3], &[]]).unwrap();
        let mut output = [9; 3];
        // 1.0, 2.0 and 3.0 against 2.0.
        compare_quantized(&walk, Relation::GreaterEqual, &scales, [&[2i8, 4, 6], &[18]], &mut output)
            .unwrap();
        assert_eq!(output, [0, 1, 1]);
        compare(&walk, Relation::Less, &[2i64, 4, 6], &[5], &mut output).unwrap();
        assert_eq!(output, [1, 1, 0]);
        assert!(compare(&walk, Relation::Less, &[2i64, 4], &[5], &mut output).is_err());
    }
}
