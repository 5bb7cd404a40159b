//! The UART as `embedded-hal` has it.

use embassy_nrf::{
    Peri,
    gpio::AnyPin,
    uarte::{Error, Uarte},
};
use embedded_hal_nb::{
    nb,
    serial::{ErrorKind, ErrorType, Read, Write},
};

use crate::chip;

/// A UART that waits for what it is asked for, a byte at a time.
pub struct Line {
    uart: Uarte<'static>,
    /// Not on the stack of a call: after a fault on the line the chip may write here once more.
    received: [u8; 1],
}

/// The UART, where the image talks over it.
#[cfg(feature = "mlperf")]
pub fn line(
    uart: Peri<'static, chip::Uart>,
    send: Peri<'static, AnyPin>,
    receive: Peri<'static, AnyPin>,
) -> Option<Line> {
    use embassy_nrf::{
        bind_interrupts,
        uarte::{Baudrate, Config, InterruptHandler},
    };

    // Waiting needs none; the HAL asks for it.
    #[cfg(feature = "nrf5340")]
    bind_interrupts!(struct Interrupts {
        SERIAL0 => InterruptHandler<chip::Uart>;
    });
    #[cfg(not(feature = "nrf5340"))]
    bind_interrupts!(struct Interrupts {
        UARTE0 => InterruptHandler<chip::Uart>;
    });

    let mut config = Config::default();
    config.baudrate = match probed::BAUD? {
        9600 => Baudrate::Baud9600,
        115_200 => Baudrate::Baud115200,
        _ => return None,
    };
    Some(Line { uart: Uarte::new(uart, receive, send, Interrupts, config), received: [0] })
}

/// The UART, where the image talks over it: here it does not, and has no code of its.
#[cfg(not(feature = "mlperf"))]
pub fn line(
    _: Peri<'static, chip::Uart>,
    _: Peri<'static, AnyPin>,
    _: Peri<'static, AnyPin>,
) -> Option<Line> {
    None
}

impl ErrorType for Line {
    type Error = ErrorKind;
}

impl Read for Line {
    fn read(&mut self) -> nb::Result<u8, ErrorKind> {
        self.uart.blocking_read(&mut self.received).map_err(kind)?;
        let [byte] = self.received;
        Ok(byte)
    }
}

impl Write for Line {
    fn write(&mut self, byte: u8) -> nb::Result<(), ErrorKind> {
        Ok(self.uart.blocking_write(&[byte]).map_err(kind)?)
    }

    /// A byte that was written has left.
    fn flush(&mut self) -> nb::Result<(), ErrorKind> {
        Ok(())
    }
}

fn kind(error: Error) -> ErrorKind {
    match error {
        Error::Framing => ErrorKind::FrameFormat,
        Error::Parity => ErrorKind::Parity,
        Error::Overrun => ErrorKind::Overrun,
        _ => ErrorKind::Other,
    }
}
