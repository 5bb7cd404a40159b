//! Nordic's nRF52840 DK at 64 MHz: a model that serves the host by RTT.
#![no_std]
#![no_main]

use embassy_nrf::{
    config::{Config, HfclkSource},
    gpio::{Level, Output, OutputDrive},
    pac::{NVMC, POWER},
};
use microjoule::Executor;
use probed::{Desk, Room};

microjoule::include_model!(model);

static ARENA: Room<{ model::ARENA_BYTES }> = Room::new();
static STATE: Room<{ model::STATE_BYTES }> = Room::new();

/// The only speed that its core has.
const CLOCK_HZ: u32 = 64_000_000;

#[probed::entry]
fn main() -> ! {
    let mut config = Config::default();
    // The crystal, because what is measured in cycles is read as time.
    config.hfclk_source = HfclkSource::ExternalXtal;
    let peripherals = embassy_nrf::init(config);
    NVMC.icachecnf().write(|cache| cache.set_cacheen(true));

    let window = Output::new(peripherals.P1_01, Level::Low, OutputDrive::Standard);
    let causes = POWER.resetreas().read();
    // Bits stay until they are written.
    POWER.resetreas().write_value(causes);
    let desk = Desk { clock_hz: CLOCK_HZ, window, watchdog: causes.dog() };
    probed::serve(desk, &mut Executor::begin(&model::PLAN, ARENA.take(), STATE.take()))
}
