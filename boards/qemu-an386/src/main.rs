//! A model on QEMU's `mps2-an386`. The environment's `MICROJOULE_MODEL` names it when the image is built.
#![no_std]
#![no_main]

use microjoule::{Arena, Executor};

microjoule::include_model!(model);

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut ARENA: Arena<{ model::ARENA_BYTES }> = Arena::new();
    static mut STATE: Arena<{ model::STATE_BYTES }> = Arena::new();
    support::serve(&mut Executor::begin(&model::PLAN, &mut ARENA.0, &mut STATE.0))
}
