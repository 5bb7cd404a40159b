use std::time::Duration;

use super::{Clock, Scale};
use crate::{
    instruments::Tally,
    stream::{Block, EventKind, GapReason, Sample},
};

/// Bytes after which a line without an end is given up.
const LONGEST: usize = 512;
/// No current of this instrument, in amperes, and no energy of one of its samples, in joules, is higher.
const HIGHEST: f64 = 1.0;
/// Characters of a sample: `DDDD-EE`.
const SAMPLE: usize = 7;

/// Reads the stream of `format ascii_dec`.
///
/// A sample is a line of seven characters, a mantissa and a power of ten: `6409-07` is 640.9 µ. Time stamps, events and
/// messages stand between, and not always on lines of their own: a time stamp may stick to a sample on either side. A
/// piece of a line that is none of these is a sample that was damaged.
#[derive(Clone, Debug)]
pub struct Ascii {
    scale: Scale,
    clock: Clock,
    line: Vec<u8>,
    events: Option<u64>,
    ended: bool,
}

impl Ascii {
    /// At the start of a stream.
    #[must_use]
    pub fn new(scale: Scale, rate_hz: f64) -> Self {
        Self { scale, clock: Clock::new(rate_hz), line: Vec::new(), events: None, ended: false }
    }

    /// The device said that the acquisition is completed.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Adds what some bytes, which may end anywhere, tell to a block.
    pub fn feed(&mut self, bytes: &[u8], tally: &mut Tally, block: &mut Block) {
        for &byte in bytes {
            match byte {
                b'\n' => self.finish(tally, block),
                b'\r' | 0 => {}
                _ => self.line.push(byte),
            }
            if self.line.len() > LONGEST {
                self.line.clear();
                tally.gap(block, 0, GapReason::Garbled);
            }
        }
    }

    /// The end of a line, and of the stream.
    pub fn finish(&mut self, tally: &mut Tally, block: &mut Block) {
        let line = std::mem::take(&mut self.line);
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            rest = self.piece(rest, tally, block);
        }
        // Keeps its memory for the next line.
        self.line = line;
        self.line.clear();
    }

    /// Takes the first piece off a line.
    fn piece<'a>(&mut self, line: &'a [u8], tally: &mut Tally, block: &mut Block) -> &'a [u8] {
        if let Some((figure, rest)) = line.split_first_chunk::<SAMPLE>()
            && let Some(figure) = figure_of(*figure).filter(|figure| *figure <= HIGHEST)
        {
            let current = self.scale.current(figure);
            tally.sample(block, Sample { current, voltage: None, digital: 0, range: 0 });
            return rest;
        }
        let text = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        if let Some(said) = text.strip_prefix("TimeStamp:") {
            let length = said.find('%').map_or(said.len(), |end| end + 1);
            let (stamp, rest) = said.split_at_checked(length).unwrap_or((said, ""));
            match time_stamp(stamp) {
                Some((time, full)) => self.clock.stamp(time, full, tally, block),
                None => tally.gap(block, 0, GapReason::Garbled),
            }
            return line.get(line.len() - rest.len() - (line.len() - text.len())..).unwrap_or_default();
        }
        if text.is_empty() || text.starts_with(|first: char| first.is_ascii_digit() || "+-".contains(first)) {
            tally.gap(block, 1, GapReason::Garbled);
            // A whole sample may stand behind the broken one.
            let next = (1..line.len()).find(|start| {
                line.get(*start..).and_then(|it| it.first_chunk()).is_some_and(|it| figure_of(*it).is_some())
            });
            return next.and_then(|next| line.get(next..)).unwrap_or_default();
        }
        self.message(text.trim(), tally, block);
        &[]
    }

    fn message(&mut self, text: &str, tally: &mut Tally, block: &mut Block) {
        let text = text.trim_start_matches("PowerShield >").trim();
        if text.is_empty() || text.starts_with("ack ") {
            return;
        }
        if text.contains("Acquisition completed") {
            self.ended = true;
        } else if let Some((number, rising)) = event_of(text) {
            edge(&mut self.events, number, rising, tally, block);
        } else {
            said(text, tally, block);
        }
    }
}

/// Adds the edge that an event tells of, and what its number tells of others.
pub(super) fn edge(last: &mut Option<u64>, number: u64, rising: bool, tally: &mut Tally, block: &mut Block) {
    if let Some(missing) = last.and_then(|last| number.checked_sub(last + 1)).filter(|missing| *missing > 0) {
        tally.gap(block, 0, GapReason::Overrun);
        tally.event(block, EventKind::Message(format!("{missing} events were lost before event {number}")));
    }
    *last = Some(number);
    tally.event(block, EventKind::Edge { input: 0, rising });
}

/// Adds a message; one that tells of trouble is also a gap or an overload, because nothing can be believed then.
pub(super) fn said(text: &str, tally: &mut Tally, block: &mut Block) {
    let lower = text.to_lowercase();
    if lower.contains("overcurrent") || lower.contains("over current") {
        tally.event(block, EventKind::Overload);
    } else if lower.contains("error") || lower.contains("overflow") || lower.contains("overrun") {
        tally.gap(block, 0, GapReason::Overrun);
    }
    tally.event(block, EventKind::Message(text.to_owned()));
}

/// `DDDD-EE`.
fn figure_of([a, b, c, d, sign, e, f]: [u8; SAMPLE]) -> Option<f64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
    let mantissa = digit(a)? * 1000 + digit(b)? * 100 + digit(c)? * 10 + digit(d)?;
    let power = digit(e)? * 10 + digit(f)?;
    match sign {
        b'-' => Some(f64::from(mantissa) / 10_f64.powi(power)),
        b'+' => Some(f64::from(mantissa) * 10_f64.powi(power)),
        _ => None,
    }
}

/// ` 012s 345ms, buff 12%`: the time, and how full the buffer is in percent.
fn time_stamp(text: &str) -> Option<(Duration, u8)> {
    let (seconds, rest) = text.split_once('s')?;
    let (milliseconds, rest) = rest.split_once("ms")?;
    let full = rest.split_once("buff")?.1.trim().trim_end_matches('%');
    let whole = Duration::from_secs(seconds.trim().parse::<u32>().ok()?.into());
    Some((whole + Duration::from_millis(milliseconds.trim().parse::<u16>().ok()?.into()), full.parse().ok()?))
}

/// `event 3 ris`: its number, and whether it rises.
pub(super) fn event_of(text: &str) -> Option<(u64, bool)> {
    let (number, edge) = text.strip_prefix("event ")?.trim().split_once(' ')?;
    let rising = match edge.trim() {
        "ris" => true,
        "fal" => false,
        _ => return None,
    };
    Some((number.parse().ok()?, rising))
}
