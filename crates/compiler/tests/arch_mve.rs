//! Helium's kernels, their inner loops in plain Rust, give the reference's bytes.

mod support;

use compiler::Isa;
use support::{Op, agree};

#[test]
fn convolutions_agree() {
    let packed = agree(Isa::Mve, Op::Conv2d, 400);
    assert!(packed >= 200, "{packed}");
}

#[test]
fn depthwise_convolutions_agree() {
    let packed = agree(Isa::Mve, Op::DepthwiseConv2d, 400);
    assert!(packed >= 200, "{packed}");
}

#[test]
fn products_with_a_matrix_agree() {
    let packed = agree(Isa::Mve, Op::FullyConnected, 300);
    assert!(packed >= 200, "{packed}");
}
