//! What boards with an STM32 share: the pin, the reason of the last reset.
#![no_std]

use embassy_stm32::{
    Config, Peri,
    gpio::{Level, Output, Pin, Speed},
    pac::RCC,
};
use probed::Desk;

/// What the HAL does where a board says nothing, with clocks for a debugger in sleep only where there may be one.
pub fn config() -> Config {
    let mut config = Config::default();
    config.enable_debug_during_sleep = !probed::IS_FOR_ENERGY;
    config
}

/// What a chip with this clock has set up, `window` low.
pub fn desk(clock_hz: u32, window: Peri<'static, impl Pin>) -> Desk<Output<'static>> {
    Desk { clock_hz, window: Output::new(window, Level::Low, Speed::VeryHigh), watchdog: was_watchdog() }
}

/// Whether a watchdog reset the chip; forgets why it was reset.
#[cfg(feature = "stm32h743zi")]
fn was_watchdog() -> bool {
    let causes = RCC.rsr().read();
    RCC.rsr().modify(|status| status.set_rmvf(true));
    causes.iwdg1rstf() || causes.wwdg1rstf()
}

/// Whether a watchdog reset the chip; forgets why it was reset.
#[cfg(any(feature = "stm32l4r5zi", feature = "stm32u575zi"))]
fn was_watchdog() -> bool {
    let causes = RCC.csr().read();
    RCC.csr().modify(|status| status.set_rmvf(true));
    causes.iwdgrstf() || causes.wwdgrstf()
}
