//! Kernels for AArch64 hosts. Images keep their signed bytes.

#[cfg(target_arch = "aarch64")]
mod neon;

use super::wide::{self, Inner, plain};

/// What a processor can do, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the compiler makes of plain Rust.
    Plain,
    /// NEON: products of bytes that are widened.
    Neon,
    /// NEON with SDOT: four products of bytes at once.
    NeonDot,
}

impl wide::Level for Level {
    const INPUT_BIAS: i32 = 0;
    const ALL: &'static [Self] = &[Self::Plain, Self::Neon, Self::NeonDot];

    fn detected() -> Self {
        #[cfg(all(target_arch = "aarch64", feature = "detect"))]
        if std::arch::is_aarch64_feature_detected!("dotprod") {
            return Self::NeonDot;
        }
        if cfg!(target_arch = "aarch64") { Self::Neon } else { Self::Plain }
    }

    fn inner(self) -> &'static Inner {
        match self.min(Self::detected()) {
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot => &neon::sdot::INNER,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => &neon::smull::INNER,
            _ => &plain::SIGNED,
        }
    }
}
