//! Runs firmware images on emulated cores: hands them a job, bounds their time, and brings back what they answered,
//! logged and left as exit code.
//!
//! [`Emulator::find`] looks for the emulator that a board asks for, [`Emulator::run`] runs any image, and
//! [`Emulator::infer`] an image that serves jobs, and [`Emulator::count`] counts every instruction while it does.
#![forbid(unsafe_code)]

mod counts;
mod error;
mod job;
mod log;
mod qemu;

pub use counts::{Counts, Region};
pub use error::{Absent, Death, Error, ReplyError};
pub use job::{CaseReply, Job, Reply, StepReply};
pub use log::{LogLine, decode_log};
pub use qemu::{Emulator, Exit, Outcome, Version};
