//! What the kernels of hosts have in common: operators that differ in the instruction set alone.
//!
//! Operands of those with packed weights, in order: output, scratch, input, factors and weights.

macro_rules! weighted {
    ($isa:ident: $($(#[$doc:meta])* $name:ident($params:ident) = $wide:ident, $kernel:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub kernels::reference::$params);

        impl crate::ops::Operator for $name {
            fn run(&self, io: &mut crate::Io<'_, '_>) -> Result<crate::ops::Flow, crate::RunError> {
                use kernels::arch::$isa::{$wide, Level, $kernel};
                let ([output, scratch], [input, packed]) = io.split([0, 1], [2, 3])?;
                let input = crate::memory::elements(input, 2)?;
                let output = crate::memory::elements_mut(output, 0)?;
                $kernel(Level::detected(), &$wide(self.0), input, packed, scratch, output)?;
                Ok(crate::ops::Flow::Next)
            }
        }
    )*};
}

macro_rules! addition {
    ($isa:ident: $(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Operands: the output, the first, the second. The output may be one of the others.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub quant::Sum);

        impl crate::ops::Operator for $name {
            fn run(&self, io: &mut crate::Io<'_, '_>) -> Result<crate::ops::Flow, crate::RunError> {
                use kernels::arch::$isa::{Level, add_s8};
                let (output, [a, b]) = crate::ops::elementwise::two(io)?;
                add_s8(Level::detected(), &self.0, a, b, output)?;
                Ok(crate::ops::Flow::Next)
            }
        }
    };
}

pub(super) use {addition, weighted};
