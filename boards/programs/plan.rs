//! Runs any plan that the host hands over, as far as the rooms in `board.toml` reach.
#![no_std]
#![no_main]

use support::Room;

include!(concat!(env!("OUT_DIR"), "/rooms.rs"));

static PLAN: Room<PLAN_BYTES> = Room::new();
static ARENA: Room<ARENA_BYTES> = Room::new();
static STATE: Room<STATE_BYTES> = Room::new();

/// The program.
#[support::entry]
fn main() -> ! {
    support::serve_plan(PLAN.take(), ARENA.take(), STATE.take())
}
