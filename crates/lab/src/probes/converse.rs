use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use telemetry::wire::{FrameHeader, Kind};

use super::{Error, Target};

/// The up channel of replies.
const REPLIES: usize = 1;
const INTERVAL: Duration = Duration::from_millis(1);

/// Hands a job to firmware that was just started, and gives what it answers, up to the frame that ends a reply
/// (`telemetry::wire`). Sends and listens in turns, since rings are shorter than jobs and replies.
///
/// # Errors
/// [`Error::Silent`], when for `patience` nothing moved; those of [`Target::hear`] and [`Target::say`].
pub fn converse(
    target: &mut dyn Target,
    control_block: u32,
    job: &[u8],
    patience: Duration,
) -> Result<Vec<u8>, Error> {
    let mut left = job;
    let mut reply = Vec::new();
    let mut frames = 0;
    let mut bytes = [0; 1024];
    let mut moved = Instant::now();
    loop {
        let said = match left {
            [] => 0,
            left => patiently(target.say(control_block, left))?,
        };
        left = left.get(said..).unwrap_or_default();
        let heard = patiently(target.hear(control_block, REPLIES, &mut bytes))?;
        reply.extend(bytes.iter().take(heard));
        while let Some((kind, end)) = frame(&reply, frames) {
            frames = end;
            if matches!(kind, Some(Kind::Done | Kind::Failed) | None) {
                reply.truncate(end);
                return Ok(reply);
            }
        }
        if said > 0 || heard > 0 {
            moved = Instant::now();
        } else if moved.elapsed() > patience {
            let (total, heard) = (job.len(), reply.len());
            return Err(Error::Silent {
                seconds: patience.as_secs(),
                taken: total - left.len(),
                total,
                heard,
            });
        } else {
            sleep(INTERVAL);
        }
    }
}

/// Firmware that has just been started has no channels yet.
fn patiently(done: Result<usize, Error>) -> Result<usize, Error> {
    match done {
        Err(Error::NoRtt { .. }) => Ok(0),
        done => done,
    }
}

/// The frame that begins at `at`, where all of it is there: its kind, if it is one, and its end.
fn frame(bytes: &[u8], at: usize) -> Option<(Option<Kind>, usize)> {
    let (header, rest) = bytes.get(at..)?.split_first_chunk::<{ FrameHeader::BYTES }>()?;
    match FrameHeader::from_bytes(header) {
        Ok(header) => {
            let length = header.payload_bytes as usize;
            (rest.len() >= length).then_some((Some(header.kind), at + FrameHeader::BYTES + length))
        }
        // Whoever reads the reply says what is wrong with it.
        Err(_) => Some((None, bytes.len())),
    }
}
