//! The job a host hands to firmware, and the frames that come back.
//!
//! All numbers are little-endian `u32`. The transport is somebody else's business: files over semihosting on
//! an emulated core. It has to deliver bytes in order and intact.
//!
//! A **job** is one [`JobHeader`] and then, for each case, the bytes of every input of the model, in model order,
//! with nothing between them.
//!
//! A **reply** is a sequence of frames: a [`FrameHeader`] and then `payload_bytes` bytes.
//!
//! | kind | `subject` | `detail` | payload |
//! |---|---|---|---|
//! | [`Kind::Hello`] | [`VERSION`] | 0 | [`Hello`] |
//! | [`Kind::Case`] | case | 0 | none; the frames up to the next case belong to this one |
//! | [`Kind::Step`] | step of the plan | layer of the model | the bytes that the step wrote |
//! | [`Kind::Output`] | output of the model | 0 | its bytes |
//! | [`Kind::Stack`] | 0 | 0 | [`StackUse`] |
//! | [`Kind::Clock`] | the core's clock in Hz | cycles that timing a step adds to it | none |
//! | [`Kind::Run`] | cycles of the whole run | events that there was no room for | none |
//! | [`Kind::Time`] | step of the plan | layer of the model | cycles that the step took, a `u32` |
//! | [`Kind::Failed`] | [`Failure`] | case | none; the last frame |
//! | [`Kind::Done`] | cases run | 0 | none; the last frame |
//!
//! A reply that ends with neither `Failed` nor `Done` is one whose firmware died.

/// The version of this format; either end refuses another.
pub const VERSION: u32 = 1;

/// `"MJOB"`: how a job starts.
pub const JOB_MAGIC: u32 = u32::from_le_bytes(*b"MJOB");

/// Ask for the bytes of every step of the plan beside those of the outputs.
pub const FLAG_STEPS: u32 = 1;

/// Forget what the model remembers before every case, not only before the first.
pub const FLAG_RESET: u32 = 2;

/// Time every step of every case. The times of a case follow its outputs.
pub const FLAG_TIMES: u32 = 4;

/// Why bytes from the other end could not be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WireError {
    /// The first word is not [`JOB_MAGIC`].
    NotAJob {
        /// The word that stood there.
        found: u32,
    },
    /// The other end speaks another version.
    Version {
        /// Its version.
        found: u32,
    },
    /// A frame's kind is none of [`Kind`].
    UnknownKind {
        /// The word that stood there.
        found: u32,
    },
    /// A payload has not the length that its kind has.
    PayloadLength {
        /// Bytes found.
        found: usize,
        /// Bytes that belong there.
        expected: usize,
    },
}

impl core::fmt::Display for WireError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotAJob { found } => write!(f, "not a job: it starts with {found:#010x}"),
            Self::Version { found } => {
                write!(f, "the other end speaks version {found} of the wire format, this one {VERSION}")
            }
            Self::UnknownKind { found } => write!(f, "a frame of unknown kind {found}"),
            Self::PayloadLength { found, expected } => {
                write!(f, "a payload of {found} bytes where {expected} belong")
            }
        }
    }
}

impl core::error::Error for WireError {}

/// What the host asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JobHeader {
    /// [`FLAG_STEPS`], [`FLAG_RESET`].
    pub flags: u32,
    /// How many times to run.
    pub cases: u32,
    /// Bytes of all inputs together, once; firmware refuses a job made for another model.
    pub input_bytes: u32,
}

impl JobHeader {
    /// Its length on the wire.
    pub const BYTES: usize = 20;

