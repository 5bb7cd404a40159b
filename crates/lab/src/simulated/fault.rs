/// Something that goes wrong on a desk. What comes after so many bytes counts those of flash that are programmed, and those
/// that firmware says by RTT.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing answers on the wires: no power, or a cable that is not plugged in.
    NoAcknowledge,
    /// The target says `wait` for good, once so many bytes have moved.
    Wait {
        /// Bytes that move before.
        after_bytes: u64,
    },
    /// The probe is pulled out once so many bytes have moved.
    Disconnect {
        /// Bytes that move before.
        after_bytes: u64,
        /// Whether a probe that is opened again works.
        comes_back: bool,
    },
    /// Erasing the sector with this address never ends.
    StuckErase {
        /// An address in the sector.
        address: u32,
    },
    /// A bit at this address cannot be programmed.
    WornOut {
        /// The byte's address.
        address: u32,
    },
    /// The chip's memories are protected from the debugger.
    Locked,
}
