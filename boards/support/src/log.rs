//! defmt's frames, to a file of the host.
#![allow(unsafe_code)]

use core::cell::UnsafeCell;

use critical_section::RestoreState;
use defmt::{Encoder, Logger};
use telemetry::files;

use crate::semihosting::{File, Mode};

/// A call to the host costs more than a frame, so frames are gathered.
const BUFFER_BYTES: usize = 128;

#[defmt::global_logger]
struct HostFile;

struct Sink {
    restore: RestoreState,
    encoder: Encoder,
    buffer: [u8; BUFFER_BYTES],
    filled: usize,
    file: Option<File>,
}

impl Sink {
    fn gather(buffer: &mut [u8; BUFFER_BYTES], filled: &mut usize, file: Option<File>, bytes: &[u8]) {
        for byte in bytes {
            if *filled == BUFFER_BYTES {
                Self::send(buffer, filled, file);
            }
            if let Some(place) = buffer.get_mut(*filled) {
                *place = *byte;
                *filled += 1;
            }
        }
    }

    fn send(buffer: &[u8; BUFFER_BYTES], filled: &mut usize, file: Option<File>) {
        if let (Some(file), Some(bytes)) = (file, buffer.get(..*filled)) {
            // A log that cannot be written is lost; the work goes on.
            let _ = file.write(bytes);
        }
        *filled = 0;
    }
}

struct Shared(UnsafeCell<Sink>);

// SAFETY: only the logger below uses it, and only between `acquire` and `release`, with interrupts off on the one core.
unsafe impl Sync for Shared {}

static SINK: Shared = Shared(UnsafeCell::new(Sink {
    restore: RestoreState::invalid(),
    encoder: Encoder::new(),
    buffer: [0; BUFFER_BYTES],
    filled: 0,
    file: None,
}));

// SAFETY: `acquire` turns interrupts off until `release`, so frames are never mixed; faults do not log.
unsafe impl Logger for HostFile {
    fn acquire() {
        // SAFETY: `release` gives the state back, in the reverse order.
        let restore = unsafe { critical_section::acquire() };
        // SAFETY: interrupts are off, so this is the only reference.
        let sink = unsafe { &mut *SINK.0.get() };
        sink.restore = restore;
        if sink.file.is_none() {
            sink.file = File::open(files::LOG, Mode::Write).ok();
        }
        let Sink { encoder, buffer, filled, file, .. } = sink;
        encoder.start_frame(|bytes| Sink::gather(buffer, filled, *file, bytes));
    }

    unsafe fn flush() {
        // SAFETY: defmt calls this between `acquire` and `release`.
        let Sink { buffer, filled, file, .. } = unsafe { &mut *SINK.0.get() };
        Sink::send(buffer, filled, *file);
    }

    unsafe fn release() {
        // SAFETY: defmt calls this after `acquire`, with interrupts still off.
        let Sink { restore, encoder, buffer, filled, file } = unsafe { &mut *SINK.0.get() };
        encoder.end_frame(|bytes| Sink::gather(buffer, filled, *file, bytes));
        Sink::send(buffer, filled, *file);
        // SAFETY: this is what `acquire` gave, and `sink` is not used any more.
        unsafe { critical_section::release(*restore) };
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: defmt calls this between `acquire` and `release`.
        let Sink { encoder, buffer, filled, file, .. } = unsafe { &mut *SINK.0.get() };
        encoder.write(bytes, |bytes| Sink::gather(buffer, filled, *file, bytes));
    }
}
