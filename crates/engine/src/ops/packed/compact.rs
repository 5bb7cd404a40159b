//! Layers for images in which every byte counts, on any core.
//!
//! Operands of those with weights: output, input, constants, scratch where the kernel asks for some.

use bytemuck::{cast_slice, cast_slice_mut};
use kernels::{
    KernelError,
    arch::compact::{
        CompactAdd, CompactBuffers, CompactFullyConnected, CompactLayer, CompactMean, softmax_s8,
    },
    reference::Softmax,
};

use crate::{Flow, Io, Operator, RunError};

/// What an operator here does with what it works on.
trait Kernel {
    /// `None` where lengths do not fit.
    fn apply(&self, buffers: CompactBuffers<'_>) -> Option<()>;
}

/// Runs a kernel on a step's operands. All operators here do, so that a program has this code once.
#[inline(never)]
fn run(kernel: &dyn Kernel, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
    let ([output, scratch], [input, constants]) = io.split([0, 3], [1, 2])?;
    let buffers = CompactBuffers {
        output: cast_slice_mut(output),
        input: cast_slice(input),
        constants,
        scratch: cast_slice_mut(scratch),
    };
    kernel.apply(buffers).map(|()| Flow::Next).ok_or(RunError::Kernel(KernelError::Geometry))
}

macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident($params:ty) = $kernel:path;)*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        $(#[$doc])*
        pub struct $name(pub $params);

        impl Kernel for $name {
            fn apply(&self, buffers: CompactBuffers<'_>) -> Option<()> {
                $kernel(&self.0, buffers)
            }
        }

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                run(self, io)
            }
        }
    )*};
}

operators! {
    /// CONV_2D on int8, and FULLY_CONNECTED beside such layers.
    #[derive(bytemuck::Pod, bytemuck::Zeroable)]
    #[repr(transparent)]
    Conv2dCompact(CompactLayer) = CompactLayer::conv_2d;
    /// DEPTHWISE_CONV_2D on int8, one filter per channel.
    #[derive(bytemuck::Pod, bytemuck::Zeroable)]
    #[repr(transparent)]
    DepthwiseConv2dCompact(CompactLayer) = CompactLayer::depthwise_conv_2d;
    /// FULLY_CONNECTED on int8.
    #[derive(bytemuck::Pod, bytemuck::Zeroable)]
    #[repr(transparent)]
    FullyConnectedCompact(CompactFullyConnected) = CompactFullyConnected::run;
    /// AVERAGE_POOL_2D on int8 over the whole of an image. Operands: output, input.
    AveragePool2dCompact(CompactMean) = CompactMean::run;
    /// SOFTMAX on int8. Operands: output, input.
    SoftmaxCompact(Softmax) = softmax_s8;
    /// ADD on int8 tensors of one shape. Operands: the output, the first, the second.
    AddCompact(CompactAdd) = CompactAdd::run;
}
