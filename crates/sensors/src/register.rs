use embedded_hal::i2c::I2c;

/// A device of this family: registers of two bytes or more, the high byte first.
pub struct Registers<B> {
    bus: B,
    address: u8,
}

impl<B: I2c> Registers<B> {
    pub fn new(bus: B, address: u8) -> Self {
        Self { bus, address }
    }

    /// Gives the bus back.
    pub fn release(self) -> B {
        self.bus
    }

    pub fn write(&mut self, register: u8, value: u16) -> Result<(), B::Error> {
        let [high, low] = value.to_be_bytes();
        self.bus.write(self.address, &[register, high, low])
    }

    pub fn read<const N: usize>(&mut self, register: u8) -> Result<[u8; N], B::Error> {
        let mut bytes = [0; N];
        self.bus.write_read(self.address, &[register], &mut bytes)?;
        Ok(bytes)
    }

    pub fn half(&mut self, register: u8) -> Result<u16, B::Error> {
        self.read(register).map(u16::from_be_bytes)
    }
}
