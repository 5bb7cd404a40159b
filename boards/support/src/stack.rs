//! How deep the stack goes: it is painted, and later the paint that is left is measured.
#![allow(unsafe_code)]

use core::ptr::with_exposed_provenance_mut;

use cortex_m::register::msp;
use cortex_m_rt::STACK_PAINT_VALUE;

/// [`paint`]'s own frame and that of what it calls stay unpainted.
const OWN_FRAME_BYTES: usize = 64;

unsafe extern "C" {
    /// The lowest address that is the stack's; from the linker script.
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

/// What the image leaves for the stack.
pub fn available_bytes() -> usize {
    top() - lowest()
}

/// From the top of the stack to where it stands now.
#[inline(always)]
pub fn used_bytes() -> usize {
    top().saturating_sub(msp::read() as usize)
}

/// Paints what is free now, so that [`deepest_bytes`] tells about what comes next.
#[inline(never)]
pub fn paint() {
    let end = (msp::read() as usize).saturating_sub(OWN_FRAME_BYTES);
    let mut address = lowest();
    while address < end {
        // SAFETY: it is below every live frame, aligned like its start, and nothing else lives there.
        unsafe { with_exposed_provenance_mut::<u32>(address).write_volatile(STACK_PAINT_VALUE) };
        address += size_of::<u32>();
    }
}

/// From the top of the stack to the deepest word that lost its paint, since reset or since the last [`paint`].
#[inline(never)]
pub fn deepest_bytes() -> usize {
    let mut address = lowest();
    while address < top() {
        // SAFETY: the whole range is RAM, and was painted at reset.
        let word = unsafe { with_exposed_provenance_mut::<u32>(address).read_volatile() };
        if word != STACK_PAINT_VALUE {
            break;
        }
        address += size_of::<u32>();
    }
    top().saturating_sub(address)
}
