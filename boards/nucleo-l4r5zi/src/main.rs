//! ST's NUCLEO-L4R5ZI at 120 MHz: a model that serves a host, by RTT or over the UART.
#![no_std]
#![no_main]

mod boost;

use embassy_stm32::rcc::{
    AHBPrescaler, MSIRange, Pll, PllMul, PllPreDiv, PllRDiv, PllSource, Sysclk, mux::Lpuart1sel,
};
use st::Desk;

probed::program!(desk());

/// The oscillator's 4 MHz, sixty times, halved.
const CLOCK_HZ: u32 = 120_000_000;

/// Sets the chip up at its full speed.
fn desk() -> Desk {
    boost::before();
    let mut config = st::config();
    config.rcc.msi = Some(MSIRange::RANGE4M);
    config.rcc.pll = Some(Pll {
        source: PllSource::MSI,
        prediv: PllPreDiv::DIV1,
        mul: PllMul::MUL60,
        divp: None,
        divq: None,
        divr: Some(PllRDiv::DIV2),
    });
    config.rcc.sys = Sysclk::PLL1_R;
    if probed::BAUD.is_some() {
        // The HAL does not know of the full speed. This oscillator has one speed, and it is slow enough for 9600 baud.
        config.rcc.hsi = true;
        config.rcc.mux.lpuart1sel = Lpuart1sel::HSI;
    }
    // Half speed, until flash has wait states for all of it.
    config.rcc.ahb_pre = AHBPrescaler::DIV2;
    let peripherals = embassy_stm32::init(config);
    boost::after();
    let line = st::line(peripherals.LPUART1, peripherals.PG7, peripherals.PG8);
    st::desk(CLOCK_HZ, peripherals.PF13, line)
}
