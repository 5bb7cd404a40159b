use super::{Uart, Wiring, registers::Registers};

const DATA: usize = 0;
const INTERRUPTS: usize = 1;
const FIFO: usize = 2;
const LINE_CONTROL: usize = 3;
const LINE_STATUS: usize = 5;

const DIVISOR_ACCESS: u8 = 1 << 7;
const EIGHT_BITS: u8 = 0b11;
const FIFO_ON_AND_EMPTY: u8 = 0b111;
const RECEIVED: u8 = 1 << 0;
const ROOM: u8 = 1 << 5;
const ALL_SENT: u8 = 1 << 6;

/// The UART of the PC, with registers of one byte side by side.
///
/// "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs", National Semiconductor, 1995, section 8.
#[derive(Debug)]
pub struct Ns16550(Registers);

impl Uart for Ns16550 {
    fn open(wiring: &Wiring, baud: u32) -> Self {
        let registers = Registers(wiring.uart);
        let divisor = wiring.uart_hz.checked_div(baud.saturating_mul(16)).unwrap_or(1).max(1);
        let [low, high, ..] = divisor.to_le_bytes();
        registers.write_byte(INTERRUPTS, 0);
        registers.write_byte(LINE_CONTROL, DIVISOR_ACCESS | EIGHT_BITS);
        registers.write_byte(DATA, low);
        registers.write_byte(INTERRUPTS, high);
        registers.write_byte(LINE_CONTROL, EIGHT_BITS);
        registers.write_byte(FIFO, FIFO_ON_AND_EMPTY);
        Self(registers)
    }

    fn receive(&mut self) -> Option<u8> {
        (self.0.read_byte(LINE_STATUS) & RECEIVED != 0).then(|| self.0.read_byte(DATA))
    }

    fn send(&mut self, byte: u8) {
        while self.0.read_byte(LINE_STATUS) & ROOM == 0 {}
        self.0.write_byte(DATA, byte);
    }

    fn flush(&mut self) {
        while self.0.read_byte(LINE_STATUS) & ALL_SENT == 0 {}
    }
}
