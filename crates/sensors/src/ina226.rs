use embedded_hal::i2c::I2c;

use crate::{Reading, Scale, Sensor, register::Registers};

const CONFIGURATION: u8 = 0x00;
const SHUNT: u8 = 0x01;
const BUS: u8 = 0x02;
/// The configuration's bit that reads as one, and shunt and bus in turn, over and over.
const CONTINUOUS: u16 = 0x4000 | 0x7;

/// How many conversions make a figure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u16)]
pub enum Averages {
    /// 1.
    One = 0,
    /// 4.
    Four = 1,
    /// 16.
    Sixteen = 2,
    /// 64.
    SixtyFour = 3,
}

/// How long a conversion takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u16)]
pub enum ConversionTime {
    /// 140 µs.
    Us140 = 0,
    /// 204 µs.
    Us204 = 1,
    /// 332 µs.
    Us332 = 2,
    /// 588 µs.
    Us588 = 3,
    /// 1.1 ms.
    Us1100 = 4,
}

/// An INA226: 16 bits, two and a half microvolts a step, 81.92 mV at most.
pub struct Ina226<B> {
    registers: Registers<B>,
}

impl<B: I2c> Ina226<B> {
    /// Sets it up at an address, 0x40 to 0x4f. A new figure comes after twice the conversion time, times the averages.
    ///
    /// # Errors
    /// Those of the bus.
    pub fn new(bus: B, address: u8, averages: Averages, time: ConversionTime) -> Result<Self, B::Error> {
        let mut registers = Registers::new(bus, address);
        let time = time as u16;
        registers.write(CONFIGURATION, CONTINUOUS | (averages as u16) << 9 | time << 6 | time << 3)?;
        Ok(Self { registers })
    }

    /// Gives the bus back.
    pub fn release(self) -> B {
        self.registers.release()
    }
}

impl<B: I2c> Sensor for Ina226<B> {
    type Error = B::Error;

    fn scale(&self) -> Scale {
        Scale { shunt_picovolts: 2_500_000, bus_nanovolts: 1_250_000 }
    }

    fn read(&mut self) -> Result<Reading, B::Error> {
        let shunt = self.registers.half(SHUNT)?.cast_signed();
        let bus = u32::from(self.registers.half(BUS)?);
        let is_overloaded = shunt == i16::MAX || shunt == i16::MIN;
        Ok(Reading { shunt: shunt.into(), bus, is_overloaded })
    }
}
