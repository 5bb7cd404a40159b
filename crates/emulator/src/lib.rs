//! Runs firmware images on emulated cores: hands them a job, bounds their time, and brings back what they answered,
//! logged and left as exit code.
//!
//! [`Emulator::find`] looks for the emulator that a board asks for, [`Emulator::run`] runs any image, and
//! [`Emulator::infer`] an image that serves jobs, and [`Emulator::count`] counts every instruction while it does. A [`Mix`] is what
//! was counted by class of instruction ([`Code`] knows them), priced by the [`Timing`] of the core.
#![forbid(unsafe_code)]

mod code;
mod counts;
mod decode;
mod error;
mod instruction;
mod job;
pub mod last_words;
mod log;
mod mix;
mod pin;
mod profile;
mod qemu;
mod serial;
mod timing;

pub use code::Code;
pub use counts::{Counts, Region};
pub use decode::Encoding;
pub use error::{Absent, Death, Error, ReplyError};
pub use instruction::{Class, Instruction};
pub use job::{CaseReply, Clock, Job, Reply, RunTime, StepReply, StepTime};
pub use log::{Log, LogLine, decode_log};
pub use mix::{Mix, Share};
pub use pin::{PinMove, PinWrites};
pub use profile::{Profile, Session, StepProfile};
pub use qemu::{Emulator, Exit, Outcome, Version};
pub use serial::{Remains, Serving};
pub use timing::{Basis, Timing};
