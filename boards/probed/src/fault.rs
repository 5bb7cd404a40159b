//! The last words of firmware that cannot go on: in the log, and then a halt that a debugger finds.

use core::panic::PanicInfo;

use cortex_m::asm;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    match info.location() {
        Some(place) => defmt::error!("panic at {=str}:{=u32}", place.file(), place.line()),
        None => defmt::error!("panic"),
    }
    stop()
}

/// Nothing more happens, and a core that is looked at says where it stands.
fn stop() -> ! {
    cortex_m::interrupt::disable();
    loop {
        asm::nop();
    }
}
