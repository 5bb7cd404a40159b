//! Why a model cannot run, and what to do about it.

use std::fmt;

use tflite::ReadError;

/// One operator, or one property of the model, that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// Index of the operator in its subgraph; absent when the refusal is of the model as a whole.
    pub step: Option<usize>,
    /// Index of the subgraph.
    pub subgraph: usize,
    /// The operator as a converter spells it, or what of the model is refused.
    pub operator: String,
    /// Name of the tensor that the operator writes, by which a person finds the layer in a viewer.
    pub layer: String,
    /// The operator's version.
    pub version: i32,
    /// The element types it reads and writes.
    pub types: String,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = self.step {
            write!(f, "step {step}, ")?;
            if self.subgraph > 0 {
                write!(f, "subgraph {}, ", self.subgraph)?;
            }
            write!(f, "{} version {}", self.operator, self.version)?;
            if !self.layer.is_empty() {
                write!(f, ", layer '{}'", self.layer)?;
            }
            if !self.types.is_empty() {
                write!(f, " ({})", self.types)?;
            }
        } else {
            write!(f, "{}", self.operator)?;
        }
        write!(f, ": {}", self.reason)?;
        if !self.advice.is_empty() {
            write!(f, "\n    {}", self.advice)?;
        }
        Ok(())
    }
}

/// Why an operator cannot be run: a [`Refusal`] before it is known whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: String,
}

impl Reject {
    /// What is wrong, and what to do about it.
    pub fn new(reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { reason: reason.into(), advice: advice.into() }
    }

    /// Something that a file made by a converter cannot hold.
    pub fn malformed(reason: impl Into<String>) -> Self {
        Self::new(reason, "the file is damaged or was not written by a converter: convert the model again")
    }
}

/// Why no plan came of a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The file cannot be read.
    #[error("{0}")]
    Read(#[from] ReadError),
    /// The model can be read but not run; every reason at once.
    #[error("{}", list(.0))]
    Refused(Vec<Refusal>),
    /// No plan fits the budget.
    #[error("no plan with an arena of {budget} bytes was found; the smallest that was takes {least} bytes")]
    OverBudget {
        /// Bytes that the arena may take.
        budget: usize,
        /// The smallest arena that was found.
        least: usize,
    },
    /// The model needs more than a plan can address.
    #[error("the model needs {bytes} bytes of {what}, a plan can address {limit}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// Bytes needed.
        bytes: u64,
        /// Bytes that can be had.
        limit: u64,
    },
}

fn list(refusals: &[Refusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
