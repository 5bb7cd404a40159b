//! Memory that is handed out once.
#![allow(unsafe_code)]

use core::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, Ordering},
};

use engine::Arena;

/// Memory for whoever takes it first; in a `static`, where `main` finds it.
pub struct Room<const BYTES: usize> {
    taken: AtomicBool,
    memory: UnsafeCell<Arena<BYTES>>,
}

// SAFETY: `taken` lets one caller reach the memory, and nobody after it.
unsafe impl<const BYTES: usize> Sync for Room<BYTES> {}

impl<const BYTES: usize> Room<BYTES> {
    /// All zeros.
    pub const fn new() -> Self {
        Self { taken: AtomicBool::new(false), memory: UnsafeCell::new(Arena::new()) }
    }

    /// All of the memory the first time, none of it later.
    #[expect(clippy::mut_from_ref, reason = "it is handed out once")]
    pub fn take(&'static self) -> &'static mut [u8] {
        // Not every core can read and write in one go.
        let taken = critical_section::with(|_| {
            let taken = self.taken.load(Ordering::Relaxed);
            self.taken.store(true, Ordering::Relaxed);
            taken
        });
        if taken {
            return &mut [];
        }
        // SAFETY: no other caller got here.
        let memory = unsafe { &mut *self.memory.get() };
        &mut memory.0
    }
}

impl<const BYTES: usize> Default for Room<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}
