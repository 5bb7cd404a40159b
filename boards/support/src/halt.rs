//! The last words of firmware behind a debug probe: a record, a line in the log where there is one, and then a halt that a
//! debugger finds.

use core::panic::PanicInfo;

use telemetry::fault::Record;

use crate::{kept, machine};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let mut record = kept::panicked(info);
    kept::keep(&mut record);
    stop(&record)
}

/// Nothing more happens, and a core that is looked at says where it stands.
pub(crate) fn stop(record: &Record) -> ! {
    #[cfg(feature = "quiet")]
    let _ = record;
    #[cfg(not(feature = "quiet"))]
    defmt::error!(
        "{=str} at {=u32:#010x} {=str}:{=u32}: `cargo xtask attach` has the backtrace",
        record.cause.name(),
        record.pc,
        record.file(),
        record.line
    );
    machine::mask_interrupts();
    loop {
        machine::nop();
    }
}
