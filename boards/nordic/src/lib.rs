//! What boards with one of Nordic's chips share: the crystal, the cache, the UART, the reason of the last reset.
#![no_std]

#[cfg_attr(feature = "nrf5340", path = "nrf53.rs")]
#[cfg_attr(any(feature = "nrf52833", feature = "nrf52840"), path = "nrf52.rs")]
mod chip;
mod line;
#[cfg(feature = "watchdog")]
mod watchdog;

use embassy_nrf::{
    Peri, Peripherals,
    config::{Config, HfclkSource},
    gpio::{AnyPin, Output, OutputDrive},
};

pub use line::Line;

/// What a chip has set up.
pub type Desk = probed::Desk<Output<'static>, Line>;

/// What a board's wires are for.
pub struct Wires {
    /// An instrument's input.
    pub window: Peri<'static, AnyPin>,
    /// The UART.
    pub uart: Peri<'static, chip::Uart>,
    /// Where it sends.
    pub send: Peri<'static, AnyPin>,
    /// Where it receives.
    pub receive: Peri<'static, AnyPin>,
}

/// Sets the chip up at its full speed, with the wires that `pick` picks. To be called once.
pub fn desk(pick: impl FnOnce(Peripherals) -> Wires) -> Desk {
    let mut config = Config::default();
    // The crystal, because what is measured in cycles is read as time.
    config.hfclk_source = HfclkSource::ExternalXtal;
    let peripherals = embassy_nrf::init(config);
    chip::speed_up();
    let Wires { window, uart, send, receive } = pick(peripherals);
    #[cfg(feature = "watchdog")]
    watchdog::start();
    Desk {
        clock_hz: chip::CLOCK_HZ,
        window: Output::new(window, probed::IDLES_HIGH.into(), OutputDrive::Standard),
        watchdog: chip::was_watchdog(),
        line: line::line(uart, send, receive),
        #[cfg(feature = "watchdog")]
        feed: watchdog::feed,
    }
}
