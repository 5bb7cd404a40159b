//! The nRF52833 and the nRF52840.

use embassy_nrf::pac::{NVMC, POWER};

/// The UART that boards lead to their serial port.
pub use embassy_nrf::peripherals::UARTE0 as Uart;

/// The only speed that the core has.
pub const CLOCK_HZ: u32 = 64_000_000;

/// Turns the instruction cache on.
pub fn speed_up() {
    NVMC.icachecnf().write(|cache| cache.set_cacheen(true));
}

/// Whether a watchdog reset the chip; forgets why it was reset.
pub fn was_watchdog() -> bool {
    let causes = POWER.resetreas().read();
    // Bits stay until they are written.
    POWER.resetreas().write_value(causes);
    causes.dog()
}
