//! RISC-V, 32 bits, machine mode, one hart.
#![allow(unsafe_code)]

use core::arch::asm;

use riscv::asm::wfi;

pub use riscv::asm::nop;
pub use riscv_rt::entry;

/// Nothing happens any more, and the core's clock is off while nothing interrupts.
pub fn rest() -> ! {
    loop {
        wfi();
    }
}

/// Nothing interrupts from now on.
#[cfg(all(feature = "faults", not(feature = "semihosting")))]
pub(crate) fn mask_interrupts() {
    riscv::interrupt::disable();
}

/// Does not come back: no core knows this instruction.
pub fn unknown_instruction() -> ! {
    // SAFETY: it only traps, and the handler does not return.
    unsafe { asm!("unimp", options(noreturn, nomem, nostack)) }
}

pub(crate) fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: it reads a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// Starts the firmware again as a reset does, with what RAM holds.
#[cfg(feature = "faults")]
pub fn restart() -> ! {
    // SAFETY: the runtime's start needs nothing, and makes everything anew.
    unsafe { asm!("la t0, _start", "jr t0", options(noreturn)) }
}
