//! A model that serves the host. The environment's `MICROJOULE_MODEL` names it when the image is built.
#![no_std]
#![no_main]

use microjoule::Executor;

microjoule::include_model!(model);

/// The program.
#[support::entry]
fn main() -> ! {
    let (arena, state) = support::memories!(model);
    support::serve(&mut Executor::begin(&model::PLAN, arena, state))
}
