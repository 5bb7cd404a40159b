//! Raw samples in a file, with all that it takes to compute the result again: the columns of a Parquet table, and
//! metadata in its footer.
//!
//! | column | | |
//! |---|---|---|
//! | `current` | float | amperes |
//! | `voltage` | float | volts, not a number where a sample has none; only where the instrument measures it |
//! | `digital` | byte | bit `n` is input `n` |
//! | `range` | byte | as [`Sample::range`](crate::stream::Sample::range) |
//! | `gap` | byte | 0, or one more than the index of a [`GapReason`](crate::stream::GapReason): samples were lost right before this row |
//! | `missing` | count | how many; 0 where nobody knows |
//!
//! A row's index in the stream is its number plus all that was missing up to it. The footer's notes are [`Metadata`]
//! (`microjoule.metadata`), the instrument's events (`microjoule.events`), how the stream ended (`microjoule.end`)
//! and the SHA-256 of all bytes before the footer (`microjoule.sha256`).

mod events;
mod metadata;
mod parquet;
mod recorder;
mod replay;

use std::path::PathBuf;

pub use metadata::{Acquisition, Identity, Marking, Metadata, Polarity, Uncertainty, WindowPlan};
pub use recorder::{Ending, Recorder};
pub use replay::Recording;

use parquet::{Column, Kind, Malformed};

/// Notes in the footer.
mod key {
    pub const METADATA: &str = "microjoule.metadata";
    pub const EVENTS: &str = "microjoule.events";
    pub const END: &str = "microjoule.end";
    pub const SHA256: &str = "microjoule.sha256";
}

/// The columns; `voltage` is not always there.
fn columns(voltage: bool) -> Vec<Column> {
    let all = [
        ("current", Kind::Float),
        ("voltage", Kind::Float),
        ("digital", Kind::Byte),
        ("range", Kind::Byte),
        ("gap", Kind::Byte),
        ("missing", Kind::Count),
    ];
    let there = all.into_iter().filter(|(name, _)| voltage || *name != "voltage");
    there.map(|(name, kind)| Column::new(name, kind)).collect()
}

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system's word.
    #[error("{path}: {reason}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        reason: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        reason: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is a table, of something else.
    #[error("{path}: no recording of samples: {missing}")]
    Stranger {
        /// The file.
        path: PathBuf,
        /// What it does not have.
        missing: String,
    },
    /// The samples are not those that were recorded.
    #[error("{path}: its samples are not those that were recorded: SHA-256 {found}, recorded {expected}")]
    Changed {
        /// The file.
        path: PathBuf,
        /// Of the file.
        found: String,
        /// In its footer.
        expected: String,
    },
}

impl Error {
    fn malformed(path: &std::path::Path, reason: Malformed) -> Self {
        let path = path.to_path_buf();
        match reason {
            Malformed::Io(reason) => Self::Io { path, reason },
            reason => Self::File { path, reason: Box::new(reason) },
        }
    }
}
