//! Kernels for x86-64 hosts, whose processors differ in what they can do: found out at run time.
//!
//! All levels read the same packed weights. Images are biased to unsigned bytes, as VPDPBUSD wants them; the
//! packed bias takes the 128 off again.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use quant::Sum;

use super::wide::{self, Inner, plain};
pub use super::wide::{Conv2dWide, DepthwiseConv2dWide};
use crate::{KernelError, reference::Source};

/// What every byte of an image is changed by before it meets a weight.
pub const INPUT_BIAS: i32 = 128;

/// What a processor can do, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the compiler makes of plain Rust.
    Plain,
    /// AVX2: products of 16-bit integers.
    Avx2,
    /// AVX-512 with VNNI: four products of bytes at once.
    Avx512Vnni,
}

impl Level {
    /// All of them, least first.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Avx2, Self::Avx512Vnni];

    /// The highest that this processor and its operating system have. Without the feature `detect`,
    /// [`Level::Plain`].
    pub fn detected() -> Self {
        #[cfg(all(target_arch = "x86_64", feature = "detect"))]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx512f") && has!("avx512bw") && has!("avx512vl") && has!("avx512vnni") {
                return Self::Avx512Vnni;
            }
            if has!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Plain
    }

    /// The inner loops of this level, or of the highest below it that the processor has.
    fn inner(self) -> &'static Inner {
        match self.min(Self::detected()) {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => &avx512::INNER,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => &avx2::INNER,
            _ => &plain::UNSIGNED,
        }
    }
}

/// As [`reference::conv_2d_s8`](crate::reference::conv_2d_s8), on packed weights; FULLY_CONNECTED is one of them.
///
/// | buffer    | elements                                | values                                  |
/// |-----------|-----------------------------------------|-----------------------------------------|
/// | `input`   | as the reference                        | −128 ..= 127                            |
/// | `packed`  | [`Factors`](super::wide::Factors) of each group, then weights | see [`Conv2dWide::place`] |
/// | `scratch` | [`Conv2dWide::scratch_bytes`]           | any                                     |
/// | `output`  | as the reference                        | `clamp`                                 |
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`] when the buffers do not fit, when a filter does not span all
/// channels, or when a zero or a limit is no int8.
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

/// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8), on packed weights; buffers as for
/// [`conv_2d_s8`].
///
/// # Errors
/// As [`conv_2d_s8`]; [`KernelError::Geometry`] when there is not one filter per channel.
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
