//! ADD of two tensors of the same shape.

use quant::{BoundedScale, Multiplier, Sum, ZeroPoint};

use super::{
    Inner,
    packed::{Ends, Factors, LANES},
};
use crate::{KernelError, reference::Source};

/// Elements between two looks at the whole.
const CHUNK: usize = 1024;

/// One input on its way to the common scale: `scale((q − zero) · 2^left)`.
#[derive(Clone, Copy)]
pub(crate) struct Term {
    pub zero: i32,
    pub left: u32,
    pub factors: Factors,
}

/// An addition of int8 tensors of the same shape.
#[derive(Clone, Copy)]
pub(crate) struct Addition {
    pub a: Term,
    pub b: Term,
    /// From the common scale to the output's.
    pub sum: Factors,
    pub ends: Ends,
}

fn in_every_lane(scale: BoundedScale) -> Factors {
    let mut factors = Factors::NONE;
    for lane in 0..LANES {
        factors.set(lane, 0, scale);
    }
    factors
}

impl Term {
    fn of(zero: ZeroPoint, left: u32, multiplier: Multiplier) -> Option<Self> {
        i8::try_from(zero.0).ok()?;
        let scale = BoundedScale::of(multiplier)?;
        // ½ of an even number needs no rounding, nor has ¼ of its double: a shift is wanted.
        let (left, scale) = match (scale.right(), scale.mantissa()) {
            (0, mantissa) if mantissa == 1 << 30 && left > 0 => {
                (left + 1, BoundedScale::of(Multiplier::new(1 << 30, -1)?)?)
            }
            (0, _) => return None,
            _ => (left, scale),
        };
        // 255 · 2^left, halved: two of them are below the limit of the sum's scale.
        if left > 21 {
            return None;
        }
        Some(Self { zero: zero.0, left, factors: in_every_lane(scale) })
    }

    #[inline(always)]
    fn scale(&self, q: i8) -> i32 {
        self.factors.scale(0, (i32::from(q) - self.zero) << self.left)
    }
}

impl Addition {
    /// `None` where the factors are not what the kernel can scale by.
    pub fn of(sum: &Sum) -> Option<Self> {
        let inputs = &sum.inputs;
        let scale = BoundedScale::of(sum.multiplier).filter(|scale| scale.right() > 0)?;
        Some(Self {
            a: Term::of(inputs.zero_a, inputs.left_shift, inputs.multiplier_a)?,
            b: Term::of(inputs.zero_b, inputs.left_shift, inputs.multiplier_b)?,
            sum: in_every_lane(scale),
            ends: Ends::of(sum.zero_out, sum.clamp)?,
        })
    }

    /// One output.
    #[inline(always)]
    pub fn apply(&self, a: i8, b: i8) -> i8 {
        self.ends.apply(self.sum.scale(0, self.a.scale(a) + self.b.scale(b)))
    }
}

/// Whether the kernels of hosts have the constants of an addition.
pub fn can_add(sum: &Sum) -> bool {
    Addition::of(sum).is_some()
}

pub(in crate::arch) fn run(
    inner: &Inner,
    sum: &Sum,
    a: Source<'_, i8>,
    b: Source<'_, i8>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    for source in [&a, &b] {
        if let Source::Given(elements) = source {
            KernelError::check(Some(output.len()), elements.len())?;
        }
    }
    let addition = Addition::of(sum).ok_or(KernelError::Geometry)?;
    for (index, output) in output.chunks_mut(CHUNK).enumerate() {
        let mut held = [0i8; CHUNK];
        for (held, &output) in held.iter_mut().zip(&*output) {
            *held = output;
        }
        let held = held.get(..output.len()).unwrap_or_default();
        let [a, b] = [&a, &b].map(|source| match *source {
            Source::Given(elements) => elements.get(index * CHUNK..).unwrap_or_default(),
            Source::Output => held,
        });
        (inner.add)(&addition, a, b, output);
    }
    Ok(())
}
