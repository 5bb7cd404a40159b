//! Raspberry Pi's Pico at 125 MHz: a model that serves the host by RTT.
#![no_std]
#![no_main]

use embassy_rp::{
    clocks::ClockConfig,
    config::Config,
    gpio::{Level, Output},
    watchdog::{ResetReason, Watchdog},
};
use microjoule::Executor;
use probed::{Desk, Room};

microjoule::include_model!(model);

static ARENA: Room<{ model::ARENA_BYTES }> = Room::new();
static STATE: Room<{ model::STATE_BYTES }> = Room::new();

/// The board's crystal.
const CRYSTAL_HZ: u32 = 12_000_000;
/// What the HAL makes of it.
const CLOCK_HZ: u32 = 125_000_000;

#[probed::entry]
fn main() -> ! {
    let peripherals = embassy_rp::init(Config::new(ClockConfig::crystal(CRYSTAL_HZ)));

    let window = Output::new(peripherals.PIN_15, Level::Low);
    let cause = Watchdog::new(peripherals.WATCHDOG).reset_reason();
    let watchdog = matches!(cause, Some(ResetReason::TimedOut));
    let desk = Desk { clock_hz: CLOCK_HZ, window, watchdog };
    probed::serve(desk, &mut Executor::begin(&model::PLAN, ARENA.take(), STATE.take()))
}
