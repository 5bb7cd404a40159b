use std::time::Duration;

use super::{
    Clock, Scale,
    ascii::{edge, event_of, said},
};
use crate::{
    instruments::Tally,
    stream::{Block, EventKind, GapReason, Sample},
};

/// The first byte of everything that is no sample.
const META: u8 = 0xf0;
/// Ends what has a length of its own.
const END: [u8; 2] = [0xff, 0xff];
/// Bytes after which a text without an end is given up.
const LONGEST: usize = 512;
/// No current of this instrument is higher, in amperes, and none but zero has more than nine powers of sixteen: together
/// they tell a stream that lost a byte.
const HIGHEST: f64 = 1.0;
/// Samples that have to look like some where the stream is taken up again.
const RUN: usize = 8;

/// Reads the stream of `format bin_hexa`.
///
/// A sample is two bytes, the high one first: four bits `p` and twelve bits `n` are `n / 16^p` amperes. A high byte of
/// F0 starts something else:
///
/// | bytes | |
/// |---|---|
/// | `F0 F1` text `FF FF` | an error |
/// | `F0 F2` text `FF FF` | a message |
/// | `F0 F3` milliseconds (4), buffer in percent (1) `FF FF` | a time stamp |
/// | `F0 F4` | the end |
/// | `F0 F5` | the current is too high |
/// | `F0 F6` | the target lost its power |
/// | `F0 F7` millivolts (2) `FF FF` | the supply |
#[derive(Clone, Debug)]
pub struct Binary {
    scale: Scale,
    clock: Clock,
    held: Vec<u8>,
    voltage: Option<f32>,
    events: Option<u64>,
    ended: bool,
}

/// What stands at the start of some bytes.
enum Found {
    /// It takes more bytes to tell.
    Part,
    /// So many bytes are a sample of so many amperes.
    Figure(f64),
    /// Something else, that is so long.
    Meta(usize, Meta),
    /// Neither.
    Nothing,
}

enum Meta {
    Text(String),
    Stamp(Duration, u8),
    End,
    Overload,
    Off,
    Millivolts(u16),
    Filler,
}

impl Binary {
    /// At the start of a stream.
    #[must_use]
    pub fn new(scale: Scale, rate_hz: f64) -> Self {
        let clock = Clock::new(rate_hz);
        Self { scale, clock, held: Vec::new(), voltage: None, events: None, ended: false }
    }

    /// The device said that the acquisition is completed.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Adds what some bytes, which may end anywhere, tell to a block.
    pub fn feed(&mut self, bytes: &[u8], tally: &mut Tally, block: &mut Block) {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let mut rest = held.as_slice();
        while !self.ended {
            match look(rest) {
                Found::Part => break,
                Found::Figure(figure) => {
                    let current = self.scale.current(figure);
                    tally.sample(block, Sample { current, voltage: self.voltage, digital: 0, range: 0 });
                    rest = rest.get(2..).unwrap_or_default();
                }
                Found::Meta(length, meta) => {
                    self.meta(meta, tally, block);
                    rest = rest.get(length..).unwrap_or_default();
                }
                Found::Nothing => match resume(rest) {
                    Some(skip) => {
                        // An even number of bytes is so many samples; an odd one, nobody knows.
                        let missing = if skip % 2 == 0 { skip as u64 / 2 } else { 0 };
                        tally.gap(block, missing, GapReason::Garbled);
                        rest = rest.get(skip..).unwrap_or_default();
                    }
                    None => break,
                },
            }
        }
        let used = held.len() - rest.len();
        held.drain(..used);
        self.held = held;
    }

    /// The end of the stream: what is held will not be made up for any more.
    pub fn finish(&mut self, tally: &mut Tally, block: &mut Block) {
        if !self.ended && !self.held.is_empty() {
            tally.gap(block, (self.held.len() / 2) as u64, GapReason::Garbled);
        }
        self.held.clear();
    }

    fn meta(&mut self, meta: Meta, tally: &mut Tally, block: &mut Block) {
        match meta {
            Meta::Text(text) => match event_of(text.trim()) {
                Some((number, rising)) => edge(&mut self.events, number, rising, tally, block),
                None => said(text.trim(), tally, block),
            },
            Meta::Stamp(time, full) => self.clock.stamp(time, full, tally, block),
            Meta::End => self.ended = true,
            Meta::Overload => tally.event(block, EventKind::Overload),
            Meta::Off => {
                tally.gap(block, 0, GapReason::Overload);
                tally.event(block, EventKind::Message("the target's power was cut off".into()));
            }
            Meta::Millivolts(millivolts) => self.voltage = Some(f32::from(millivolts) / 1000.0),
            Meta::Filler => {}
        }
    }
}

/// Says what stands at the start.
fn look(bytes: &[u8]) -> Found {
    match *bytes {
        [] | [_] => Found::Part,
        [0xff, 0xff, ..] => Found::Meta(2, Meta::Filler),
        [META, kind, ref rest @ ..] => look_meta(kind, rest),
        [high, low, ..] => {
            let word = u16::from_be_bytes([high, low]);
            let (power, number) = (i32::from(word >> 12), f64::from(word & 0xfff));
            let figure = number / 16_f64.powi(power);
            if figure <= HIGHEST && (power < 10 || number == 0.0) {
                Found::Figure(figure)
            } else {
                Found::Nothing
            }
        }
    }
}

fn look_meta(kind: u8, rest: &[u8]) -> Found {
    match kind {
        0xf1 | 0xf2 => {
            let Some(length) = rest.windows(2).position(|two| two == END) else {
                return if rest.len() > LONGEST { Found::Nothing } else { Found::Part };
            };
            let text = String::from_utf8_lossy(rest.get(..length).unwrap_or_default()).into_owned();
            let text = if kind == 0xf1 { format!("error: {text}") } else { text };
            Found::Meta(length + 4, Meta::Text(text))
        }
        0xf3 => match *rest {
            [a, b, c, d, full, 0xff, 0xff, ..] => {
                let time = Duration::from_millis(u32::from_be_bytes([a, b, c, d]).into());
                Found::Meta(9, Meta::Stamp(time, full))
            }
            _ if rest.len() < 7 => Found::Part,
            _ => Found::Nothing,
        },
        0xf4 => Found::Meta(2, Meta::End),
        0xf5 => Found::Meta(2, Meta::Overload),
        0xf6 => Found::Meta(2, Meta::Off),
        0xf7 => match *rest {
            [high, low, 0xff, 0xff, ..] => Found::Meta(6, Meta::Millivolts(u16::from_be_bytes([high, low]))),
            _ if rest.len() < 4 => Found::Part,
            _ => Found::Nothing,
        },
        _ => Found::Nothing,
    }
}

/// How many bytes to leave out until the stream looks like one again; none while there are too few to tell.
fn resume(bytes: &[u8]) -> Option<usize> {
    let is_stream = |start: usize| {
        let mut rest = bytes.get(start..).unwrap_or_default();
        for _ in 0..RUN {
            let length = match look(rest) {
                Found::Figure(_) => 2,
                Found::Meta(length, _) => length,
                Found::Part => return None,
                Found::Nothing => return Some(false),
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        Some(true)
    };
    for start in [2, 1, 3] {
        match is_stream(start) {
            Some(true) => return Some(start),
            Some(false) => {}
            // A text that never ends is no reason to wait for ever.
            None if bytes.len() > 2 * LONGEST => {}
            None => return None,
        }
    }
    Some(4)
}
