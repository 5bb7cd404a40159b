//! The watchdog: it warns two periods of its clock before it resets the chip, 61 microseconds, and nothing puts that off any more.

use embassy_nrf::{
    interrupt,
    interrupt::Interrupt,
    pac::wdt::{
        Wdt,
        regs::Rren,
        vals::{Halt, Rr, Sleep},
    },
};

/// Of its clock, in a second.
const TICKS: u64 = 32_768;

#[cfg(feature = "nrf5340")]
const WATCHDOG: (Wdt, Interrupt) = (embassy_nrf::pac::WDT0, Interrupt::WDT0);
#[cfg(any(feature = "nrf52833", feature = "nrf52840"))]
const WATCHDOG: (Wdt, Interrupt) = (embassy_nrf::pac::WDT, Interrupt::WDT);

#[cfg(feature = "nrf5340")]
#[interrupt]
fn WDT0() {
    probed::warned();
}

#[cfg(any(feature = "nrf52833", feature = "nrf52840"))]
#[interrupt]
fn WDT() {
    probed::warned();
}

/// Starts it. It stands still while a debugger has stopped the core.
pub fn start() {
    let (watchdog, warning) = WATCHDOG;
    watchdog.config().write(|config| {
        config.set_sleep(Sleep::Run);
        config.set_halt(Halt::Pause);
    });
    let ticks = u64::from(probed::WATCHDOG_MILLISECONDS) * TICKS / 1000;
    watchdog.crv().write_value(ticks as u32);
    // One of its eight requests is enough.
    watchdog.rren().write_value(Rren(1));
    watchdog.intenset().write(|interrupts| interrupts.set_timeout(true));
    probed::heed(warning);
    watchdog.tasks_start().write_value(1);
    feed();
}

/// Puts it off.
pub fn feed() {
    let (watchdog, _) = WATCHDOG;
    watchdog.rr(0).write(|request| request.set_rr(Rr::Reload));
}
