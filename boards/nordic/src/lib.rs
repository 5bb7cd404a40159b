//! What boards with one of Nordic's chips share: the crystal, the cache, the reason of the last reset.
#![no_std]

#[cfg_attr(feature = "nrf5340", path = "nrf53.rs")]
#[cfg_attr(any(feature = "nrf52833", feature = "nrf52840"), path = "nrf52.rs")]
mod chip;

use embassy_nrf::{
    Peri, Peripherals,
    config::{Config, HfclkSource},
    gpio::{Level, Output, OutputDrive, Pin},
};
use probed::Desk;

/// Sets the chip up at its full speed, with the pin that `window` picks low. To be called once.
pub fn desk<P: Pin>(window: impl FnOnce(Peripherals) -> Peri<'static, P>) -> Desk<Output<'static>, ()> {
    let mut config = Config::default();
    // The crystal, because what is measured in cycles is read as time.
    config.hfclk_source = HfclkSource::ExternalXtal;
    let peripherals = embassy_nrf::init(config);
    chip::speed_up();
    Desk {
        clock_hz: chip::CLOCK_HZ,
        window: Output::new(window(peripherals), Level::Low, OutputDrive::Standard),
        watchdog: chip::was_watchdog(),
        line: None,
    }
}
