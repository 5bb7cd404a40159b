//! The kernels for images in which every byte counts give the reference's bytes.

mod support;

use compiler::Isa;
use support::{Op, agree};

#[test]
fn convolutions_agree() {
    let packed = agree(Isa::Compact, Op::Conv2d, 400);
    assert!(packed >= 100, "{packed}");
}

#[test]
fn depthwise_convolutions_agree() {
    let packed = agree(Isa::Compact, Op::DepthwiseConv2d, 400);
    assert!(packed >= 50, "{packed}");
}

#[test]
fn products_with_a_matrix_agree() {
    let packed = agree(Isa::Compact, Op::FullyConnected, 300);
    assert!(packed >= 200, "{packed}");
}
