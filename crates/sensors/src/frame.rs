//! What a probe board and its host say to each other.
//!
//! The host says single bytes: [`HELLO`], [`START`], [`STOP`]. The board says frames, numbers with the low byte first:
//!
//! | bytes | |
//! |---|---|
//! | 2 | [`MARK`] |
//! | 1 | [`Kind`] |
//! | 1 | length of the payload, [`PAYLOAD`] at most |
//! | 0.. | payload |
//! | 2 | checksum over all but the mark ([`checksum`]) |
//!
//! | kind | payload |
//! |---|---|
//! | [`Kind::Hello`] | [`Hello`] |
//! | [`Kind::Samples`] | number of the first sample since the start (4), then samples of [`SAMPLE`] bytes |
//! | [`Kind::Stopped`] | how many samples there were (4) |
//!
//! A sample: the shunt's steps (3, signed), the supply's steps (3), and a byte whose low bits are [`INPUTS`] digital
//! inputs, above them [`MISSING`] for a sample that the sensor did not deliver, and [`OVERLOAD`].

use crate::{Reading, Scale};

/// Asks for a [`Hello`].
pub const HELLO: u8 = b'?';
/// Starts the samples, from number 0.
pub const START: u8 = b'S';
/// Stops them.
pub const STOP: u8 = b'X';

/// How a frame begins.
pub const MARK: [u8; 2] = [0xa5, 0x96];
/// Bytes before the payload, the mark among them.
pub const HEAD: usize = 4;
/// Bytes behind the payload.
pub const TAIL: usize = 2;
/// Bytes of a sample.
pub const SAMPLE: usize = 7;
/// Samples of a full frame.
pub const SAMPLES: usize = 32;
/// The longest payload.
pub const PAYLOAD: usize = 4 + SAMPLES * SAMPLE;
/// The longest frame.
pub const FRAME: usize = HEAD + PAYLOAD + TAIL;
/// The version of this format; a host refuses another.
pub const VERSION: u8 = 1;

/// Digital inputs in a sample.
pub const INPUTS: u8 = 4;
/// A sample's bit: the sensor did not deliver it.
pub const MISSING: u8 = 0x40;
/// A sample's bit: the shunt's voltage was beyond the range.
pub const OVERLOAD: u8 = 0x80;

/// What a frame is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Kind {
    /// What the board is.
    Hello = 1,
    /// Samples.
    Samples = 2,
    /// There will be no more of them.
    Stopped = 3,
}

impl Kind {
    /// The kind of a byte.
    #[must_use]
    pub fn of(byte: u8) -> Option<Self> {
        [Self::Hello, Self::Samples, Self::Stopped].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What a board is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hello {
    /// The sensor's steps.
    pub scale: Scale,
    /// The shunt, in microohms.
    pub shunt_microohms: u32,
    /// From sample to sample, in nanoseconds.
    pub period_nanoseconds: u32,
    /// The number in the sensor's name, such as 226.
    pub sensor: u16,
}

impl Hello {
    /// Bytes of a payload.
    pub const BYTES: usize = 20;

    /// As a payload.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let [s0, s1, s2, s3] = self.scale.shunt_picovolts.to_le_bytes();
        let [b0, b1, b2, b3] = self.scale.bus_nanovolts.to_le_bytes();
        let [o0, o1, o2, o3] = self.shunt_microohms.to_le_bytes();
        let [p0, p1, p2, p3] = self.period_nanoseconds.to_le_bytes();
        let [n0, n1] = self.sensor.to_le_bytes();
        [VERSION, 0, n0, n1, s0, s1, s2, s3, b0, b1, b2, b3, o0, o1, o2, o3, p0, p1, p2, p3]
    }

    /// From a payload; none of another version.
    #[must_use]
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let payload: &[u8; Self::BYTES] = payload.try_into().ok()?;
        let [VERSION, _, n0, n1, s0, s1, s2, s3, b0, b1, b2, b3, o0, o1, o2, o3, p0, p1, p2, p3] = *payload
        else {
            return None;
        };
        Some(Self {
            scale: Scale {
                shunt_picovolts: u32::from_le_bytes([s0, s1, s2, s3]),
                bus_nanovolts: u32::from_le_bytes([b0, b1, b2, b3]),
            },
            shunt_microohms: u32::from_le_bytes([o0, o1, o2, o3]),
            period_nanoseconds: u32::from_le_bytes([p0, p1, p2, p3]),
            sensor: u16::from_le_bytes([n0, n1]),
        })
    }
}

/// A sample's bytes. A missing reading has steps of zero, and the bit that says so.
#[must_use]
pub fn encode_sample(reading: Option<Reading>, inputs: u8) -> [u8; SAMPLE] {
    let mut flags = inputs & ((1 << INPUTS) - 1);
    match reading {
        None => flags |= MISSING,
        Some(reading) if reading.is_overloaded => flags |= OVERLOAD,
        Some(_) => {}
    }
    let Reading { shunt, bus, .. } = reading.unwrap_or_default();
    let ([s0, s1, s2, _], [b0, b1, b2, _]) = (shunt.to_le_bytes(), bus.to_le_bytes());
    [s0, s1, s2, b0, b1, b2, flags]
}

/// What [`encode_sample`] wrote: the reading, if there was one, and the inputs.
#[must_use]
pub fn decode_sample([s0, s1, s2, b0, b1, b2, flags]: [u8; SAMPLE]) -> (Option<Reading>, u8) {
    let inputs = flags & ((1 << INPUTS) - 1);
    if flags & MISSING != 0 {
        return (None, inputs);
    }
    // From the top down, so that the sign comes along.
    let shunt = i32::from_le_bytes([0, s0, s1, s2]) >> 8;
    let bus = u32::from_le_bytes([b0, b1, b2, 0]);
    (Some(Reading { shunt, bus, is_overloaded: flags & OVERLOAD != 0 }), inputs)
}

/// The checksum of CCITT: polynomial 0x1021, begun with ones.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| {
            let carry = if sum & 0x8000 == 0 { 0 } else { 0x1021 };
            sum << 1 ^ carry
        })
    })
}
