use super::{Uart, Wiring, registers::Registers};

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const BAUD_DIVIDER: usize = 0x10;

const STATE_SENDING: u32 = 1 << 0;
const STATE_RECEIVED: u32 = 1 << 1;
const CONTROL_SEND_AND_RECEIVE: u32 = 0b11;

/// It works with no less.
const LEAST_DIVIDER: u32 = 16;

/// The APB UART of Arm's Cortex-M System Design Kit, which the MPS2 and MPS3 images have.
///
/// "Cortex-M System Design Kit Technical Reference Manual", Arm DDI 0479, section 4.3.
#[derive(Debug)]
pub struct Cmsdk(Registers);

impl Uart for Cmsdk {
    fn open(wiring: &Wiring, baud: u32) -> Self {
        let registers = Registers(wiring.uart);
        let divider = wiring.uart_hz.checked_div(baud).unwrap_or(LEAST_DIVIDER);
        registers.write(BAUD_DIVIDER, divider.max(LEAST_DIVIDER));
        registers.write(CONTROL, CONTROL_SEND_AND_RECEIVE);
        Self(registers)
    }

    fn receive(&mut self) -> Option<u8> {
        (self.0.read(STATE) & STATE_RECEIVED != 0).then(|| self.0.read(DATA) as u8)
    }

    fn send(&mut self, byte: u8) {
        self.flush();
        self.0.write(DATA, u32::from(byte));
    }

    /// The UART does not tell when the last bit has left, only when the last byte is on its way.
    fn flush(&mut self) {
        while self.0.read(STATE) & STATE_SENDING != 0 {}
    }
}
