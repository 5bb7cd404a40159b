//! The nRF5340's application core.

use embassy_nrf::{
    pac::{CACHE, CLOCK, clock::vals::Hclk},
    reset::{ResetReason, clear_reasons, read_reasons},
};

/// The UART that boards lead to their serial port.
pub use embassy_nrf::peripherals::SERIAL0 as Uart;

/// Twice what the core starts with.
pub const CLOCK_HZ: u32 = 128_000_000;

/// Turns the cache on, which flash needs at the full speed, and then the full speed.
pub fn speed_up() {
    CACHE.enable().write(|cache| cache.set_enable(true));
    CLOCK.hfclkctrl().write(|clock| clock.set_hclk(Hclk::Div1));
}

/// Whether a watchdog reset the chip; forgets why it was reset.
pub fn was_watchdog() -> bool {
    let causes = read_reasons();
    clear_reasons();
    causes.intersects(ResetReason::DOG0 | ResetReason::DOG1)
}
