//! The operators that a plan can name.
//!
//! Each is a kernel's parameters together with the order of its operands, of which the first is what it
//! writes. A step refers to one by a trait object, so that the linker keeps the operators of the plans in a program and no others.

#[macro_use]
mod declare;

mod circular_buffer;
mod control;
mod convolution;
mod elementwise;
mod embedding_lookup;
mod hybrid;
mod matmul;
mod movement;
mod packed;
mod plain;
mod pooling;
mod recurrent;
mod reduction;
mod slide;
mod softmax;

pub use circular_buffer::CircularBuffer;
pub use control::{Jump, JumpUnless};
pub use convolution::{
    Conv2dReal, Conv2dS4, Conv2dS8, Conv2dS16, Conv2dS16Bias32, DepthwiseConv2dReal, DepthwiseConv2dS4,
    DepthwiseConv2dS8, DepthwiseConv2dS16, DepthwiseConv2dS16Bias32, FullyConnectedOnceS4,
    FullyConnectedOnceS8, FullyConnectedReal, FullyConnectedS4, FullyConnectedS8, FullyConnectedS16,
    FullyConnectedS16Bias32, TransposeConvReal, TransposeConvS8, TransposeConvS16,
};
pub use elementwise::*;
pub use embedding_lookup::{DequantizedLookup, EmbeddingLookup};
pub use hybrid::{Conv2dDynamic, DepthwiseConv2dDynamic, FullyConnectedDynamic};
pub use matmul::{BatchMatMulReal, BatchMatMulS8, BatchMatMulS16};
pub use movement::{
    CopyBytes, FillBytes, GatherNdS32, GatherNdS64, GatherS32, GatherS64, PickBytes, UpdateSliceS32,
    UpdateSliceS64,
};
pub use packed::*;
pub use pooling::{
    AveragePool2dF32, AveragePool2dS8, AveragePool2dS16, L2Pool2dF32, MaxPool2dF32, MaxPool2dS8,
    MaxPool2dS16, ResizeBilinearF32, ResizeBilinearS8, ResizeBilinearS16, ResizeBilinearU8,
};
pub use recurrent::{LstmReal, LstmS8, LstmS16, SvdfReal, SvdfS8, SvdfS16};
pub use reduction::{
    ArgF32, ArgF32S64, ArgS8, ArgS8S64, ArgS32, ArgS32S64, ArgU8, ArgU8S64, ExtremeF32, ExtremeS8,
    ExtremeS16, ExtremeS32, ExtremeS64, ExtremeU8, MeanF32, ProdF32, ProdS8, ProdS16, ProdS32, ProdS64,
    Quantified, SumF32, SumS8, SumS16, SumS32, SumS64, TopKF32, TopKS8, TopKS16, TopKS32, TopKS64, TopKU8,
};
pub use slide::SlideBytes;
pub use softmax::{
    L2NormF32, L2NormS8, LogSoftmaxF32, LogSoftmaxS8, SoftmaxF32, SoftmaxS8, SoftmaxS8S16, SoftmaxS16,
};

#[cfg(feature = "blob")]
use kernels::arch::{Isa, NATIVE};

use crate::{Io, RunError};

/// Which step comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The one that follows.
    Next,
    /// The one at this index.
    Jump(u16),
}

/// A kernel with its parameters.
pub trait Operator: Sync {
    /// Runs the kernel on a step's operands.
    ///
    /// # Errors
    /// As [`RunError`] says; never, on operands that the compiler placed.
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError>;
}

/// Lists the operators: their numbers in a blob, their names, and a type that holds any one of them. Those of one
/// instruction set's packed weights are a group of their own.
///
/// A number is never given to another operator, and a changed parameter layout takes a new number.
macro_rules! operators {
    ($($group:ident { $($id:literal $name:ident)* })*) => {
        /// Any operator, for hosts that build plans.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum AnyOperator { $($($name($name)),*),* }

        impl AnyOperator {
            /// The operator's number in a blob.
            pub const fn id(&self) -> u16 {
                match self { $($(Self::$name(_) => $id),*),* }
            }

            /// The operator's type name, which ends in the instruction set that its weights are packed for.
            pub const fn name(&self) -> &'static str {
                match self { $($(Self::$name(_) => stringify!($name)),*),* }
            }
        }

        impl Operator for AnyOperator {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                match self { $($(Self::$name(operator) => operator.run(io)),*),* }
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for AnyOperator {
            /// Writes the operator as its own type would be written, without saying which it is.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $($(Self::$name(operator) => operator.serialize(serializer)),*),* }
            }
        }

        $($(impl From<$name> for AnyOperator {
            fn from(operator: $name) -> Self { Self::$name(operator) }
        })*)*

        $($(#[cfg(feature = "blob")]
        impl crate::blob::Coded for $name { const ID: u16 = $id; })*)*

        /// The operators of each instruction set.
        #[cfg(feature = "blob")]
        const GROUPS: &[(Isa, &[crate::blob::Entry])] =
            &[$((Isa::$group, &[$(crate::blob::entry::<$name>()),*])),*];
    };
}

