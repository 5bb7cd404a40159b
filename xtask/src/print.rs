//! Standard output, which may be a pipe that nobody reads to the end.

use std::io::{self, ErrorKind, Write};

use anyhow::Result;
use serde::Serialize;

/// Writes data. A reader who has seen enough, such as `head`, is no error.
///
/// # Errors
/// When standard output cannot be written.
pub fn text(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes data as JSON.
///
/// # Errors
/// When standard output cannot be written.
pub fn json(data: &impl Serialize) -> Result<()> {
    text(&(serde_json::to_string_pretty(data)? + "\n"))
}
