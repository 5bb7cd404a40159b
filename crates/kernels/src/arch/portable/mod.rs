//! Kernels in plain Rust for any core.
//!
//! Windows are clipped to the image before the loops, so the innermost ones are inner products with
//! nothing to decide.

mod conv_2d;
mod depthwise_conv_2d;
mod fully_connected;

pub use conv_2d::conv_2d_s8;
pub use depthwise_conv_2d::depthwise_conv_2d_s8;
pub use fully_connected::fully_connected_s8;

/// Σ (q − zero) · k over two slices; wraps.
#[inline]
fn dot(q: &[i8], k: &[i8], zero: i32) -> i32 {
    q.iter().zip(k).fold(0i32, |sum, (&q, &k)| {
        sum.wrapping_add((i32::from(q).wrapping_sub(zero)).wrapping_mul(i32::from(k)))
    })
}