    /// As it stands on the wire.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        words_to_bytes([JOB_MAGIC, VERSION, self.flags, self.cases, self.input_bytes])
    }

    /// # Errors
    /// [`WireError::NotAJob`], [`WireError::Version`].
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self, WireError> {
        let [magic, version, flags, cases, input_bytes] = words_from_bytes(bytes);
        if magic != JOB_MAGIC {
            return Err(WireError::NotAJob { found: magic });
        }
        if version != VERSION {
            return Err(WireError::Version { found: version });
        }
        Ok(Self { flags, cases, input_bytes })
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Kind {
    /// Who answers.
    Hello = 1,
    /// A case begins.
    Case = 2,
    /// One step's output.
    Step = 3,
    /// One output of the model.
    Output = 4,
    /// How deep the stack went.
    Stack = 5,
    /// It went wrong.
    Failed = 6,
    /// It went well.
    Done = 7,
    /// By what times are measured.
    Clock = 8,
    /// How long a case took.
    Run = 9,
    /// How long a step took.
    Time = 10,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Hello,
        Self::Case,
        Self::Step,
        Self::Output,
        Self::Stack,
        Self::Failed,
        Self::Done,
        Self::Clock,
        Self::Run,
        Self::Time,
    ];
}

/// What stands before every payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FrameHeader {
    /// What the frame is.
    pub kind: Kind,
    /// What it is about; see the table above.
    pub subject: u32,
    /// More of the same.
    pub detail: u32,
    /// Length of what follows.
    pub payload_bytes: u32,
}

impl FrameHeader {
    /// Its length on the wire.
    pub const BYTES: usize = 16;

    /// As it stands on the wire.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        words_to_bytes([self.kind as u32, self.subject, self.detail, self.payload_bytes])
    }

    /// # Errors
    /// [`WireError::UnknownKind`].
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self, WireError> {
        let [kind, subject, detail, payload_bytes] = words_from_bytes(bytes);
        let kind = Kind::ALL
            .into_iter()
            .find(|known| *known as u32 == kind)
            .ok_or(WireError::UnknownKind { found: kind })?;
        Ok(Self { kind, subject, detail, payload_bytes })
    }
}

/// Who answers: the model that was compiled in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Hello {
    /// The model's arena.
    pub arena_bytes: u32,
    /// What the model remembers between cases.
    pub state_bytes: u32,
    /// All inputs together.
    pub input_bytes: u32,
    /// All outputs together.
    pub output_bytes: u32,
}

impl Hello {
    /// Its length on the wire.
    pub const BYTES: usize = 16;

    /// As it stands on the wire.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        words_to_bytes([self.arena_bytes, self.state_bytes, self.input_bytes, self.output_bytes])
    }

    /// # Errors
    /// [`WireError::PayloadLength`].
    pub fn from_payload(payload: &[u8]) -> Result<Self, WireError> {
        let [arena_bytes, state_bytes, input_bytes, output_bytes] =
            words_from_bytes(exactly::<{ Self::BYTES }>(payload)?);
        Ok(Self { arena_bytes, state_bytes, input_bytes, output_bytes })
    }
}

/// How deep the stack went, found by painting it and looking where the paint is gone.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StackUse {
    /// From the top of the stack to the deepest byte written, all firmware together.
    pub deepest_bytes: u32,
    /// From the caller's frame to the deepest byte written while the model ran.
    pub model_bytes: u32,
    /// What the image leaves for the stack.
    pub available_bytes: u32,
}

impl StackUse {
    /// Its length on the wire.
    pub const BYTES: usize = 12;

    /// As it stands on the wire.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        words_to_bytes([self.deepest_bytes, self.model_bytes, self.available_bytes])
    }

    /// # Errors
    /// [`WireError::PayloadLength`].
    pub fn from_payload(payload: &[u8]) -> Result<Self, WireError> {
        let [deepest_bytes, model_bytes, available_bytes] =
            words_from_bytes(exactly::<{ Self::BYTES }>(payload)?);
        Ok(Self { deepest_bytes, model_bytes, available_bytes })
    }
}

/// Why firmware gave up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Failure {
    /// The job is not one, or of another version.
    BadJob = 1,
    /// The job's inputs have not the length of the model's.
    OtherModel = 2,
    /// The job ended in the middle of a case.
    ShortJob = 3,
    /// The model refused to run.
    Run = 4,
    /// Steps were asked of an image that was built without the feature `steps`.
    NoSteps = 5,
}

