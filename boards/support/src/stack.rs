//! How deep the stack goes: it is painted, and later the paint that is left is measured.
#![allow(unsafe_code)]

use core::ptr::with_exposed_provenance_mut;

use crate::machine::stack_pointer;

/// What no frame is likely to hold.
const PAINT: u32 = 0xcccc_cccc;

/// [`paint`]'s own frame and that of what it calls stay unpainted.
const OWN_FRAME_BYTES: usize = 64;

unsafe extern "C" {
    /// The lowest address that is the stack's; from the board's linker script, or else the end of all variables.
    /// esp-hal's name it is as well, for where the memory ends that the stack has; a word above that is watched.
    #[cfg_attr(all(target_arch = "riscv32", not(feature = "semihosting")), link_name = "_stack_limit")]
    static _stack_end: u32;
    /// The address above the highest that is the stack's; from the linker script.
    static _stack_start: u32;
}

fn lowest() -> usize {
    (&raw const _stack_end).expose_provenance()
}

fn top() -> usize {
    (&raw const _stack_start).expose_provenance()
}

/// Where the stack may stand.
#[cfg(any(feature = "faults", target_arch = "riscv32"))]
pub(crate) fn range() -> core::ops::Range<usize> {
    lowest()..top()
}

/// What the image leaves for the stack.
pub fn available_bytes() -> usize {
    top() - lowest()
}

/// From the top of the stack to where it stands now.
#[inline(always)]
pub fn used_bytes() -> usize {
    top().saturating_sub(stack_pointer())
}

/// Paints what is free now, so that [`deepest_bytes`] tells about what comes next.
#[inline(never)]
pub fn paint() {
    let end = stack_pointer().saturating_sub(OWN_FRAME_BYTES);
    let mut address = lowest();
    while address < end {
        // SAFETY: it is below every live frame, aligned like its start, and nothing else lives there.
        unsafe { with_exposed_provenance_mut::<u32>(address).write_volatile(PAINT) };
        address += size_of::<u32>();
    }
}

/// From the top of the stack to the deepest word that lost its paint, since the start or since the last [`paint`].
#[inline(never)]
pub fn deepest_bytes() -> usize {
    let mut address = lowest();
    while address < top() {
        // SAFETY: the whole range is RAM, and was painted at the start.
        let word = unsafe { with_exposed_provenance_mut::<u32>(address).read_volatile() };
        if word != PAINT {
            break;
        }
        address += size_of::<u32>();
    }
    top().saturating_sub(address)
}
