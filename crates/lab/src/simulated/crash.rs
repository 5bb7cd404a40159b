//! What an image could leave when it goes wrong.

use object::{Object, ObjectSymbol};
use telemetry::fault::{Cause, Record};

/// A record, as it lies in memory, of a fault in the image's `main`.
#[must_use]
pub fn crash(elf: &[u8]) -> Vec<u8> {
    let main = object::File::parse(elf).ok().and_then(|file| {
        let main = file.symbols().find(|symbol| symbol.name() == Ok("main"))?;
        u32::try_from(main.address() & !1).ok()
    });
    let mut record = Record::new(Cause::HardFault);
    record.pc = main.unwrap_or_default();
    record.starts = 1;
    (record.case, record.step) = (0, 3);
    // UNDEFINSTR, and a fault that was escalated.
    record.fault = [1 << 16, 1 << 30, 0];
    record.to_words().into_iter().flat_map(u32::to_le_bytes).collect()
}
