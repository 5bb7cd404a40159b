//! What firmware left when it could not go on, for a person: the cause, the registers, and a backtrace.

use std::{fmt, ops::Range};

use addr2line::{
    Context,
    gimli::{Dwarf, EndianSlice, LittleEndian},
};
use object::{Object, ObjectSection, SectionKind};
use telemetry::fault::{Record, UNKNOWN};

use crate::Error;

/// Where a function was, from the innermost on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// The address in it.
    pub address: u32,
    /// Its name, as far as the image's debug information tells.
    pub function: Option<String>,
    /// Source file and line.
    pub place: Option<(String, u32)>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x} {}", self.address, self.function.as_deref().unwrap_or("?"))?;
        match &self.place {
            Some((file, line)) => write!(f, " at {file}:{line}"),
            None => Ok(()),
        }
    }
}

/// What went wrong, in a line, and the registers in another.
#[must_use]
pub fn told(record: &Record) -> [String; 2] {
    let mut what = record.cause.name().to_owned();
    if !record.file().is_empty() {
        what += &format!(" at {}:{}", record.file(), record.line);
    }
    what += &match record.starts {
        0 => ", and not started since".to_owned(),
        1 => ", 1 start ago".to_owned(),
        starts => format!(", {starts} starts ago"),
    };
    if record.case != UNKNOWN {
        what += &format!(", in case {}", record.case);
    }
    if record.step != UNKNOWN {
        what += &format!(", step {} of the plan", record.step);
    }
    if !record.reason().is_empty() {
        what += &format!(": {}", record.reason());
    }
    let [status, hard, address] = record.fault;
    let registers = [
        ("pc", record.pc),
        ("lr", record.lr),
        ("sp", record.sp),
        ("status", record.status),
        ("cfsr", status),
        ("hfsr", hard),
        ("address", address),
    ];
    let registers: Vec<_> =
        registers.into_iter().map(|(name, value)| format!("{name} {value:#010x}")).collect();
    [what, registers.join("  ")]
}

/// Who called whom, as far as it can be told: the instruction, where its function would have returned to, and then what on the
/// stack follows a call. The last may be left over from calls that are over.
///
/// # Errors
/// [`Error::Log`], when the image cannot be read.
pub fn backtrace(elf: &[u8], record: &Record) -> Result<Vec<Frame>, Error> {
    let file = object::File::parse(elf).map_err(|error| Error::Log(error.to_string()))?;
    let code = Code::of(&file);
    let load = |id: addr2line::gimli::SectionId| -> Result<_, addr2line::gimli::Error> {
        let section = file.section_by_name(id.name()).and_then(|section| section.data().ok());
        Ok(EndianSlice::new(section.unwrap_or_default(), LittleEndian))
    };
    let context =
        Dwarf::load(load).and_then(Context::from_dwarf).map_err(|error| Error::Log(error.to_string()))?;
    let mut addresses: Vec<u32> = Some(record.pc & !1).filter(|pc| code.holds(*pc)).into_iter().collect();
    // A return address is behind its call, whose place is what counts.
    let calls = [record.lr].into_iter().chain(record.stack().iter().copied());
    addresses.extend(calls.filter(|address| code.follows_a_call(*address)).map(|address| (address & !1) - 2));
    addresses.dedup();
    Ok(addresses.into_iter().flat_map(|address| frames(&context, address)).collect())
}

type Reader<'a> = EndianSlice<'a, LittleEndian>;

/// A function, and those it was inlined into.
fn frames(context: &Context<Reader<'_>>, address: u32) -> Vec<Frame> {
    let mut found = Vec::new();
    if let Ok(mut inlined) = context.find_frames(address.into()).skip_all_loads() {
        while let Ok(Some(frame)) = inlined.next() {
            let function = frame.function.and_then(|name| name.demangle().ok().map(|name| name.into_owned()));
            let place =
                frame.location.and_then(|place| Some((place.file?.to_owned(), place.line.unwrap_or(0))));
            found.push(Frame { address, function, place });
        }
    }
    if found.is_empty() {
        found.push(Frame { address, function: None, place: None });
    }
    found
}

/// An image's instructions.
struct Code<'a> {
    pieces: Vec<(Range<u32>, &'a [u8])>,
}

impl<'a> Code<'a> {
    fn of(file: &object::File<'a>) -> Self {
        let code = file.sections().filter(|section| section.kind() == SectionKind::Text);
        let pieces = code.filter_map(|section| {
            let start = u32::try_from(section.address()).ok()?;
            let bytes = section.data().ok()?;
            Some((start..start.checked_add(u32::try_from(bytes.len()).ok()?)?, bytes))
        });
        Self { pieces: pieces.collect() }
    }

    fn holds(&self, address: u32) -> bool {
        self.pieces.iter().any(|(range, _)| range.contains(&address))
    }

    fn half(&self, address: u32) -> Option<u16> {
        let (range, bytes) = self.pieces.iter().find(|(range, _)| range.contains(&address))?;
        let at = (address - range.start) as usize;
        bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
    }

    /// Whether a word is an address in Thumb code with a call before it: BL, or BLX of a register. "ARMv7-M Architecture
    /// Reference Manual", A7.7.18 and A7.7.19.
    fn follows_a_call(&self, word: u32) -> bool {
        let at = word & !1;
        if word & 1 == 0 || at < 4 || !self.holds(at) {
            return false;
        }
        let (first, second) = (self.half(at - 4), self.half(at - 2));
        let is_bl = first.is_some_and(|half| half & 0xf800 == 0xf000)
            && second.is_some_and(|half| half & 0xd000 == 0xd000);
        is_bl || second.is_some_and(|half| half & 0xff87 == 0x4780)
    }
}

#[cfg(test)]
mod tests {
    use telemetry::fault::Cause;

    use super::*;

    #[test]
    fn only_what_follows_a_call_is_a_return_address() {
        // BL, NOP, BLX r3, NOP.
        let bytes = [0x00, 0xf0, 0x02, 0xf8, 0x00, 0xbf, 0x98, 0x47, 0x00, 0xbf];
        let code = Code { pieces: vec![(0x100..0x10a, &bytes)] };
        let found: Vec<u32> = (0xf0..0x120).filter(|word| code.follows_a_call(*word)).collect();
        assert_eq!(found, [0x105, 0x109]);
    }

    #[test]
    fn a_record_is_told_with_all_that_is_known_and_no_more() {
        let mut record = Record::new(Cause::Panic);
        assert_eq!(told(&record)[0], "panic, and not started since");
        record.set_place("src/main.rs", 12);
        (record.case, record.step, record.starts, record.fault) = (2, 5, 3, [1 << 16, 0, 0]);
        assert_eq!(
            told(&record)[0],
            "panic at src/main.rs:12, 3 starts ago, in case 2, step 5 of the plan: an instruction that the core does not know"
        );
        record.pc = 0x101;
        assert!(told(&record)[1].starts_with("pc 0x00000101  lr 0x00000000"));
    }

    #[test]
    fn what_is_no_image_has_no_backtrace() {
        assert!(backtrace(b"no ELF", &Record::new(Cause::HardFault)).is_err());
    }
}
