use std::{io, path::PathBuf, time::Duration};

use telemetry::wire::{Failure, WireError};

use crate::{Exit, Version};

/// Why a board cannot be emulated here. What a verb prints after `skipped: `.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Absent {
    /// It never can.
    #[error("{board} is not an emulated board")]
    NotEmulated {
        /// The board.
        board: String,
    },
    /// The program is not installed.
    #[error("no {program}; install with `apt-get install --no-install-recommends {package}`")]
    NoProgram {
        /// The program.
        program: String,
        /// Who brings it.
        package: String,
    },
    /// The program is too old.
    #[error("{} is version {found}, and {needed} is the oldest that will do", program.display())]
    TooOld {
        /// The program.
        program: PathBuf,
        /// Its version.
        found: Version,
        /// The oldest that will do.
        needed: Version,
    },
    /// The program does not say what it is.
    #[error("{} does not tell its version: {said}", program.display())]
    Unusable {
        /// The program.
        program: PathBuf,
        /// What it said instead.
        said: String,
    },
}

/// Why an image did not do its job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that could not be read or written.
    #[error("{}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The emulator did not start, or gave up by itself.
    #[error("{} did not run the image: {said}", program.display())]
    Emulator {
        /// The program.
        program: PathBuf,
        /// Its last words.
        said: String,
    },
    /// The firmware did not end in time.
    #[error("the firmware did not end within {} s{}", limit.as_secs_f32(), after(said))]
    TimedOut {
        /// How long it had.
        limit: Duration,
        /// What it said until then.
        said: String,
    },
    /// The firmware died.
    #[error("the firmware {how}{}", after(said))]
    Died {
        /// Of what.
        how: Death,
        /// Its last words.
        said: String,
    },
    /// The firmware refused the job.
    #[error("the firmware stopped in case {case}: {}", refusal(*failure))]
    Refused {
        /// Why; nothing for a reason that this program does not know.
        failure: Option<Failure>,
        /// In which case.
        case: u32,
    },
    /// The firmware answered something that is no reply.
    #[error("the firmware's reply cannot be read at byte {at}: {reason}")]
    Reply {
        /// Where.
        at: usize,
        /// Why.
        reason: ReplyError,
    },
    /// The cases of a job have different lengths.
    #[error("case {case} has {found} bytes of input, case 0 has {expected}")]
    UnevenCases {
        /// Which.
        case: usize,
        /// Its length.
        found: usize,
        /// The length of the first.
        expected: usize,
    },
    /// A job for another model.
    #[error("the job has {found} bytes of input a case, the model in the image takes {expected}")]
    OtherModel {
        /// What the job has.
        found: u64,
        /// What the model takes.
        expected: u64,
    },
    /// An image without the marks that counting looks for.
    #[error("{} has no marks to count between: it was built without the feature `marks`", image.display())]
    NoMarks {
        /// The image.
        image: PathBuf,
    },
    /// The image cannot be looked into.
    #[error(transparent)]
    Image(#[from] firmware::Error),
    /// Another number of counted stretches than there should be.
    #[error("{found} stretches were counted, {expected} were run")]
    Regions {
        /// Counted.
        found: usize,
        /// Run.
        expected: usize,
    },
    /// What the counting plugin left is not what it writes.
    #[error("the counts cannot be read at line {line}")]
    Counts {
        /// Where.
        line: usize,
    },
    /// The image's instructions cannot be read.
    #[error("{} has no instructions that can be priced: {reason}", image.display())]
    Code {
        /// The image.
        image: PathBuf,
        /// Why.
        reason: String,
    },
    /// Something ran that is not in the image.
    #[error("what ran at {address:#x} is not in the image")]
    NoCode {
        /// Where.
        address: u64,
    },
    /// An instruction that the core does not have.
    #[error("the instruction at {address:#x} is of class {class}, for which the table {timing} has no price")]
    Unpriced {
        /// Its class.
        class: &'static str,
        /// Where it is.
        address: u64,
        /// The table.
        timing: String,
    },
    /// A core without a timing table.
    #[error("no timing table for {core}; there are: {}", known.join(", "))]
    NoTiming {
        /// The core.
        core: String,
        /// The tables that are there.
        known: Vec<String>,
    },
    /// A timing table that cannot be read.
    #[error("a timing table cannot be read: {reason}")]
    Timing {
        /// Why.
        reason: String,
    },
    /// The log does not belong to the image, or is damaged.
    #[error("the log cannot be decoded: {0}")]
    Log(String),
}

/// What a reply lacks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// Bytes that are not of the format.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It ends too early.
    #[error("it ends in the middle of a frame")]
    Truncated,
    /// A frame where it does not belong.
    #[error("a frame out of order")]
    Order,
    /// A number of cases, outputs or steps that was not asked for.
    #[error("it has {found} cases, {expected} were asked for")]
    Cases {
        /// Cases in the reply.
        found: usize,
        /// Cases in the job.
        expected: usize,
    },
    /// It does not start with who answers, or does not tell its stack.
    #[error("it lacks the frame that tells about the {0}")]
    Missing(&'static str),
}

/// Of what firmware died.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Death {
    /// A panic.
    #[error("panicked")]
    Panic,
    /// A hardware fault.
    #[error("had a hardware fault")]
    Fault,
    /// It could not talk to the host.
    #[error("could not write its reply")]
    Unwritten,
    /// Another exit code.
    #[error("ended with {0}")]
    Other(Exit),
}

fn after(said: &str) -> String {
    if said.trim().is_empty() { ", and said nothing".to_owned() } else { format!(": {}", said.trim()) }
}

fn refusal(failure: Option<Failure>) -> String {
    failure
        .map_or_else(|| "for a reason that this program does not know".to_owned(), |known| known.to_string())
}
