//! ST's NUCLEO-L4R5ZI at 120 MHz: a model that serves the host by RTT.
#![no_std]
#![no_main]

mod boost;

use embassy_stm32::{
    Config,
    gpio::{Level, Output, Speed},
    pac::RCC,
    rcc::{AHBPrescaler, MSIRange, Pll, PllMul, PllPreDiv, PllRDiv, PllSource, Sysclk},
};
use microjoule::Executor;
use probed::{Desk, Room};

microjoule::include_model!(model);

static ARENA: Room<{ model::ARENA_BYTES }> = Room::new();
static STATE: Room<{ model::STATE_BYTES }> = Room::new();

/// The oscillator's 4 MHz, sixty times, halved.
const CLOCK_HZ: u32 = 120_000_000;

#[probed::entry]
fn main() -> ! {
    boost::before();
    let mut config = Config::default();
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
    // Half speed, until flash has wait states for all of it.
    config.rcc.ahb_pre = AHBPrescaler::DIV2;
    let peripherals = embassy_stm32::init(config);
    boost::after();

    let window = Output::new(peripherals.PF13, Level::Low, Speed::VeryHigh);
    let causes = RCC.csr().read();
    RCC.csr().modify(|status| status.set_rmvf(true));
    let watchdog = causes.iwdgrstf() || causes.wwdgrstf();
    let desk = Desk { clock_hz: CLOCK_HZ, window, watchdog };
    probed::serve(desk, &mut Executor::begin(&model::PLAN, ARENA.take(), STATE.take()))
}
