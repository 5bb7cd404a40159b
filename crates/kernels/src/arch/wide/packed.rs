//! Weights and factors as the compiler packs them.

use quant::{BoundedScale, Clamp, ZeroPoint};

use crate::KernelError;

/// Output channels of one group.
pub const LANES: usize = 16;

/// Bytes that one output channel's inner product takes at once.
pub const WORD_BYTES: usize = 4;

/// Bytes of weights for one word of input, all channels of a group.
pub(crate) const STEP_BYTES: usize = LANES * WORD_BYTES;

/// The constants of one group of output channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Factors {
    /// What sums begin with.
    pub biases: [i32; LANES],
    /// As [`BoundedScale::mantissa`].
    pub mantissas: [i32; LANES],
    /// As [`BoundedScale::right`].
    pub rights: [i32; LANES],
    /// As [`BoundedScale::nudge`]: of the even channels, then of the odd ones.
    pub nudges: [[i64; LANES / 2]; 2],
}

impl Factors {
    /// Constants of channels that give 0.
    pub const NONE: Self = Self {
        biases: [0; LANES],
        mantissas: [0; LANES],
        rights: [1; LANES],
        nudges: [[(1 << 30) + (1 << 31); LANES / 2]; 2],
    };

    /// Sets one channel's constants; those past the last lane go nowhere.
    pub fn set(&mut self, lane: usize, bias: i32, scale: BoundedScale) {
        if let (Some(to), Some(mantissa), Some(right), Some(nudge)) = (
            self.biases.get_mut(lane),
            self.mantissas.get_mut(lane),
            self.rights.get_mut(lane),
            self.nudges.get_mut(lane % 2).and_then(|half| half.get_mut(lane / 2)),
        ) {
            *to = bias;
            *mantissa = scale.mantissa();
            *right = scale.right() as i32;
            *nudge = scale.nudge();
        }
    }

    /// The scaled sum of one lane.
    #[inline]
    pub(super) fn scale(&self, lane: usize, sum: i32) -> i32 {
        let mantissa = self.mantissas.get(lane).copied().unwrap_or(0);
        let right = self.rights.get(lane).copied().unwrap_or(0);
        let nudge = self.nudges.get(lane % 2).and_then(|half| half.get(lane / 2)).copied().unwrap_or(0);
        let product = (i64::from(sum).wrapping_mul(i64::from(mantissa))).wrapping_add(nudge) >> 31;
        let sign = (sum >> 31).max(right.wrapping_neg());
        (product as i32).wrapping_add(sign).wrapping_shr(right as u32)
    }
}

/// What a scaled sum goes through on its way to the output.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub zero: i8,
    pub min: i8,
    pub max: i8,
}

impl Ends {
    /// `None` when one of them is no int8.
    pub(super) fn of(zero: ZeroPoint, clamp: Clamp) -> Option<Self> {
        Some(Self {
            zero: i8::try_from(zero.0).ok()?,
            min: i8::try_from(clamp.min).ok()?,
            max: i8::try_from(clamp.max).ok()?,
        })
    }

    /// The output.
    #[inline]
    pub(super) fn apply(self, scaled: i32) -> i8 {
        let moved = scaled.saturating_add(self.zero.into());
        moved.max(self.min.into()).min(self.max.into()) as i8
    }
}

/// The two parts of what the compiler packed: the factors of every group, then the weights of every group, in steps.
pub(super) fn parts(
    packed: &[u8],
    channels: usize,
    steps: usize,
) -> Result<(&[Factors], &[[u8; STEP_BYTES]]), KernelError> {
    let groups = channels.div_ceil(LANES);
    let factor_bytes = groups.checked_mul(size_of::<Factors>());
    let weight_bytes = steps.checked_mul(groups).and_then(|steps| steps.checked_mul(STEP_BYTES));
    let (Some(factor_bytes), Some(weight_bytes)) = (factor_bytes, weight_bytes) else {
        return Err(KernelError::Geometry);
    };
    KernelError::check(factor_bytes.checked_add(weight_bytes), packed.len())?;
    let (factors, weights) = packed.split_at_checked(factor_bytes).ok_or(KernelError::Geometry)?;
    let factors = bytemuck::try_cast_slice(factors).map_err(|_| KernelError::Geometry)?;
    Ok((factors, weights.as_chunks().0))
}
