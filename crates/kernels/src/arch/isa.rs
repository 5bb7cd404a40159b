//! The instruction sets that kernels are written for.

use core::{fmt, str::FromStr};

use super::target::best_isa;

macro_rules! isas {
    ($($(#[$doc:meta])* $isa:ident = $name:literal,)*) => {
        /// An instruction set that kernels are written for.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Isa {
            $($(#[$doc])* $isa,)*
        }

        impl Isa {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$isa),*];

            /// How records and command lines spell it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$isa => $name),* }
            }
        }
    };
}

isas! {
    /// Any: plain Rust, weights as the model has them.
    #[default]
    Portable = "portable",
    /// Any, in as little code as goes.
    Compact = "compact",
    /// Cortex-M0, M0+ and M23: no long multiply, eight registers that everything can use.
    Armv6m = "armv6m",
    /// Cortex-M3, and ARMv8-M mainline without the DSP extension.
    Armv7m = "armv7m",
    /// Cortex-M4, M7 and M33: the DSP extension's dual multiply-accumulate.
    Armv7em = "armv7em",
    /// Cortex-M55 and M85: Helium.
    Mve = "armv8_1m_mve",
    /// RV32IMC.
    Riscv32 = "riscv32",
    /// Hosts with SSE2 or better, found at run time.
    X86_64 = "x86_64",
    /// Hosts with NEON.
    Aarch64 = "aarch64",
}

impl Isa {
    /// The one whose kernels run best on a target. `core` is the core's name, or empty where it is not known.
    pub fn of_target(triple: &str, core: &str) -> Self {
        best_isa(triple, core).parse().unwrap_or_default()
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no instruction set has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownIsa;

impl fmt::Display for UnknownIsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no kernels are written for this instruction set; there are")?;
        Isa::ALL.iter().try_for_each(|isa| write!(f, " {isa}"))
    }
}

impl core::error::Error for UnknownIsa {}

impl FromStr for Isa {
    type Err = UnknownIsa;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|isa| isa.name() == name).ok_or(UnknownIsa)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn targets_get_what_their_cores_have() {
        for (triple, core, isa) in [
            ("thumbv6m-none-eabi", "Cortex-M0", Isa::Armv6m),
            ("thumbv7m-none-eabi", "Cortex-M3", Isa::Armv7m),
            ("thumbv7em-none-eabihf", "", Isa::Armv7em),
            ("thumbv8m.main-none-eabihf", "Cortex-M33", Isa::Armv7em),
            ("thumbv8m.main-none-eabi", "", Isa::Armv7m),
            ("thumbv8m.main-none-eabihf", "cortex-m55", Isa::Mve),
            ("riscv32imc-unknown-none-elf", "", Isa::Riscv32),
            ("x86_64-unknown-linux-gnu", "", Isa::X86_64),
            ("wasm32-unknown-unknown", "", Isa::Portable),
        ] {
            assert_eq!(Isa::of_target(triple, core), isa, "{triple} {core}");
        }
    }

    #[test]
    fn names_read_back() {
        for &isa in Isa::ALL {
            assert_eq!(isa.to_string().parse(), Ok(isa));
        }
        let message = "mips".parse::<Isa>().unwrap_err().to_string();
        assert!(message.contains("portable") && message.contains("armv7em"), "{message}");
    }
}