operators! {
    Portable {
        1 Conv2dS8
        2 DepthwiseConv2dS8
        3 FullyConnectedS8
        4 TransposeConvS8
        5 BatchMatMulS8
        6 SvdfS8
        7 SvdfS16
        8 LstmS8
        9 EmbeddingLookup
        10 FullyConnectedOnceS8
        11 Conv2dS4
        12 DepthwiseConv2dS4
        13 FullyConnectedS4
        14 FullyConnectedOnceS4
        21 Conv2dS16
        22 DepthwiseConv2dS16
        23 FullyConnectedS16
        24 TransposeConvS16
        25 BatchMatMulS16
        28 LstmS16
        31 Conv2dS16Bias32
        32 DepthwiseConv2dS16Bias32
        33 FullyConnectedS16Bias32
        41 Conv2dReal
        42 DepthwiseConv2dReal
        43 FullyConnectedReal
        44 TransposeConvReal
        45 BatchMatMulReal
        46 SvdfReal
        48 LstmReal
        51 Conv2dDynamic
        52 DepthwiseConv2dDynamic
        53 FullyConnectedDynamic
        59 DequantizedLookup
        100 AddS8
        101 AddS16
        102 SubS8
        103 SubS16
        104 MulS8
        105 MulS16
        106 QuantizeS8
        107 QuantizeU8
        108 QuantizeS16
        109 DequantizeS8
        110 DequantizeU8
        111 DequantizeS16
        112 DequantizeS32
        113 RequantizeS8ToS16
        114 RequantizeS8ToS32
        115 RequantizeU8ToS16
        116 RequantizeS16ToS8
        117 RequantizeS16
        118 RequantizeS16ToS32
        119 RequantizeS32ToS8
        120 RequantizeS32ToS16
        121 Lut8
        122 AddNS8
        123 CompareU8
        124 CompareS32
        125 CompareS64
        126 CompareF32
        127 CompareScaledS8
        128 CompareScaledU8
        129 CompareS16
        300 AveragePool2dS8
        301 MaxPool2dS8
        302 AveragePool2dS16
        303 MaxPool2dS16
        304 AveragePool2dF32
        305 MaxPool2dF32
        306 L2Pool2dF32
        310 SoftmaxS8
        311 SoftmaxS8S16
        312 SoftmaxS16
        313 SoftmaxF32
        314 LogSoftmaxS8
        315 LogSoftmaxF32
        316 L2NormS8
        317 L2NormF32
        130 AddF32
        131 AddS32
        132 AddS64
        133 SubF32
        134 SubS32
        135 SubS64
        136 MulF32
        137 MulS32
        138 MulS64
        139 DivF32
        140 DivS32
        141 SquaredDifferenceF32
        142 SquaredDifferenceS32
        143 MaximumF32
        144 MaximumS8
        145 MaximumU8
        146 MaximumS16
        147 MaximumS32
        148 MaximumS64
        149 MinimumF32
        150 MinimumS8
        151 MinimumU8
        152 MinimumS16
        153 MinimumS32
        154 MinimumS64
        155 FloorDivF32
        156 FloorDivS8
        157 FloorDivS16
        158 FloorDivS32
        159 FloorDivS64
        160 FloorModF32
        161 FloorModS8
        162 FloorModS16
        163 FloorModS32
        164 FloorModS64
        165 PowF32
        166 PowS32
        167 LogicalAnd
        168 LogicalOr
        169 PreluF32
        170 Select8
        171 Select16
        172 Select32
        173 Select64
        174 SquaredDifferenceS8
        175 SquaredDifferenceS16
        176 DivS8
        177 DivS16
        178 PreluS8
        179 PreluS16
        180 AddNF32
        181 AddNS32
        182 CastAny
        183 CumsumF32
        184 CumsumS32
        185 CumsumS64
        186 CumsumS8
        187 Zeros
        188 BroadcastArgsS32
        189 BroadcastArgsS64
        190 AbsS16
        191 LeakyReluS16
        192 LogisticS16
        193 TanhS16
        194 LimitF32
        195 LeakyReluF32
        196 AbsS32
        197 NegS32
        198 AbsF32
        199 NegF32
        200 ExpF32
        201 LogF32
        202 SqrtF32
        203 RsqrtF32
        204 SquareF32
        205 SinF32
        206 CosF32
        207 CeilF32
        208 FloorF32
        209 RoundF32
        210 SignF32
        211 LogisticF32
        212 TanhF32
        213 HardSwishF32
        214 EluF32
        215 GeluF32
        216 GeluTanhF32
        217 Lut16
        320 CopyBytes
        321 FillBytes
        322 PickBytes
        323 GatherS32
        324 GatherS64
        325 GatherNdS32
        326 GatherNdS64
        327 UpdateSliceS32
        328 UpdateSliceS64
        330 ResizeBilinearS8
        331 ResizeBilinearS16
        332 ResizeBilinearU8
        333 ResizeBilinearF32
        340 SumS8
        341 SumS16
        342 SumS32
        343 SumS64
        344 SumF32
        345 MeanF32
        346 ProdS32
        347 ProdS64
        348 ProdF32
        349 ExtremeS8
        350 ExtremeU8
        351 ExtremeS16
        352 ExtremeS32
        353 ExtremeS64
        354 ExtremeF32
        355 Quantified
        356 ProdS8
        357 ProdS16
        360 ArgS8
        361 ArgU8
        362 ArgS32
        363 ArgF32
        364 ArgS8S64
        365 ArgU8S64
        366 ArgS32S64
        367 ArgF32S64
        370 TopKS8
        371 TopKU8
        372 TopKS16
        373 TopKS32
        374 TopKS64
        375 TopKF32
        899 CircularBuffer
        900 Jump
        901 JumpUnless
        1600 SlideBytes
    }
    Compact {
        1620 Conv2dCompact
        1621 DepthwiseConv2dCompact
        1622 FullyConnectedCompact
        1623 AveragePool2dCompact
        1624 SoftmaxCompact
        1625 AddCompact
    }
    Armv6m {
        1200 Conv2dArmv6m
        1201 DepthwiseConv2dArmv6m
        1202 FullyConnectedArmv6m
    }
    Armv7m {
        1300 Conv2dArmv7m
        1301 DepthwiseConv2dArmv7m
        1302 FullyConnectedArmv7m
    }
    Riscv32 {
        1400 Conv2dRiscv32
        1401 DepthwiseConv2dRiscv32
        1402 FullyConnectedRiscv32
    }
    Armv7em {
        1000 Conv2dArmv7em
        1001 FullyConnectedArmv7em
        1002 DepthwiseConv2dArmv7em
        1003 AddArmv7em
        1004 DepthwiseWindowsArmv7em
    }
    Mve {
        1100 Conv2dMve
        1101 FullyConnectedMve
        1102 DepthwiseConv2dMve
        1103 AddMve
        1104 AveragePool2dMve
    }
    X86_64 {
        1500 Conv2dX86_64
        1501 DepthwiseConv2dX86_64
        1502 FullyConnectedX86_64
        1503 AddX86_64
    }
    Aarch64 {
        1550 Conv2dAarch64
        1551 DepthwiseConv2dAarch64
        1552 FullyConnectedAarch64
        1553 AddAarch64
    }
}

