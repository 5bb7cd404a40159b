//! Memory that is handed out once.
#![allow(unsafe_code)]

use core::{
    cell::UnsafeCell,
    slice,
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
        if !is_first(&self.taken) {
            return &mut [];
        }
        // SAFETY: no other caller got here.
        let memory = unsafe { &mut *self.memory.get() };
        &mut memory.0
    }
}

/// A value for whoever takes it first; in a `static`, for what is too large to be made on the stack.
pub struct Once<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `taken` lets one caller reach the value, and nobody after it.
unsafe impl<T: Send> Sync for Once<T> {}

impl<T> Once<T> {
    /// This value.
    pub const fn new(value: T) -> Self {
        Self { taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// The value the first time, nothing later.
    #[expect(clippy::mut_from_ref, reason = "it is handed out once")]
    pub fn take(&'static self) -> Option<&'static mut T> {
        if !is_first(&self.taken) {
            return None;
        }
        // SAFETY: no other caller got here.
        Some(unsafe { &mut *self.value.get() })
    }
}

/// Whether nobody asked before. Not every core can read and write in one go.
fn is_first(taken: &AtomicBool) -> bool {
    critical_section::with(|_| {
        let was_taken = taken.load(Ordering::Relaxed);
        taken.store(true, Ordering::Relaxed);
        !was_taken
    })
}

/// The arena and the state of a model that is compiled in, handed out once: the state lies in the slower memory where the
/// arena had no room for all of it, as the board's build script says.
#[macro_export]
macro_rules! memories {
    ($model:ident) => {{
        static ARENA: $crate::Room<{ $model::ARENA_BYTES }> = $crate::Room::new();
        #[cfg(not(slow_ram))]
        static STATE: $crate::Room<{ $model::STATE_BYTES }> = $crate::Room::new();
        #[cfg(not(slow_ram))]
        let state = STATE.take();
        #[cfg(slow_ram)]
        let state = $crate::slow_ram($model::STATE_BYTES);
        (ARENA.take(), state)
    }};
}

unsafe extern "C" {
    // The build script's, from `board.toml`.
    static mut __slow_ram: u8;
    static __slow_ram_end: u8;
}

/// The first bytes of the board's slower RAM, whatever they hold: the first time, and where there are as many; else
/// none.
pub fn slow_ram(bytes: usize) -> &'static mut [u8] {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let (first, end) = (&raw mut __slow_ram, &raw const __slow_ram_end);
    if !is_first(&TAKEN) || end.addr().wrapping_sub(first.addr()) < bytes {
        return &mut [];
    }
    // SAFETY: the board has RAM from `__slow_ram` to `__slow_ram_end`, where the linker puts nothing; that there are as
    // many bytes was checked, and no other caller got here.
    unsafe { slice::from_raw_parts_mut(first, bytes) }
}

impl<const BYTES: usize> Default for Room<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}
