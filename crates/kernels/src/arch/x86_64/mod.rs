//! Kernels for x86-64 hosts, whose processors differ in what they can do: found out at run time.
//!
//! All levels read the same packed weights. Images are biased to unsigned bytes, as VPDPBUSD wants them; the
//! packed bias takes the 128 off again.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use super::wide::{self, Inner, plain};

/// What a processor can do, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the compiler makes of plain Rust.
    Plain,
    /// AVX2: products of 16-bit integers.
    Avx2,
    /// AVX-512 with VNNI: four products of bytes at once.
    Avx512Vnni,
}

impl wide::Level for Level {
    const INPUT_BIAS: i32 = 128;
    const ALL: &'static [Self] = &[Self::Plain, Self::Avx2, Self::Avx512Vnni];

    fn detected() -> Self {
        #[cfg(all(target_arch = "x86_64", feature = "detect"))]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx512f") && has!("avx512bw") && has!("avx512vl") && has!("avx512vnni") {
                return Self::Avx512Vnni;
            }
            if has!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Plain
    }

    fn inner(self) -> &'static Inner {
        match self.min(Self::detected()) {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => &avx512::INNER,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => &avx2::INNER,
            _ => &plain::UNSIGNED,
        }
    }
}
