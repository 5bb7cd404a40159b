//! The watchdog, which has no interrupt: the chip is reset without a warning, and only the reason is known afterwards.

use embassy_rp::pac::{PSM, WATCHDOG, psm::regs::Wdsel, watchdog::regs::Load};

/// An RP2040's counts two for a microsecond: "RP2040 Datasheet", erratum RP2040-E1.
#[cfg(feature = "rp2040")]
const COUNTS: u32 = 2;
#[cfg(feature = "rp235x")]
const COUNTS: u32 = 1;

/// What it counts down from; it has 24 bits.
const LOAD: u32 = probed::WATCHDOG_MILLISECONDS * 1000 * COUNTS;
const _: () = assert!(LOAD < 1 << 24, "longer than the watchdog counts");

/// Starts it, to reset all but the oscillators. It stands still while a debugger has stopped the core.
pub fn start() {
    let mut reset = Wdsel(u32::MAX);
    reset.set_rosc(false);
    reset.set_xosc(false);
    PSM.wdsel().write_value(reset);
    feed();
    WATCHDOG.ctrl().modify(|control| {
        control.set_pause_dbg0(true);
        control.set_pause_dbg1(true);
        control.set_pause_jtag(true);
        control.set_enable(true);
    });
}

/// Puts it off.
pub fn feed() {
    WATCHDOG.load().write_value(Load(LOAD));
}
