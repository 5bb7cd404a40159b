//! Kernels for x86-64 hosts.

use super::wide::{addition, weighted};

weighted! { x86_64:
    /// CONV_2D on int8.
    Conv2dX86_64(Conv2d) = Conv2dWide, conv_2d_s8;
    /// DEPTHWISE_CONV_2D on int8, one filter per channel.
    DepthwiseConv2dX86_64(DepthwiseConv2d) = DepthwiseConv2dWide, depthwise_conv_2d_s8;
    /// FULLY_CONNECTED on int8: a convolution of one column, its rows the vectors.
    FullyConnectedX86_64(Conv2d) = Conv2dWide, conv_2d_s8;
}

addition! { x86_64:
    /// ADD on int8 tensors of the same shape.
    AddX86_64
}
