use std::{io, path::PathBuf, time::Duration};

/// Why a benchmark did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The serial line cannot be opened.
    #[error(
        "cannot open the serial line {path}: {reason}. Is the board plugged in (`ls /dev/serial/by-id`), are you in the group \
         `dialout`, has another program the line open?"
    )]
    Open {
        /// Which.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The line broke in the middle.
    #[error("the line to the device broke during `{command}`: {source}")]
    Lost {
        /// What was asked.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing came back.
    #[error(
        "the device did not answer `{command}` within {} s: is it powered and flashed with an MLPerf Tiny image, and is the \
         line at the image's baud rate (115200, for energy 9600)?",
        waited.as_secs_f32()
    )]
    Silent {
        /// What was asked.
        command: String,
        /// For how long.
        waited: Duration,
    },
    /// Something came back, but no answer.
    #[error("the device stopped in the middle of its answer to `{command}`, after {} s without a line: {said}", waited.as_secs_f32())]
    Stuck {
        /// What was asked.
        command: String,
        /// For how long nothing came.
        waited: Duration,
        /// The last line.
        said: String,
    },
    /// What came back is no text.
    #[error(
        "what came back to `{command}` is no text ({bytes} bytes): the line's baud rate is not the device's"
    )]
    Noise {
        /// What was asked.
        command: String,
        /// How much of it.
        bytes: usize,
    },
    /// Somebody answers who does not know the protocol.
    #[error("what answers is no device of MLPerf Tiny: to `{command}` it said {said:?}")]
    Stranger {
        /// What was asked.
        command: String,
        /// The answer.
        said: Vec<String>,
    },
    /// The device says that something is wrong.
    #[error("the device refused `{command}`: {said}")]
    Refused {
        /// What was asked.
        command: String,
        /// Its line, which begins with `e-` or `m-err`.
        said: String,
    },
    /// The device is for another benchmark.
    #[error("the device runs {found}, and {expected} was asked for")]
    OtherModel {
        /// What it runs.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// No timestamps, which an energy build does not send.
    #[error(
        "the device told no time with `{command}`: it is an energy build, or its timestamps go to a pin only"
    )]
    NoTime {
        /// What was asked.
        command: String,
    },
    /// An inference without a result.
    #[error("the device gave no results to `{command}`")]
    NoResults {
        /// What was asked.
        command: String,
    },
    /// The inputs.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A result file cannot be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What is wrong with a folder of inputs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A file that cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line of the labels that is none.
    #[error("{}:{line}: {reason}: a file, the number of classes and the class, with commas between", path.display())]
    Labels {
        /// The file of labels.
        path: PathBuf,
        /// Which line.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// An input of another length than the benchmark's.
    #[error("{}: {found} bytes, where the benchmark sends {expected}", path.display())]
    Length {
        /// Which.
        path: PathBuf,
        /// Its length.
        found: usize,
        /// The length that belongs there.
        expected: usize,
    },
    /// Fewer inputs than are needed.
    #[error("{}: {found} inputs, and {needed} are needed", path.display())]
    TooFew {
        /// The file of labels.
        path: PathBuf,
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
}
