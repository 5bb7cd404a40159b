//! Runs any plan that the host hands over.
#![no_std]
#![no_main]

use microjoule::Arena;

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut ROOM: Arena<{ 2 << 20 }> = Arena::new();
    static mut ARENA: Arena<{ 1 << 20 }> = Arena::new();
    static mut STATE: Arena<{ 64 << 10 }> = Arena::new();
    support::serve_plan(&mut ROOM.0, &mut ARENA.0, &mut STATE.0)
}
