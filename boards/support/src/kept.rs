//! Memory that no start clears: the record of what went wrong, and what is running just now.
#![allow(unsafe_code)]

use core::{cell::UnsafeCell, mem::MaybeUninit, panic::PanicInfo, ptr::with_exposed_provenance};

use telemetry::fault::{Cause, Record, UNKNOWN, WORDS};

use crate::{machine::stack_pointer, stack};

/// Words that survive a reset, and hold anything after power comes.
struct Kept<const N: usize>(UnsafeCell<MaybeUninit<[u32; N]>>);

// SAFETY: there is one core, and what interrupts an access is a fault, after which nothing goes on.
unsafe impl<const N: usize> Sync for Kept<N> {}

impl<const N: usize> Kept<N> {
    const fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    fn read(&self) -> [u32; N] {
        // SAFETY: it is RAM, aligned, and any bits make words; volatile, so that nobody takes them for undefined.
        unsafe { self.0.get().cast::<[u32; N]>().read_volatile() }
    }

    fn write(&self, words: [u32; N]) {
        // SAFETY: it is RAM and aligned, and nobody else is there.
        unsafe { self.0.get().cast::<[u32; N]>().write_volatile(words) }
    }
}

impl Kept<WORDS> {
    /// Word by word, with no copy in between: a watchdog that warned does not wait.
    fn write_record(&self, record: &Record) {
        let mut at = 0;
        record.for_each_word(|word| {
            if at < WORDS {
                // SAFETY: the index is within the words, which are in RAM.
                let place = unsafe { self.0.get().cast::<u32>().add(at) };
                // SAFETY: it is aligned, and nobody else is there.
                unsafe { place.write_volatile(word) };
            }
            at += 1;
        });
    }
}

/// Found by its name: [`telemetry::fault::SYMBOL`].
#[unsafe(no_mangle)]
#[unsafe(link_section = ".uninit.MICROJOULE_FAULT")]
static MICROJOULE_FAULT: Kept<WORDS> = Kept::new();

/// A magic word, the case and the step that run, and their sum.
#[unsafe(link_section = ".uninit.running")]
static RUNNING: Kept<4> = Kept::new();

const MAGIC: u32 = u32::from_le_bytes(*b"MRUN");

/// A case begins, or with `step` a step of it.
pub fn running(case: u32, step: Option<u32>) {
    let step = step.unwrap_or(UNKNOWN);
    RUNNING.write([MAGIC, case, step, MAGIC.wrapping_add(case).wrapping_add(step)]);
}

/// Nothing runs any more.
pub fn idle() {
    RUNNING.write([0; 4]);
}

/// Case and step that run, or did when the core was reset.
fn interrupted() -> Option<(u32, u32)> {
    let [magic, case, step, sum] = RUNNING.read();
    (magic == MAGIC && sum == magic.wrapping_add(case).wrapping_add(step)).then_some((case, step))
}

/// Leaves a record, and puts what was running into it.
pub fn keep(record: &mut Record) {
    if let Some((case, step)) = interrupted() {
        record.case = case;
        record.step = step;
    }
    idle();
    MICROJOULE_FAULT.write_record(record);
}

/// Firmware starts: counts that in the record of what went wrong before, and gives it. A reset in the middle of a run makes
/// one; `watchdog` says that it was a watchdog's.
// Copies of a record are a good part of a small stack, and not for as long as the caller runs.
#[inline(never)]
pub fn start(watchdog: bool) -> Option<Record> {
    if interrupted().is_some() {
        keep(&mut Record::new(if watchdog { Cause::Watchdog } else { Cause::Reset }));
    }
    idle();
    let mut record = Record::from_words(&MICROJOULE_FAULT.read())?;
    record.starts = record.starts.saturating_add(1);
    MICROJOULE_FAULT.write_record(&record);
    Some(record)
}

/// The words of the stack from an address towards its top; none where that is not in the stack.
pub(crate) fn stack_from(address: usize) -> impl Iterator<Item = u32> {
    let range = stack::range();
    let start = if range.contains(&address) { address.next_multiple_of(size_of::<u32>()) } else { range.end };
    (start..range.end).step_by(size_of::<u32>()).map(|at| {
        // SAFETY: it is in the stack, which is RAM, and aligned.
        unsafe { with_exposed_provenance::<u32>(at).read_volatile() }
    })
}

/// What is known of a panic.
#[inline(never)]
pub(crate) fn panicked(info: &PanicInfo<'_>) -> Record {
    let mut record = Record::new(Cause::Panic);
    let sp = stack_pointer();
    record.sp = sp as u32;
    if let Some(place) = info.location() {
        record.set_place(place.file(), place.line());
    }
    record.set_stack(stack_from(sp));
    record
}
