//! The codes that firmware leaves an emulated core with.

/// The job was done; [`crate::wire::Kind::Done`] is the reply's last frame.
pub const DONE: u32 = 0;

/// A panic; its message went to the console.
pub const PANIC: u32 = 101;

/// A hardware fault; its registers went to the console.
pub const FAULT: u32 = 102;

/// The job could not be done; [`crate::wire::Kind::Failed`] is the reply's last frame, if it could be written.
pub const FAILED: u32 = 103;
