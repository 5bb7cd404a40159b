//! What boards with one of Raspberry Pi's chips share: the crystal, the pin, the reason of the last reset.
#![no_std]

use embassy_rp::{
    clocks::{ClockConfig, clk_sys_freq},
    config::Config,
    gpio::{Level, Output},
    watchdog::{ResetReason, Watchdog},
};
use probed::Desk;

/// The boards' crystal.
const CRYSTAL_HZ: u32 = 12_000_000;

/// Sets the chip up at the speed that its maker gives it, with GP15 low. To be called once.
pub fn desk() -> Desk<Output<'static>, ()> {
    let peripherals = embassy_rp::init(Config::new(ClockConfig::crystal(CRYSTAL_HZ)));
    let cause = Watchdog::new(peripherals.WATCHDOG).reset_reason();
    Desk {
        clock_hz: clk_sys_freq(),
        window: Output::new(peripherals.PIN_15, Level::Low),
        watchdog: matches!(cause, Some(ResetReason::TimedOut)),
        line: None,
    }
}
