//! What is to be measured, and what comes of it.

use std::path::Path;

use budget::Record;
use compiler::Compiled;
use firmware::{Board, Planning, Profile};

use crate::model::Model;

/// What is measured, and how.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The workspace.
    pub workspace: &'a Path,
    /// The board.
    pub board: &'a Board,
    /// The model.
    pub model: &'a Model,
    /// The model as it is planned for the board.
    pub compiled: &'a Compiled,
    /// The bytes of its inputs.
    pub inputs: &'a [Vec<u8>],
    /// How the firmware is planned.
    pub planning: Planning,
    /// What it is optimised for.
    pub profile: Profile,
    /// The timing table, where it is not the core's.
    pub timing: Option<&'a str>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The figures.
    pub record: Record,
    /// Whether the outputs of all runs are those of the host, byte for byte.
    pub same_bytes: bool,
}
