//! The files that host and firmware exchange over semihosting, in the folder that the emulator runs in.

/// The job, written by the host: see [`crate::wire`].
pub const JOB: &str = "job.bin";

/// The reply, written by the firmware: see [`crate::wire`].
pub const REPLY: &str = "reply.bin";

/// What a board hears that listens for the wake word: samples of 16 bits, little-endian, one channel. Written by the host.
pub const SOUND: &str = "sound.raw";

/// The firmware's defmt log, encoded.
pub const LOG: &str = "log.bin";

/// A plan blob, written by the host, for the program that runs any plan.
pub const PLAN: &str = "plan.bin";
