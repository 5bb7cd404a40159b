//! What firmware leaves in RAM when it cannot go on, for whoever looks after a reset.
//!
//! It is [`WORDS`] words in memory that no start clears, at the symbol [`SYMBOL`]. A sum over all of them tells a record from
//! what RAM holds after power comes.

/// The symbol that stands where the record does.
pub const SYMBOL: &str = "MICROJOULE_FAULT";

/// Words of the stack that are kept, from where it stood towards its top.
pub const STACK_WORDS: usize = 64;

/// Bytes of a source file's name that are kept: its end.
pub const FILE_BYTES: usize = 96;

/// The record's length in words.
pub const WORDS: usize = HEAD_WORDS + FILE_BYTES / 4 + STACK_WORDS + 1;

/// Magic, cause, starts, case, step, pc, lr, sp, status, three words of fault status, line, lengths of file and stack.
const HEAD_WORDS: usize = 15;
const MAGIC: u32 = u32::from_le_bytes(*b"MFLT");

/// Where a case or a step would stand, when none was known.
pub const UNKNOWN: u32 = u32::MAX;

/// Why firmware could not go on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
#[repr(u32)]
pub enum Cause {
    /// The core met something that it cannot do.
    #[default]
    HardFault = 1,
    /// The same, with the stack beyond its end.
    StackOverflow = 2,
    /// Code found that something is not as it must be.
    Panic = 3,
    /// A watchdog was not fed in the middle of a run.
    Watchdog = 4,
    /// A reset in the middle of a run, by somebody else.
    Reset = 5,
}

impl Cause {
    fn from_number(number: u32) -> Option<Self> {
        let known = [Self::HardFault, Self::StackOverflow, Self::Panic, Self::Watchdog, Self::Reset];
        known.into_iter().find(|cause| *cause as u32 == number)
    }

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HardFault => "hard fault",
            Self::StackOverflow => "stack overflow",
            Self::Panic => "panic",
            Self::Watchdog => "watchdog reset in the middle of a run",
            Self::Reset => "reset in the middle of a run",
        }
    }
}

/// What is known of the end of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Record {
    /// Why.
    pub cause: Cause,
    /// How often firmware was started since.
    pub starts: u32,
    /// The case that ran, or [`UNKNOWN`].
    pub case: u32,
    /// The step of the plan that ran, or [`UNKNOWN`].
    pub step: u32,
    /// The instruction, or 0.
    pub pc: u32,
    /// Where its function would have returned to, or 0.
    pub lr: u32,
    /// Where the stack stood.
    pub sp: u32,
    /// The program status of Arm's cores, `mcause` of RISC-V's, or 0.
    pub status: u32,
    /// CFSR, HFSR and BFAR of cores that have them; `mtval` of RISC-V's.
    pub fault: [u32; 3],
    /// The line in the source, or 0.
    pub line: u32,
    file: [u8; FILE_BYTES],
    file_bytes: u32,
    stack: [u32; STACK_WORDS],
    stack_words: u32,
}

impl Record {
    /// With nothing known but the cause.
    #[must_use]
    pub const fn new(cause: Cause) -> Self {
        Self {
            cause,
            starts: 0,
            case: UNKNOWN,
            step: UNKNOWN,
            pc: 0,
            lr: 0,
            sp: 0,
            status: 0,
            fault: [0; 3],
            line: 0,
            file: [0; FILE_BYTES],
            file_bytes: 0,
            stack: [0; STACK_WORDS],
            stack_words: 0,
        }
    }

    /// Keeps the end of a source file's name, and the line.
    pub fn set_place(&mut self, file: &str, line: u32) {
        self.line = line;
        let skipped = file.len().saturating_sub(FILE_BYTES);
        self.file_bytes = (file.len() - skipped) as u32;
        for (kept, byte) in self.file.iter_mut().zip(file.bytes().skip(skipped)) {
            *kept = byte;
        }
    }

    /// The source file, as much of its name as was kept; empty where it is not known.
    #[must_use]
    pub fn file(&self) -> &str {
        let kept = self.file.get(..self.file_bytes as usize).unwrap_or_default();
        core::str::from_utf8(kept).unwrap_or_default()
    }

    /// Keeps as much of the stack as there is room for.
    pub fn set_stack(&mut self, words: impl Iterator<Item = u32>) {
        self.stack_words = 0;
        for (kept, word) in self.stack.iter_mut().zip(words) {
            *kept = word;
            self.stack_words += 1;
        }
    }

    /// The stack, from where it stood towards its top.
    #[must_use]
    pub fn stack(&self) -> &[u32] {
        self.stack.get(..self.stack_words as usize).unwrap_or_default()
    }

    /// As it lies in memory.
    #[must_use]
    pub fn to_words(&self) -> [u32; WORDS] {
        let mut words = [0; WORDS];
        let mut places = words.iter_mut();
        self.for_each_word(|word| {
            if let Some(place) = places.next() {
                *place = word;
            }
        });
        words
    }

    /// Hands out the words as they lie in memory, one after the other: [`WORDS`] of them.
    ///
    /// Quick, because a watchdog that warned resets the chip within microseconds.
    pub fn for_each_word(&self, mut put: impl FnMut(u32)) {
        let [status, address, more] = self.fault;
        let head: [u32; HEAD_WORDS] = [
            MAGIC,
            self.cause as u32,
            self.starts,
            self.case,
            self.step,
            self.pc,
            self.lr,
            self.sp,
            self.status,
            status,
            address,
            more,
            self.line,
            self.file_bytes,
            self.stack_words,
        ];
        let (file, _) = self.file.as_chunks();
        let file = file.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let mut sum = 0;
        head.iter().copied().chain(file).chain(self.stack.iter().copied()).for_each(|word| {
            put(word);
            sum = add(sum, word);
        });
        put(!sum);
    }

