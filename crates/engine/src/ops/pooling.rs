//! Pooling and resizing. Operands of each, in order: output, input.

use kernels::reference::{self, Pool2d, Pool2dFloat, ResizeBilinear, Steps, StepsF32};

from_input! {
    /// AVERAGE_POOL_2D on int8.
    AveragePool2dS8(Pool2d) = reference::average_pool_2d_s8;
    /// MAX_POOL_2D on int8.
    MaxPool2dS8(Pool2d) = reference::max_pool_2d_s8;
    /// AVERAGE_POOL_2D on int16.
    AveragePool2dS16(Pool2d) = reference::average_pool_2d_s16;
    /// MAX_POOL_2D on int16.
    MaxPool2dS16(Pool2d) = reference::max_pool_2d_s16;
    /// AVERAGE_POOL_2D on float32.
    AveragePool2dF32(Pool2dFloat) = reference::average_pool_2d_f32;
    /// MAX_POOL_2D on float32.
    MaxPool2dF32(Pool2dFloat) = reference::max_pool_2d_f32;
    /// L2_POOL_2D on float32.
    L2Pool2dF32(Pool2dFloat) = reference::l2_pool_2d_f32;
}

type ResizeInteger = ResizeBilinear<Steps>;
type ResizeFloat = ResizeBilinear<StepsF32>;

from_input! {
    /// RESIZE_BILINEAR on int8.
    ResizeBilinearS8(ResizeInteger) = reference::resize_bilinear_s8;
    /// RESIZE_BILINEAR on int16.
    ResizeBilinearS16(ResizeInteger) = reference::resize_bilinear_s16;
    /// RESIZE_BILINEAR on uint8.
    ResizeBilinearU8(ResizeFloat) = reference::resize_bilinear_u8;
    /// RESIZE_BILINEAR on float32.
    ResizeBilinearF32(ResizeFloat) = reference::resize_bilinear_f32;
}