#[cfg(feature = "blob")]
const fn runs_here(isa: Isa) -> bool {
    // A host runs the plans of every board.
    let is_host = matches!(NATIVE, Isa::Portable | Isa::X86_64 | Isa::Aarch64);
    is_host || matches!(isa, Isa::Portable | Isa::Compact) || isa as u8 == NATIVE as u8
}

#[cfg(feature = "blob")]
const ALL_LEN: usize = {
    let (mut group, mut len) = (0, 0);
    while group < GROUPS.len() {
        if runs_here(GROUPS[group].0) {
            len += GROUPS[group].1.len();
        }
        group += 1;
    }
    len
};

/// Every operator that this program's instruction set has use for, on hosts those of all instruction sets: for
/// programs that run any blob. A program that runs known models saves flash by naming their operators instead:
/// [`entry`](crate::blob::entry).
#[cfg(feature = "blob")]
pub static ALL: &[crate::blob::Entry] = &{
    let mut all = [GROUPS[0].1[0]; ALL_LEN];
    let (mut group, mut next) = (0, 0);
    while group < GROUPS.len() {
        let mut index = 0;
        while runs_here(GROUPS[group].0) && index < GROUPS[group].1.len() {
            all[next] = GROUPS[group].1[index];
            (index, next) = (index + 1, next + 1);
        }
        group += 1;
    }
    all
};