impl Failure {
    /// The failure with this number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        [Self::BadJob, Self::OtherModel, Self::ShortJob, Self::Run, Self::NoSteps]
            .into_iter()
            .find(|known| *known as u32 == number)
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::BadJob => "the job is not one, or was made for another version of the firmware",
            Self::OtherModel => "the job's inputs have not the length of the model's",
            Self::ShortJob => "the job ended in the middle of a case",
            Self::Run => "the model refused to run",
            Self::NoSteps => "steps were asked of an image that was built without the feature `steps`",
        })
    }
}

fn words_to_bytes<const WORDS: usize, const BYTES: usize>(words: [u32; WORDS]) -> [u8; BYTES] {
    const { assert!(WORDS * 4 == BYTES) };
    let mut bytes = [0; BYTES];
    for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn words_from_bytes<const WORDS: usize, const BYTES: usize>(bytes: &[u8; BYTES]) -> [u32; WORDS] {
    const { assert!(WORDS * 4 == BYTES) };
    let mut words = [0; WORDS];
    let (chunks, _) = bytes.as_chunks::<4>();
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = u32::from_le_bytes(*chunk);
    }
    words
}

fn exactly<const BYTES: usize>(payload: &[u8]) -> Result<&[u8; BYTES], WireError> {
    payload.try_into().map_err(|_| WireError::PayloadLength { found: payload.len(), expected: BYTES })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_little_endian_words_in_the_documented_order() {
        let job = JobHeader { flags: FLAG_STEPS, cases: 0x0102_0304, input_bytes: 5 };
        let bytes = job.to_bytes();
        assert_eq!(&bytes[..4], b"MJOB");
        assert_eq!(&bytes[12..], [4, 3, 2, 1, 5, 0, 0, 0]);
        assert_eq!(JobHeader::from_bytes(&bytes), Ok(job));
    }

    #[test]
    fn another_magic_and_another_version_are_told_apart() {
        let bytes = JobHeader { flags: 0, cases: 1, input_bytes: 1 }.to_bytes();
        let mut other = bytes;
        other[0] = b'X';
        assert!(matches!(JobHeader::from_bytes(&other), Err(WireError::NotAJob { .. })));
        let mut newer = bytes;
        newer[4] = 9;
        assert_eq!(JobHeader::from_bytes(&newer), Err(WireError::Version { found: 9 }));
    }

    #[test]
    fn every_kind_survives_the_wire_and_others_do_not() {
        for kind in Kind::ALL {
            let header = FrameHeader { kind, subject: 1, detail: 2, payload_bytes: 3 };
            assert_eq!(FrameHeader::from_bytes(&header.to_bytes()), Ok(header));
        }
        assert_eq!(
            FrameHeader::from_bytes(&[0; FrameHeader::BYTES]),
            Err(WireError::UnknownKind { found: 0 })
        );
    }

    #[test]
    fn payloads_of_another_length_are_refused() {
        let stack = StackUse { deepest_bytes: 3, model_bytes: 2, available_bytes: 9 };
        assert_eq!(StackUse::from_payload(&stack.to_bytes()), Ok(stack));
        assert_eq!(
            StackUse::from_payload(&[0; 11]),
            Err(WireError::PayloadLength { found: 11, expected: 12 })
        );
        let hello = Hello { arena_bytes: 1, state_bytes: 2, input_bytes: 3, output_bytes: 4 };
        assert_eq!(Hello::from_payload(&hello.to_bytes()), Ok(hello));
    }

    #[test]
    fn failures_keep_their_numbers() {
        for number in 1..=5 {
            assert_eq!(Failure::from_number(number).map(|failure| failure as u32), Some(number));
        }
        assert_eq!(Failure::from_number(0), None);
        assert_eq!(Failure::from_number(6), None);
    }
}
