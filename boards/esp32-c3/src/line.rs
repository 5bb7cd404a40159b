//! The UART as `embedded-hal` has it.

use embedded_hal_nb::{
    nb,
    serial::{ErrorKind, ErrorType, Read, Write},
};
use esp_hal::{
    Blocking,
    peripherals::{GPIO20, GPIO21, UART0},
    uart::{RxError, Uart},
};

/// A UART that waits for what it is asked for, a byte at a time.
pub struct Line(Uart<'static, Blocking>);

/// The UART, where the image talks over it.
pub fn line(uart: UART0<'static>, send: GPIO21<'static>, receive: GPIO20<'static>) -> Option<Line> {
    let config = esp_hal::uart::Config::default().with_baudrate(probed::BAUD?);
    let uart = Uart::new(uart, config).ok()?;
    Some(Line(uart.with_tx(send).with_rx(receive)))
}

impl ErrorType for Line {
    type Error = ErrorKind;
}

impl Read for Line {
    fn read(&mut self) -> nb::Result<u8, ErrorKind> {
        let mut byte = [0];
        self.0.read(&mut byte).map_err(kind)?;
        let [byte] = byte;
        Ok(byte)
    }
}

impl Write for Line {
    fn write(&mut self, byte: u8) -> nb::Result<(), ErrorKind> {
        self.0.write(&[byte]).map_err(|_| ErrorKind::Other)?;
        Ok(())
    }

    fn flush(&mut self) -> nb::Result<(), ErrorKind> {
        Ok(self.0.flush().map_err(|_| ErrorKind::Other)?)
    }
}

fn kind(error: RxError) -> ErrorKind {
    match error {
        RxError::FifoOverflowed => ErrorKind::Overrun,
        RxError::GlitchOccurred => ErrorKind::Noise,
        RxError::FrameFormatViolated => ErrorKind::FrameFormat,
        RxError::ParityMismatch => ErrorKind::Parity,
        _ => ErrorKind::Other,
    }
}
