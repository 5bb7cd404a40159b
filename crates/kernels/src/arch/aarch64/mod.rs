//! Kernels for AArch64 hosts. Images keep their signed bytes.

#[cfg(target_arch = "aarch64")]
mod neon;

use quant::Sum;

use super::wide::{self, Inner, plain};
pub use super::wide::{Conv2dWide, DepthwiseConv2dWide};
use crate::{KernelError, reference::Source};

/// What every byte of an image is changed by before it meets a weight.
pub const INPUT_BIAS: i32 = 0;

/// What a processor can do, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the compiler makes of plain Rust.
    Plain,
    /// NEON: products of bytes that are widened.
    Neon,
    /// NEON with SDOT: four products of bytes at once.
    NeonDot,
}

impl Level {
    /// All of them, least first.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Neon, Self::NeonDot];

    /// The highest that this processor has; without the feature `detect`, no SDOT.
    pub fn detected() -> Self {
        #[cfg(all(target_arch = "aarch64", feature = "detect"))]
        if std::arch::is_aarch64_feature_detected!("dotprod") {
            return Self::NeonDot;
        }
        if cfg!(target_arch = "aarch64") { Self::Neon } else { Self::Plain }
    }

    /// The inner loops of this level, or of the highest below it that the processor has.
    fn inner(self) -> &'static Inner {
        match self.min(Self::detected()) {
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot => &neon::sdot::INNER,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => &neon::smull::INNER,
            _ => &plain::SIGNED,
        }
    }
}

/// As [`x86_64::conv_2d_s8`](super::x86_64::conv_2d_s8).
///
/// # Errors
/// As there.
pub fn conv_2d_s8(
    level: Level,
    conv: &Conv2dWide,
    input: &[i8],
    packed: &[u8],
    scratch: &mut [u8],
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.run(level.inner(), input, packed, scratch, output)
}

/// As [`x86_64::depthwise_conv_2d_s8`](super::x86_64::depthwise_conv_2d_s8).
///
/// # Errors
/// As there.
pub fn depthwise_conv_2d_s8(
    level: Level,
    conv: &DepthwiseConv2dWide,
    input: &[i8],
    packed: &[u8],
    scratch: &mut [u8],
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.run(level.inner(), input, packed, scratch, output)
}

/// As [`reference::add_s8`](crate::reference::add_s8), of tensors of the same shape.
///
/// # Errors
/// [`KernelError::Length`] when the lengths differ; [`KernelError::Geometry`] unless
/// [`can_add`](super::wide::can_add).
pub fn add_s8(
    level: Level,
    sum: &Sum,
    a: Source<'_, i8>,
    b: Source<'_, i8>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    wide::add(level.inner(), sum, a, b, output)
}
