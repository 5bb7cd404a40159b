use embedded_hal::i2c::I2c;

use crate::{Reading, Scale, Sensor, register::Registers};

const CONFIGURATION: u8 = 0x00;
const ADC: u8 = 0x01;
const SHUNT_CALIBRATION: u8 = 0x02;
const SHUNT: u8 = 0x04;
const BUS: u8 = 0x05;
const TEMPERATURE: u8 = 0x06;
const ENERGY: u8 = 0x09;
const CHARGE: u8 = 0x0a;
/// Clears the sums of energy and charge.
const CLEAR: u16 = 1 << 14;
/// The shunt's range is 40.96 mV instead of four times that.
const FINE: u16 = 1 << 4;
/// Temperature, shunt and bus in turn, 150 µs each, no averages.
const CONTINUOUS: u16 = 0xf << 12 | 0x2 << 9 | 0x2 << 6 | 0x2 << 3;
/// Figures of 20 bits stand at the top of 24.
const SHIFT: u32 = 4;
const HIGHEST: i32 = (1 << 19) - 1;
const LOWEST: i32 = -(1 << 19);

/// An INA228: 20 bits, 78.125 nV a step, 40.96 mV at most; it adds up energy and charge by itself.
pub struct Ina228<B> {
    registers: Registers<B>,
}

impl<B: I2c> Ina228<B> {
    /// Sets it up at an address, 0x40 to 0x4f. `calibration` is what the sensor multiplies the shunt's voltage with to add
    /// energy up: 52,428,800,000 times the current of a step in amperes, times the shunt in ohms; 0 where nobody asks
    /// for sums.
    ///
    /// # Errors
    /// Those of the bus.
    pub fn new(bus: B, address: u8, calibration: u16) -> Result<Self, B::Error> {
        let mut registers = Registers::new(bus, address);
        registers.write(CONFIGURATION, CLEAR | FINE)?;
        registers.write(SHUNT_CALIBRATION, calibration & 0x7fff)?;
        registers.write(ADC, CONTINUOUS)?;
        Ok(Self { registers })
    }

    /// Starts the sums of energy and charge anew.
    ///
    /// # Errors
    /// Those of the bus.
    pub fn clear(&mut self) -> Result<(), B::Error> {
        self.registers.write(CONFIGURATION, CLEAR | FINE)
    }

    /// Energy since it was cleared: 51.2 V times the current of a step, in joules, is one. 40 bits, which then run over.
    ///
    /// # Errors
    /// Those of the bus.
    pub fn energy(&mut self) -> Result<u64, B::Error> {
        self.registers.read(ENERGY).map(|[a, b, c, d, e]| u64::from_be_bytes([0, 0, 0, a, b, c, d, e]))
    }

    /// Charge since it was cleared: the current of a step for a second is one. 40 bits with a sign.
    ///
    /// # Errors
    /// Those of the bus.
    pub fn charge(&mut self) -> Result<i64, B::Error> {
        let charge =
            self.registers.read(CHARGE).map(|[a, b, c, d, e]| i64::from_be_bytes([a, b, c, d, e, 0, 0, 0]));
        charge.map(|charge| charge >> 24)
    }

    /// Its own temperature, in 128ths of a degree Celsius.
    ///
    /// # Errors
    /// Those of the bus.
    pub fn temperature(&mut self) -> Result<i16, B::Error> {
        self.registers.half(TEMPERATURE).map(u16::cast_signed)
    }

    /// Gives the bus back.
    pub fn release(self) -> B {
        self.registers.release()
    }
}

impl<B: I2c> Sensor for Ina228<B> {
    type Error = B::Error;

    fn scale(&self) -> Scale {
        // 78.125 nV, and 195.3125 µV: the last half nanovolt of the latter is 2.5 parts per million.
        Scale { shunt_picovolts: 78_125, bus_nanovolts: 195_313 }
    }

    fn read(&mut self) -> Result<Reading, B::Error> {
        let shunt =
            self.registers.read(SHUNT).map(|[a, b, c]| i32::from_be_bytes([a, b, c, 0]) >> (8 + SHIFT))?;
        let bus = self.registers.read(BUS).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]) >> SHIFT)?;
        Ok(Reading { shunt, bus, is_overloaded: shunt == HIGHEST || shunt == LOWEST })
    }
}
