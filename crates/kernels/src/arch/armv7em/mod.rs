//! Kernels for cores with the DSP extension: Cortex-M4, Cortex-M7, Cortex-M33.
//!
//! What they share:
//! * **Two multiply-accumulates per instruction.** SMLAD multiplies pairs of 16-bit halves, so images are widened to
//!   16 bits in scratch memory, once for all output channels.
//! * **Two channels per weight word.** A word holds `256·b + a` of channels `a` and `b`, for two elements. As it
//!   stands it sums `256·B + A`; its even bytes, sign-extended by one SXTB16, sum `A`. So half the unpacking is a
//!   subtraction per output. The compiler checks that `B` stays in 24 bits.
//! * **Doubled images.** What is widened is `2 · (q − zero)`: the doubling is what a rounding high multiply needs to
//!   round as [`quant::Multiplier`] does, see [`quant::Halving`], and a tap outside the image is 0.

mod add;
mod conv_2d;
mod depthwise_conv_2d;
mod fully_connected;
mod lanes;
mod product;
mod widen;

pub use add::{add_s8, takes_add};
pub use conv_2d::{conv_2d_s8, scratch_words as conv_2d_scratch_words};
pub use depthwise_conv_2d::{
    RECORD_BYTES as DEPTHWISE_RECORD_BYTES, TAPS as DEPTHWISE_TAPS, depthwise_conv_2d_s8,
    depthwise_windows_s8, scratch_words as depthwise_conv_2d_scratch_words,
    windows_scratch_words as depthwise_windows_scratch_words,
};
pub use fully_connected::{fully_connected_s8, takes as takes_fully_connected};
pub use product::{Elements, stream_words};

use quant::Clamp;

/// Limits outputs to a range, where that is not all of `i8`.
#[inline(never)]
fn limit(clamp: Clamp, out: &mut [i8]) {
    if clamp.min > i32::from(i8::MIN) || clamp.max < i32::from(i8::MAX) {
        for out in out {
            *out = clamp.apply(i32::from(*out)) as i8;
        }
    }
}
