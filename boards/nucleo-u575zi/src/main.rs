//! ST's NUCLEO-U575ZI-Q at 160 MHz: a model that serves a host, by RTT or over the UART.
#![no_std]
#![no_main]

use embassy_stm32::{
    pac::{FLASH, ICACHE},
    rcc::{Pll, PllDiv, PllMul, PllPreDiv, PllSource, Sysclk, VoltageScale},
};
use st::Desk;

probed::program!(desk());

/// The oscillator's 16 MHz, ten times.
const CLOCK_HZ: u32 = 160_000_000;

/// Sets the chip up at its full speed.
fn desk() -> Desk {
    let mut config = st::config();
    config.rcc.hsi = true;
    config.rcc.pll1 = Some(Pll {
        source: PllSource::HSI,
        prediv: PllPreDiv::DIV1,
        mul: PllMul::MUL10,
        divp: None,
        divq: None,
        divr: Some(PllDiv::DIV1),
    });
    config.rcc.sys = Sysclk::PLL1_R;
    config.rcc.voltage_range = VoltageScale::RANGE1;
    let peripherals = embassy_stm32::init(config);
    FLASH.acr().modify(|access| access.set_prften(true));
    ICACHE.cr().modify(|cache| cache.set_en(true));
    let line = st::line(peripherals.USART1, peripherals.PA9, peripherals.PA10);
    st::desk(CLOCK_HZ, peripherals.PF13, line)
}