    /// Reads it back; nothing where memory holds no record.
    #[must_use]
    pub fn from_words(words: &[u32; WORDS]) -> Option<Self> {
        let (body, check) = words.split_last().map(|(check, body)| (body, *check))?;
        let sum = body.iter().fold(0, |sum, word| add(sum, *word));
        let (head, rest) = body.split_first_chunk::<HEAD_WORDS>()?;
        let [magic, cause, starts, case, step, pc, lr, sp, status, fault @ .., line, file_bytes, stack_words] =
            *head;
        if magic != MAGIC || !sum != check {
            return None;
        }
        let mut record = Self {
            starts,
            case,
            step,
            pc,
            lr,
            sp,
            status,
            fault,
            line,
            ..Self::new(Cause::from_number(cause)?)
        };
        record.file_bytes = file_bytes.min(FILE_BYTES as u32);
        record.stack_words = stack_words.min(STACK_WORDS as u32);
        let (places, _) = record.file.as_chunks_mut();
        for (place, word) in places.iter_mut().zip(rest) {
            *place = word.to_le_bytes();
        }
        for (place, word) in record.stack.iter_mut().zip(rest.iter().skip(FILE_BYTES / 4)) {
            *place = *word;
        }
        Some(record)
    }

    /// The same from bytes as a probe reads them; nothing where they are too few, or no record.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (chunks, _) = bytes.as_chunks();
        let mut words = [0; WORDS];
        let read =
            words.iter_mut().zip(chunks).map(|(word, bytes)| *word = u32::from_le_bytes(*bytes)).count();
        if read == WORDS { Self::from_words(&words) } else { None }
    }

    /// What Arm's fault status says, in words; empty where it says nothing.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        let [status, ..] = self.fault;
        let known = REASONS.iter().find(|(bit, _)| status & (1 << bit) != 0);
        known.map_or("", |(_, reason)| reason)
    }
}

/// The sum tells a word's place too.
fn add(sum: u32, word: u32) -> u32 {
    sum.rotate_left(1).wrapping_add(word)
}

/// Bits of CFSR: "ARMv7-M Architecture Reference Manual", B3.2.15.
const REASONS: [(u32, &str); 14] = [
    (25, "a division by zero"),
    (24, "an unaligned access"),
    (20, "the stack went beyond its limit"),
    (19, "a coprocessor that is switched off, such as the floating-point unit"),
    (18, "a return to where nothing returns"),
    (17, "a jump to an address that is no Thumb code"),
    (16, "an instruction that the core does not know"),
    (12, "the stack lies where there is no memory"),
    (10, "a write to where there is no memory"),
    (9, "an access to where there is no memory"),
    (8, "code was fetched from where there is no memory"),
    (4, "the stack lies where it must not"),
    (1, "an access that is forbidden"),
    (0, "code was fetched from where that is forbidden"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record {
            starts: 1,
            case: 2,
            step: 3,
            pc: 0x101,
            lr: 0x203,
            sp: 0x2000_0010,
            ..Record::new(Cause::Panic)
        };
        record.fault = [0x1_0000, 0x4000_0000, 7];
        record.set_place("boards/some/src/main.rs", 42);
        record.set_stack(10..20);
        record
    }

    #[test]
    fn a_record_comes_back_as_it_was_left() {
        let record = record();
        let words = record.to_words();
        assert_eq!(Record::from_words(&words), Some(record));
        let mut bytes = [0; WORDS * 4];
        bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(place, word)| *place = word.to_le_bytes());
        assert_eq!(Record::from_bytes(&bytes), Some(record));
        assert_eq!(Record::from_bytes(&bytes[1..]), None);
        assert_eq!((record.file(), record.line, record.stack().len()), ("boards/some/src/main.rs", 42, 10));
        assert_eq!(record.reason(), "an instruction that the core does not know");
    }

    #[test]
    fn memory_that_was_never_written_holds_none_and_a_changed_bit_spoils_one() {
        assert_eq!(Record::from_words(&[0; WORDS]), None);
        assert_eq!(Record::from_words(&[u32::MAX; WORDS]), None);
        for at in 0..WORDS {
            let mut words = record().to_words();
            words[at] ^= 1 << (at % 32);
            assert_eq!(Record::from_words(&words), None, "word {at}");
        }
    }

    #[test]
    fn what_is_too_long_loses_its_beginning_or_its_end() {
        let mut record = Record::new(Cause::HardFault);
        let name = core::str::from_utf8(&[b'a'; 200]).unwrap();
        record.set_place(name, 1);
        record.set_stack(0..1000);
        assert_eq!((record.file().len(), record.stack().len()), (FILE_BYTES, STACK_WORDS));
        assert_eq!(record.stack().last(), Some(&(STACK_WORDS as u32 - 1)));
        assert_eq!(Record::from_words(&record.to_words()), Some(record));
    }

    #[test]
    fn every_cause_comes_back() {
        for number in 1..=5 {
            let cause = Cause::from_number(number).unwrap();
            assert_eq!(Record::from_words(&Record::new(cause).to_words()).map(|of| of.cause), Some(cause));
            assert!(!cause.name().is_empty());
        }
        assert_eq!(Cause::from_number(0), None);
        assert_eq!(Cause::from_number(6), None);
    }
}
