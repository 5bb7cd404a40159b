//! How operators are written down.

/// Declares an operator: its parameters, and what one does with a step's operands, before the next step follows.
///
/// `plain`: its parameters are what their bytes say.
macro_rules! operator {
    (plain $(#[$doc:meta])* $name:ident($params:ty), |$this:ident, $io:ident| $run:block) => {
        operator! {
            @ [
                $(#[$doc])*
                #[derive(bytemuck::Pod, bytemuck::Zeroable)]
                #[repr(transparent)]
                pub struct $name(pub $params);
            ] $name |$this, $io| $run
        }
    };
    ($(#[$doc:meta])* $name:ident($params:ty), |$this:ident, $io:ident| $run:block) => {
        operator! { @ [$(#[$doc])* pub struct $name(pub $params);] $name |$this, $io| $run }
    };
    ($(#[$doc:meta])* $name:ident { $($fields:tt)* }, |$this:ident, $io:ident| $run:block) => {
        operator! { @ [$(#[$doc])* pub struct $name { $($fields)* }] $name |$this, $io| $run }
    };
    ($(#[$doc:meta])* $name:ident, |$io:ident| $run:block) => {
        operator! { @ [$(#[$doc])* pub struct $name;] $name |_this, $io| $run }
    };
    (@ [$($parameters:tt)*] $name:ident |$this:ident, $io:ident| $run:block) => {
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        $($parameters)*

        impl crate::ops::Operator for $name {
            fn run(&self, $io: &mut crate::Io<'_, '_>) -> Result<crate::ops::Flow, crate::RunError> {
                let $this = self;
                $run
                Ok(crate::ops::Flow::Next)
            }
        }
    };
}

/// Declares operators whose kernels read one operand and write another. Operands of each, in order: output, input.
macro_rules! from_input {
    ($($(#[$doc:meta])* $name:ident($params:ty) = $kernel:path;)*) => {$(
        operator! {
            $(#[$doc])* $name($params), |this, io| {
                let ([output], [input]) = io.split([0], [1])?;
                $kernel(
                    &this.0,
                    crate::memory::elements(input, 1)?,
                    crate::memory::elements_mut(output, 0)?,
                )?;
            }
        }
    )*};
}
