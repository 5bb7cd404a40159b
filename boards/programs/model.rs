//! A model that serves the host. The environment's `MICROJOULE_MODEL` names it when the image is built.
#![no_std]
#![no_main]

use microjoule::Executor;
use support::Room;

microjoule::include_model!(model);

static ARENA: Room<{ model::ARENA_BYTES }> = Room::new();
static STATE: Room<{ model::STATE_BYTES }> = Room::new();

#[support::entry]
fn main() -> ! {
    support::serve(&mut Executor::begin(&model::PLAN, ARENA.take(), STATE.take()))
}
