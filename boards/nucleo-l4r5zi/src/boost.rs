//! More than 80 MHz: the HAL stops there, since the STM32L4 does; the STM32L4+ goes on in its boost mode.
//!
//! RM0432, 5.1.8 "Dynamic voltage scaling management" and 3.3.3 "Read access latency".
#![allow(unsafe_code)]

use embassy_stm32::pac::{FLASH, RCC, rcc::vals::Hpre};

/// PWR_CR5, which the chip's register description does not have.
const PWR_CR5: *mut u32 = 0x4000_7080 as *mut u32;
/// Its bit R1MODE; 0 is boost mode.
const R1MODE: u32 = 1 << 8;
/// For more than 100 MHz in boost mode.
const WAIT_STATES: u8 = 5;

/// Raises the core's voltage, which has to come before the clock.
pub fn before() {
    RCC.apb1enr1().modify(|enable| enable.set_pwren(true));
    // The clock of a peripheral takes two cycles to arrive; a read back takes longer.
    let _ = RCC.apb1enr1().read();
    // SAFETY: the register is there on every STM32L4+, it has a clock since the line above, and nobody else is running.
    let mode = unsafe { PWR_CR5.read_volatile() };
    // SAFETY: as above; the bit does nothing but choose the voltage.
    unsafe { PWR_CR5.write_volatile(mode & !R1MODE) };
}

/// Wait states and caches for the full speed, and then the full speed.
pub fn after() {
    FLASH.acr().modify(|access| {
        access.set_latency(WAIT_STATES);
        access.set_icen(true);
        access.set_dcen(true);
        access.set_prften(true);
    });
    while FLASH.acr().read().latency() != WAIT_STATES {}
    // The voltage has had its microsecond at half speed: setting up the HAL took more.
    RCC.cfgr().modify(|clocks| clocks.set_hpre(Hpre::DIV1));
}
