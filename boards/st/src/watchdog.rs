//! The window watchdog, with a window that is always open. Its time is short, and it warns a step of its counter before it is over:
//! the warning is counted and puts the watchdog off, until there were so many that nobody has fed it.

use core::sync::atomic::{AtomicU32, Ordering};

use embassy_stm32::{
    interrupt,
    interrupt::Interrupt,
    pac::{
        DBGMCU,
        wwdg::{Wwdg, vals::Wdgtb},
    },
    peripherals, rcc,
};

#[cfg(feature = "stm32h743zi")]
type Peripheral = peripherals::WWDG1;
#[cfg(feature = "stm32h743zi")]
const WATCHDOG: Wwdg = embassy_stm32::pac::WWDG1;

#[cfg(any(feature = "stm32l4r5zi", feature = "stm32u575zi"))]
type Peripheral = peripherals::WWDG;
#[cfg(any(feature = "stm32l4r5zi", feature = "stm32u575zi"))]
const WATCHDOG: Wwdg = embassy_stm32::pac::WWDG;

/// Where the counter starts; at 64 it warns, and one step later it resets the chip.
const FULL: u8 = 127;
/// Steps from there to the warning.
const STEPS: u64 = 63;

/// Clocks of the bus in a step: 4096, doubled as often as the chip can.
const STEP_CLOCKS: u64 = 4096 << DOUBLINGS;
#[cfg(feature = "stm32l4r5zi")]
const DOUBLINGS: u8 = 3;
#[cfg(any(feature = "stm32h743zi", feature = "stm32u575zi"))]
const DOUBLINGS: u8 = 7;

/// The core's clocks in one of the bus that the watchdog is on, as boards set them.
#[cfg(feature = "stm32h743zi")]
const BUS_DIVIDER: u64 = 4;
#[cfg(any(feature = "stm32l4r5zi", feature = "stm32u575zi"))]
const BUS_DIVIDER: u64 = 1;

/// Warnings that are left until nobody has fed it for too long.
static LEFT: AtomicU32 = AtomicU32::new(0);
/// Warnings from one feeding to the reset.
static WARNINGS: AtomicU32 = AtomicU32::new(0);

#[interrupt]
fn WWDG() {
    let left = LEFT.load(Ordering::Relaxed);
    if left == 0 {
        probed::warned();
        return;
    }
    // Fed in between, it is fed again by the next round.
    LEFT.store(left - 1, Ordering::Relaxed);
    reload();
    WATCHDOG.sr().write(|status| status.set_ewif(false));
}

/// Starts it, with the core at `clock_hz`. It stands still while a debugger has stopped the core.
pub fn start(clock_hz: u32) {
    let clocks = u64::from(probed::WATCHDOG_MILLISECONDS) * u64::from(clock_hz) / BUS_DIVIDER / 1000;
    WARNINGS.store((clocks / (STEP_CLOCKS * STEPS)) as u32, Ordering::Relaxed);
    feed();
    rcc::enable_and_reset::<Peripheral>();
    stop_with_the_core();
    WATCHDOG.cfr().write(|config| {
        config.set_wdgtb(Wdgtb::from_bits(DOUBLINGS));
        config.set_w(FULL);
        config.set_ewi(true);
    });
    reload();
    probed::heed(Interrupt::WWDG);
}

/// Puts it off.
pub fn feed() {
    LEFT.store(WARNINGS.load(Ordering::Relaxed), Ordering::Relaxed);
}

fn reload() {
    WATCHDOG.cr().write(|control| {
        control.set_t(FULL);
        control.set_wdga(true);
    });
}

#[cfg(feature = "stm32l4r5zi")]
fn stop_with_the_core() {
    DBGMCU.apb1fzr1().modify(|stopped| stopped.set_wwdg(true));
}

#[cfg(feature = "stm32u575zi")]
fn stop_with_the_core() {
    DBGMCU.apb1lfzr().modify(|stopped| stopped.set_dbg_wwdg_stop(true));
}

/// What is more, the watchdog is to reset all of the chip.
#[cfg(feature = "stm32h743zi")]
fn stop_with_the_core() {
    DBGMCU.apb3fzr1().modify(|stopped| stopped.set_wwdg1(true));
    embassy_stm32::pac::RCC.gcr().modify(|scope| scope.set_ww1rsc(true));
}
