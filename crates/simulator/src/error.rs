//! What can be wrong with what we are given, always with the file, the line and what was expected.

use thiserror::Error;

/// A place in a text file. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, or a name for a text that did not come from one.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Why a simulation could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimError {
    /// A machine file, a network or a work-load description is malformed.
    #[error("{place}: {found}; expected {expected}")]
    Malformed {
        /// Where.
        place: Place,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// No machine has this name.
    #[error("no machine is called `{name}`; near it: {near}. `sim --list` names them all")]
    UnknownMachine {
        /// The name asked for.
        name: String,
        /// A few names that resemble it.
        near: String,
    },
    /// A description on the command line is not understood.
    #[error("`{text}`: {found}; expected {expected}")]
    Usage {
        /// The text given.
        text: String,
        /// What is wrong with it.
        found: String,
        /// What it should look like.
        expected: String,
    },
    /// No engine of the machine may run the operator.
    #[error("layer {layer} ({operator}): no engine of `{machine}` takes it: {reasons}")]
    NoEngine {
        /// Index of the layer in the network.
        layer: usize,
        /// Its operator.
        operator: String,
        /// The machine.
        machine: String,
        /// Each engine's reason.
        reasons: String,
    },
    /// A model could not be read.
    #[error("{file}: {source}")]
    Model {
        /// The file.
        file: String,
        /// The compiler's reason.
        source: Box<compiler::CompileError>,
    },
    /// A file could not be read.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// The line, from 1, that byte `at` of `text` stands in.
pub(crate) fn line_at(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
