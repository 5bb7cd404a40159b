//! Drivers against registers in memory, and frames against the definition of their reader.

use embedded_hal::i2c::{Error as _, ErrorKind, ErrorType, I2c, Operation};
use proptest::prelude::*;
use sensors::{
    Averages, ConversionTime, Ina219, Ina226, Ina228, Reading, Scale, Sensor, Stream,
    frame::{self, Hello, Kind},
};

/// Registers by number, and what was written, in order.
#[derive(Default)]
struct Chip {
    registers: Vec<(u8, Vec<u8>)>,
    written: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Absent;

impl embedded_hal::i2c::Error for Absent {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Chip {
    type Error = Absent;
}

impl I2c for Chip {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), Absent> {
        assert_eq!(address, 0x40);
        match operations {
            [Operation::Write(bytes)] => self.written.push(bytes.to_vec()),
            [Operation::Write([register]), Operation::Read(into)] => {
                let (_, value) = self.registers.iter().find(|it| it.0 == *register).ok_or(Absent)?;
                into.copy_from_slice(value);
            }
            _ => panic!("no transaction of these sensors"),
        }
        Ok(())
    }
}

fn chip(registers: &[(u8, &[u8])]) -> Chip {
    let registers = registers.iter().map(|(register, value)| (*register, value.to_vec())).collect();
    Chip { registers, ..Chip::default() }
}

#[test]
fn an_ina219_is_set_up_and_read() {
    // 100 mV and minus 1 mV on the shunt, 3.3 V with the flag of a conversion that is ready.
    let supply: &[u8] = &(825_u16 << 3 | 2).to_be_bytes();
    for (shunt, steps, is_overloaded) in
        [(10_000_i16, 10_000, false), (-100, -100, false), (16_000, 16_000, true)]
    {
        let mut sensor = Ina219::new(chip(&[(1, &shunt.to_be_bytes()), (2, supply)]), 0x40, 2).unwrap();
        assert_eq!(sensor.read().unwrap(), Reading { shunt: steps, bus: 825, is_overloaded });
        assert_eq!(sensor.scale(), Scale { shunt_picovolts: 10_000_000, bus_nanovolts: 4_000_000 });
        // Bus range 32 V, gain 1/4, both converters at 12 bits, continuous.
        assert_eq!(sensor.release().written, [[0, 0x31, 0x9f]]);
    }
}

#[test]
fn an_ina226_is_set_up_and_read() {
    let registers: [(u8, &[u8]); 2] = [(1, &[0xff, 0x00]), (2, &[0x0a, 0x50])];
    let mut sensor = Ina226::new(chip(&registers), 0x40, Averages::Four, ConversionTime::Us140).unwrap();
    assert_eq!(sensor.read().unwrap(), Reading { shunt: -256, bus: 2640, is_overloaded: false });
    assert_eq!(sensor.release().written, [[0, 0x42, 0x07]]);
    let registers: [(u8, &[u8]); 2] = [(1, &[0x7f, 0xff]), (2, &[0, 0])];
    let mut sensor = Ina226::new(chip(&registers), 0x40, Averages::One, ConversionTime::Us1100).unwrap();
    assert!(sensor.read().unwrap().is_overloaded);
}

#[test]
fn an_ina228_is_set_up_read_and_adds_up() {
    let registers: [(u8, &[u8]); 5] = [
        (4, &[0xff, 0xff, 0xf0]),
        (5, &[0x04, 0x20, 0x00]),
        (6, &[0x0c, 0x80]),
        (9, &[1, 0, 0, 0, 2]),
        (10, &[0xff, 0xff, 0xff, 0xff, 0xfe]),
    ];
    let mut sensor = Ina228::new(chip(&registers), 0x40, 4096).unwrap();
    // 16,896 steps of 195.3125 µV are 3.3 V.
    assert_eq!(sensor.read().unwrap(), Reading { shunt: -1, bus: 16_896, is_overloaded: false });
    assert_eq!((sensor.energy().unwrap(), sensor.charge().unwrap()), (0x1_0000_0002, -2));
    assert_eq!(sensor.temperature().unwrap(), 25 * 128);
    sensor.clear().unwrap();
    let written = sensor.release().written;
    assert_eq!(written, [[0, 0x40, 0x10], [2, 0x10, 0], [1, 0xf4, 0x90], [0, 0x40, 0x10]]);
}

#[test]
fn a_sensor_that_is_not_there_is_an_error_and_not_a_reading() {
    let mut sensor = Ina226::new(Chip::default(), 0x40, Averages::One, ConversionTime::Us140).unwrap();
    assert_eq!(sensor.read().unwrap_err().kind(), ErrorKind::Other);
}

/// A frame taken apart: its kind and payload.
fn open(bytes: &[u8]) -> (Kind, &[u8]) {
    let (head, rest) = bytes.split_at(frame::HEAD);
    let (payload, sum) = rest.split_at(rest.len() - frame::TAIL);
    assert_eq!(head[..2], frame::MARK);
    assert_eq!(usize::from(head[3]), payload.len());
    assert_eq!(frame::checksum(&bytes[2..bytes.len() - 2]).to_le_bytes(), sum);
    (Kind::of(head[2]).unwrap(), payload)
}

#[test]
fn the_checksum_is_that_of_the_books() {
    assert_eq!(frame::checksum(b"123456789"), 0x29b1);
}

#[test]
fn a_hello_says_what_the_board_is() {
    let hello = Hello {
        scale: Scale { shunt_picovolts: 2_500_000, bus_nanovolts: 1_250_000 },
        shunt_microohms: 100_000,
        period_nanoseconds: 1_000_000,
        sensor: 226,
    };
    let mut stream = Stream::new();
    let (kind, payload) = open(stream.hello(&hello));
    assert_eq!((kind, Hello::decode(payload)), (Kind::Hello, Some(hello)));
    assert_eq!(Hello::decode(&payload[1..]), None);
}

#[test]
fn frames_are_numbered_and_the_rest_is_flushed() {
    let mut stream = Stream::default();
    let mut frames = Vec::new();
    for shunt in 0..40 {
        let reading = Reading { shunt: -shunt, bus: 7, is_overloaded: shunt == 35 };
        frames.extend(stream.push((shunt != 33).then_some(reading), 0xf3).map(<[u8]>::to_vec));
    }
    frames.extend(stream.flush().map(<[u8]>::to_vec));
    assert!(stream.flush().is_none());
    let opened: Vec<_> = frames.iter().map(|frame| open(frame)).collect();
    assert_eq!(opened.iter().map(|it| it.1[..4].to_vec()).collect::<Vec<_>>(), [[0, 0, 0, 0], [32, 0, 0, 0]]);
    let samples: Vec<_> = opened.iter().flat_map(|it| it.1[4..].as_chunks::<{ frame::SAMPLE }>().0).collect();
    assert_eq!(samples.len(), 40);
    for (shunt, sample) in (0..40).zip(samples) {
        let reading = Reading { shunt: -shunt, bus: 7, is_overloaded: shunt == 35 };
        assert_eq!(frame::decode_sample(*sample), ((shunt != 33).then_some(reading), 3));
    }
    let (kind, payload) = open(stream.stop());
    assert_eq!((kind, payload), (Kind::Stopped, &[40, 0, 0, 0][..]));
}

proptest! {
    #[test]
    fn a_sample_comes_back_as_it_was(shunt in -(1 << 23)..(1 << 23), bus in 0..1_u32 << 24, overloaded: bool, inputs in 0..16_u8) {
        let reading = Some(Reading { shunt, bus, is_overloaded: overloaded });
        prop_assert_eq!(frame::decode_sample(frame::encode_sample(reading, inputs)), (reading, inputs));
    }
}
