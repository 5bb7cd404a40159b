use std::{io, path::PathBuf};

use crate::Shortage;

/// Why there is no image, each with what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No board of this name.
    #[error("no board `{name}` in {}; there are: {}", folder.display(), known.join(", "))]
    NoSuchBoard {
        /// What was asked for.
        name: String,
        /// Where boards live.
        folder: PathBuf,
        /// What stands there.
        known: Vec<String>,
    },
    /// A `board.toml` that is not one.
    #[error("{}: {reason}", file.display())]
    BoardFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A board that cannot be made.
    #[error("no board `{name}` can be made: {reason}")]
    NewBoard {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A file or folder that could not be read or written.
    #[error("{}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program that could not be started.
    #[error("`{program}` could not be started: is it on the PATH?")]
    Start {
        /// Which.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing here compiles for the target.
    #[error("nothing on this machine compiles for {target}:\n{}\n{advice}", tried.join("\n"))]
    NoToolchain {
        /// The target.
        target: String,
        /// What was tried and how it ended, a line each.
        tried: Vec<String>,
        /// What to install.
        advice: String,
    },
    /// Cargo failed.
    #[error("the firmware for {board} did not build ({status}); the end of what cargo said:\n{tail}")]
    Build {
        /// The board.
        board: String,
        /// How cargo ended.
        status: String,
        /// The end of its output.
        tail: String,
    },
    /// The image asks more of the board than it has.
    #[error("{what} does not fit {board}: it takes {}", list(shortages))]
    TooLarge {
        /// The model, or the program where there is none.
        what: String,
        /// The board.
        board: String,
        /// The memories that are too short.
        shortages: Vec<Shortage>,
    },
    /// The image is not an ELF file of the expected kind.
    #[error("{} is not a firmware image: {reason}", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// Turns what the system said about `path` into an error.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

fn list(shortages: &[Shortage]) -> String {
    shortages.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
