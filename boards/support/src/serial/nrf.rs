use super::{Uart, Wiring, registers::Registers};

const START_RECEIVING: usize = 0x000;
const START_SENDING: usize = 0x008;
const RECEIVED: usize = 0x108;
const SENT: usize = 0x11c;
const ENABLE: usize = 0x500;
const SEND_PIN: usize = 0x50c;
const RECEIVE_PIN: usize = 0x514;
const RECEIVE_DATA: usize = 0x518;
const SEND_DATA: usize = 0x51c;
const BAUD_RATE: usize = 0x524;

const ENABLED: u32 = 4;

/// The UART of Nordic's nRF51.
///
/// "nRF51 Series Reference Manual", version 3.0, Nordic Semiconductor, chapter 29.
#[derive(Debug)]
pub struct Nrf {
    registers: Registers,
    is_sending: bool,
}

impl Uart for Nrf {
    fn open(wiring: &Wiring, baud: u32) -> Self {
        let registers = Registers(wiring.uart);
        let [send, receive] = wiring.pins;
        registers.write(SEND_PIN, u32::from(send));
        registers.write(RECEIVE_PIN, u32::from(receive));
        registers.write(BAUD_RATE, if baud == 9600 { 0x0027_5000 } else { 0x01d7_e000 });
        registers.write(ENABLE, ENABLED);
        registers.write(START_RECEIVING, 1);
        registers.write(START_SENDING, 1);
        Self { registers, is_sending: false }
    }

    fn receive(&mut self) -> Option<u8> {
        if self.registers.read(RECEIVED) == 0 {
            return None;
        }
        // Cleared first: reading the byte lets the next one in, which sets it again.
        self.registers.write(RECEIVED, 0);
        Some(self.registers.read(RECEIVE_DATA) as u8)
    }

    fn send(&mut self, byte: u8) {
        self.flush();
        self.registers.write(SENT, 0);
        self.registers.write(SEND_DATA, u32::from(byte));
        self.is_sending = true;
    }

    fn flush(&mut self) {
        while self.is_sending && self.registers.read(SENT) == 0 {}
        self.is_sending = false;
    }
}
