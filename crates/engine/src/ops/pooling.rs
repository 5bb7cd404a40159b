//! Pooling and resizing. Operands of each, in order: output, input.

use kernels::reference::{self, Pool2d, Pool2dFloat, ResizeBilinear, Steps, StepsF32};

use super::{Flow, Operator};
use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

macro_rules! pooling {
    ($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $params);

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let ([output], [input]) = io.split([0], [1])?;
                $kernel(&self.0, elements(input, 1)?, elements_mut(output, 0)?)?;
                Ok(Flow::Next)
            }
        }
    };
}

pooling! {
    /// AVERAGE_POOL_2D on int8.
    AveragePool2dS8(Pool2d) = reference::average_pool_2d_s8
}
pooling! {
    /// MAX_POOL_2D on int8.
    MaxPool2dS8(Pool2d) = reference::max_pool_2d_s8
}
pooling! {
    /// AVERAGE_POOL_2D on int16.
    AveragePool2dS16(Pool2d) = reference::average_pool_2d_s16
}
pooling! {
    /// MAX_POOL_2D on int16.
    MaxPool2dS16(Pool2d) = reference::max_pool_2d_s16
}
pooling! {
    /// AVERAGE_POOL_2D on float32.
    AveragePool2dF32(Pool2dFloat) = reference::average_pool_2d_f32
}
pooling! {
    /// MAX_POOL_2D on float32.
    MaxPool2dF32(Pool2dFloat) = reference::max_pool_2d_f32
}
pooling! {
    /// L2_POOL_2D on float32.
    L2Pool2dF32(Pool2dFloat) = reference::l2_pool_2d_f32
}

type ResizeInteger = ResizeBilinear<Steps>;
type ResizeFloat = ResizeBilinear<StepsF32>;

pooling! {
    /// RESIZE_BILINEAR on int8.
    ResizeBilinearS8(ResizeInteger) = reference::resize_bilinear_s8
}
pooling! {
    /// RESIZE_BILINEAR on int16.
    ResizeBilinearS16(ResizeInteger) = reference::resize_bilinear_s16
}
pooling! {
    /// RESIZE_BILINEAR on uint8.
    ResizeBilinearU8(ResizeFloat) = reference::resize_bilinear_u8
}
pooling! {
    /// RESIZE_BILINEAR on float32.
    ResizeBilinearF32(ResizeFloat) = reference::resize_bilinear_f32
}
