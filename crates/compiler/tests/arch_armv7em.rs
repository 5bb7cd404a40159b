//! The kernels of cores with the DSP extension, their inner loops in plain Rust, give the reference's bytes.

mod support;

use compiler::Isa;
use support::{Op, agree};

#[test]
fn convolutions_agree() {
    let packed = agree(Isa::Armv7em, Op::Conv2d, 400);
    assert!(packed >= 60, "{packed}");
}

#[test]
fn depthwise_convolutions_agree() {
    let packed = agree(Isa::Armv7em, Op::DepthwiseConv2d, 1500);
    assert!(packed >= 40, "{packed}");
}

#[test]
fn products_with_a_matrix_agree() {
    let packed = agree(Isa::Armv7em, Op::FullyConnected, 300);
    assert!(packed >= 60, "{packed}");
}
