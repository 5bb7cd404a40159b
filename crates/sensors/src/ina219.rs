use embedded_hal::i2c::I2c;

use crate::{Reading, Scale, Sensor, register::Registers};

const CONFIGURATION: u8 = 0x00;
const SHUNT: u8 = 0x01;
const BUS: u8 = 0x02;
/// 32 V, 12 bits in 532 µs, shunt and bus in turn; the shunt's range is or-ed to it.
const CONTINUOUS: u16 = 0x2000 | 0x3 << 7 | 0x3 << 3 | 0x7;
/// The bus register's flag of a sum that ran over, and where the voltage begins in it.
const OVERFLOW: u16 = 1;
const BUS_SHIFT: u32 = 3;

/// An INA219: 12 bits, ten microvolts a step.
///
/// Its shunt's range is the widest, 320 mV, or a fraction of that.
pub struct Ina219<B> {
    registers: Registers<B>,
    /// Where the range ends, in steps.
    limit: i32,
}

impl<B: I2c> Ina219<B> {
    /// Sets it up at an address, 0x40 to 0x4f; the shunt's range is 40 mV times two to the power of `gain`, 0 to 3.
    ///
    /// # Errors
    /// Those of the bus.
    pub fn new(bus: B, address: u8, gain: u8) -> Result<Self, B::Error> {
        let gain = gain.min(3);
        let mut registers = Registers::new(bus, address);
        registers.write(CONFIGURATION, CONTINUOUS | u16::from(gain) << 11)?;
        Ok(Self { registers, limit: 4000 << gain })
    }

    /// Gives the bus back.
    pub fn release(self) -> B {
        self.registers.release()
    }
}

impl<B: I2c> Sensor for Ina219<B> {
    type Error = B::Error;

    fn scale(&self) -> Scale {
        Scale { shunt_picovolts: 10_000_000, bus_nanovolts: 4_000_000 }
    }

    fn read(&mut self) -> Result<Reading, B::Error> {
        let shunt = i32::from(self.registers.half(SHUNT)?.cast_signed());
        let bus = self.registers.half(BUS)?;
        let is_overloaded = bus & OVERFLOW != 0 || shunt.unsigned_abs() >= self.limit.unsigned_abs();
        Ok(Reading { shunt, bus: u32::from(bus >> BUS_SHIFT), is_overloaded })
    }
}
