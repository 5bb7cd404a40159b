//! Registers of a peripheral.
#![allow(unsafe_code)]

use core::ptr::{with_exposed_provenance, with_exposed_provenance_mut};

use super::Write;

/// The registers that begin at an address, which is one of the board's [`Wiring`](super::Wiring).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers(pub usize);

impl Registers {
    pub(crate) fn read(self, at: usize) -> u32 {
        // SAFETY: the board's description says that a peripheral is there, and its driver that it has this register.
        unsafe { with_exposed_provenance::<u32>(self.0 + at).read_volatile() }
    }

    pub(crate) fn write(self, at: usize, value: u32) {
        // SAFETY: as above; no memory that the compiler knows of lies there.
        unsafe { with_exposed_provenance_mut::<u32>(self.0 + at).write_volatile(value) };
    }

    pub(crate) fn read_byte(self, at: usize) -> u8 {
        // SAFETY: as above.
        unsafe { with_exposed_provenance::<u8>(self.0 + at).read_volatile() }
    }

    pub(crate) fn write_byte(self, at: usize, value: u8) {
        // SAFETY: as above; no memory that the compiler knows of lies there.
        unsafe { with_exposed_provenance_mut::<u8>(self.0 + at).write_volatile(value) };
    }
}

impl Write {
    pub(crate) fn perform(self) {
        Registers(self.address).write(0, self.value);
    }
}
