//! ST's NUCLEO-H743ZI2 at 480 MHz: a model that serves a host, by RTT or over the UART.
#![no_std]
#![no_main]

use embassy_stm32::{
    rcc::{
        AHBPrescaler, APBPrescaler, Hse, HseMode, Pll, PllDiv, PllMul, PllPreDiv, PllSource, Sysclk,
        VoltageScale,
    },
    time::Hertz,
};
use st::Desk;

probed::program!(desk());

/// What the ST-LINK gives, from its crystal.
const SUPPLIED_HZ: u32 = 8_000_000;
/// That 120 times, halved.
const CLOCK_HZ: u32 = 480_000_000;

/// Sets the chip up at its full speed.
fn desk() -> Desk {
    let mut config = st::config();
    config.rcc.hse = Some(Hse { freq: Hertz(SUPPLIED_HZ), mode: HseMode::Bypass });
    config.rcc.pll1 = Some(Pll {
        source: PllSource::HSE,
        prediv: PllPreDiv::DIV1,
        mul: PllMul::MUL120,
        fracn: None,
        divp: Some(PllDiv::DIV2),
        divq: None,
        divr: None,
    });
    config.rcc.sys = Sysclk::PLL1_P;
    // The most that buses and flash take.
    config.rcc.ahb_pre = AHBPrescaler::DIV2;
    config.rcc.apb1_pre = APBPrescaler::DIV2;
    config.rcc.apb2_pre = APBPrescaler::DIV2;
    config.rcc.apb3_pre = APBPrescaler::DIV2;
    config.rcc.apb4_pre = APBPrescaler::DIV2;
    config.rcc.voltage_scale = VoltageScale::Scale0;
    let peripherals = embassy_stm32::init(config);
    let line = st::line(peripherals.USART3, peripherals.PD8, peripherals.PD9);
    st::desk(CLOCK_HZ, peripherals.PG12, line)
}
