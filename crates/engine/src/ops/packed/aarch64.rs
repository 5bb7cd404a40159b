//! Kernels for AArch64 hosts.

use super::wide::{addition, weighted};

weighted! { aarch64:
    /// CONV_2D on int8.
    Conv2dAarch64(Conv2d) = Conv2dWide, conv_2d_s8;
    /// DEPTHWISE_CONV_2D on int8, one filter per channel.
    DepthwiseConv2dAarch64(DepthwiseConv2d) = DepthwiseConv2dWide, depthwise_conv_2d_s8;
    /// FULLY_CONNECTED on int8: a convolution of one column, its rows the vectors.
    FullyConnectedAarch64(Conv2d) = Conv2dWide, conv_2d_s8;
}

addition! { aarch64:
    /// ADD on int8 tensors of the same shape.
    AddAarch64
}
