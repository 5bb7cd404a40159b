//! The kernels of RV32IMC give the reference's bytes.

mod support;

use compiler::Isa;
use support::{Op, agree};

#[test]
fn convolutions_agree() {
    let packed = agree(Isa::Riscv32, Op::Conv2d, 400);
    assert!(packed >= 100, "{packed}");
}

#[test]
fn depthwise_convolutions_agree() {
    let packed = agree(Isa::Riscv32, Op::DepthwiseConv2d, 400);
    assert!(packed >= 50, "{packed}");
}

#[test]
fn products_with_a_matrix_agree() {
    let packed = agree(Isa::Riscv32, Op::FullyConnected, 300);
    assert!(packed >= 200, "{packed}");
}
