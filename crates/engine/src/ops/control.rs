//! Jumps, from which IF and WHILE are built.

use super::{Flow, Operator};
use crate::{Io, RunError};

/// Continues elsewhere. Operands: what the layer has written, for those who look on; it is left alone.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Jump {
    /// Index of the step that comes next.
    pub to: u16,
}

impl Operator for Jump {
    fn run(&self, _io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        Ok(Flow::Jump(self.to))
    }
}

/// Continues elsewhere when a bool is false.
///
/// Operands: what the layer has written, for those who look on; the bool (read).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct JumpUnless {
    /// Index of the step that comes next when the bool is false.
    pub to: u16,
}

impl Operator for JumpUnless {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        match io.read(1)? {
            [0, ..] => Ok(Flow::Jump(self.to)),
            [_, ..] => Ok(Flow::Next),
            [] => Err(RunError::Operand { index: 1 }),
        }
    }
}
