use std::{fmt, path::PathBuf};

use super::{Found, advice};

/// Why something at a probe's end could not be done. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is plugged in that is known as a probe.
    #[error("{}", advice::no_probe())]
    NoProbe,
    /// More than one, and nobody said which.
    #[error("{} debug probes are attached; say which by its serial number:\n{}", found.len(), advice::table(found))]
    SeveralProbes {
        /// The probes.
        found: Vec<Found>,
    },
    /// None with this serial number.
    #[error("no debug probe has the serial number {serial}; attached:\n{}", advice::table(found))]
    NoSuchProbe {
        /// What was asked for.
        serial: String,
        /// The probes that there are.
        found: Vec<Found>,
    },
    /// A probe that this user may not open.
    #[error("{}", advice::no_access(probe))]
    NoAccess {
        /// The probe.
        probe: Found,
    },
    /// A probe that does not open.
    #[error(
        "the debug probe {probe} does not open: {reason}. Is another program using it, a debugger or an editor?"
    )]
    Probe {
        /// The probe.
        probe: String,
        /// What the system says.
        reason: String,
    },
    /// A chip that `probe-rs` does not know.
    #[error("no chip is called `{name}`{}", suggestion(like))]
    NoSuchChip {
        /// What was asked for.
        name: String,
        /// Names like it.
        like: Vec<String>,
    },
    /// A file that is no image.
    #[error("{}: {reason}", file.display())]
    Image {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An image that is larger than flash.
    #[error(
        "the image is too large: it takes {needed} B of flash from {start:#010x} on, and {whose} has {available} B there; \
         nothing was erased or written"
    )]
    TooLarge {
        /// What it does not fit.
        whose: String,
        /// What it takes.
        needed: u64,
        /// What there is.
        available: u64,
        /// From where on.
        start: u64,
    },
    /// An image for other memories.
    #[error(
        "the image has bytes for {address:#010x}, which is no flash of {whose}; nothing was erased or written. Was it built \
         for another board?"
    )]
    Misplaced {
        /// Where.
        address: u32,
        /// What it does not fit.
        whose: String,
    },
    /// The wires are silent.
    #[error(
        "{chip} does not answer. Check that the board has power, that the debug cable is in its debug port, and with an \
         outside probe that SWDIO, SWCLK, GND and the target's voltage are wired; nothing was erased or written"
    )]
    NoAnswer {
        /// The chip that was expected.
        chip: String,
    },
    /// Another chip answers.
    #[error(
        "the chip at the probe's end is {found}, and not {expected}; nothing was erased or written. Is another board plugged \
         in? `cargo xtask boards` lists them"
    )]
    WrongChip {
        /// The chip that was expected.
        expected: String,
        /// What is known of the one that is there.
        found: String,
    },
    /// Readout protection.
    #[error(
        "{chip} is locked: its flash is protected from debuggers; nothing was erased or written. {advice}"
    )]
    Locked {
        /// The chip.
        chip: String,
        /// What opens it.
        advice: &'static str,
    },
    /// The probe or the target is gone.
    #[error("lost the connection while {doing}: {reason}. {state}")]
    Lost {
        /// While what.
        doing: &'static str,
        /// What the probe says.
        reason: String,
        /// How the chip is left.
        state: State,
    },
    /// Flash that does not erase or take what is written.
    #[error("{what}: {reason}. {state}")]
    Flash {
        /// What failed.
        what: String,
        /// Why.
        reason: String,
        /// How the chip is left.
        state: State,
    },
    /// Flash holds other bytes than were written.
    #[error("verifying failed: {address:#010x} reads {read:#04x}, and {written:#04x} was written. {state}")]
    Verify {
        /// The first byte that differs.
        address: u32,
        /// What it should be.
        written: u8,
        /// What it is.
        read: u8,
        /// How the chip is left.
        state: State,
    },
    /// No control block where the image has it.
    #[error(
        "the firmware does not speak: no control block of RTT at {control_block:#010x}. Is what runs on the board this image? \
         Flash it first"
    )]
    NoRtt {
        /// Where it should stand.
        control_block: u32,
    },
    /// The probe or the target is gone, and flash was not being written.
    #[error(
        "lost the connection while {doing}: {reason}. Flash is as it was, and the firmware may still be running: check cable \
         and power, and run the same command again"
    )]
    LostContact {
        /// While what.
        doing: &'static str,
        /// What the probe says.
        reason: String,
    },
    /// Firmware that says nothing more.
    #[error(
        "the firmware does not answer: for {seconds} s it has said nothing; it has taken {taken} of {total} B of the job, and \
         answered with {heard} B. `cargo xtask attach` shows its log, and its fault if it had one"
    )]
    Silent {
        /// How long it was waited for.
        seconds: u64,
        /// Bytes of the job that it has taken.
        taken: usize,
        /// Bytes of the job.
        total: usize,
        /// Bytes of its answer.
        heard: usize,
    },
    /// Any other trouble.
    #[error("{what}: {reason}")]
    Other {
        /// What failed.
        what: &'static str,
        /// All that `probe-rs` says of it.
        reason: String,
    },
}

/// How a chip is left when flashing fails.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct State {
    /// Bytes of flash that were erased.
    pub erased: u64,
    /// Whether all of the chip was to be erased, with nobody counting.
    pub chip_erase: bool,
    /// Bytes that were written.
    pub written: u64,
    /// Bytes that were to be written.
    pub total: u64,
}

impl State {
    /// Whether nothing was begun.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.erased == 0 && !self.chip_erase && self.written == 0
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { erased, chip_erase, written, total } = *self;
        match (erased, chip_erase, written) {
            (0, false, 0) => write!(
                f,
                "No sector is known to be erased, and nothing was written: the chip most likely still has the firmware that \
                 it had"
            ),
            (0, true, 0) => write!(
                f,
                "The chip may be erased in part or whole, and nothing was written: it has no firmware"
            ),
            (_, _, 0) => write!(
                f,
                "{erased} B of flash are erased and nothing was written: the chip has no firmware that could run"
            ),
            _ if written >= total => {
                write!(
                    f,
                    "All {total} B were written, but are not known to be right: do not trust the firmware"
                )
            }
            _ => write!(f, "{written} of {total} B were written: the chip has no firmware that could run"),
        }?;
        write!(f, ". The chip itself is unharmed: run the same command again")
    }
}

fn suggestion(like: &[String]) -> String {
    match like {
        [] => String::new(),
        like => format!("; there are {}", like.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_never_promises_more_than_is_known() {
        let told =
            |erased, chip_erase, written| State { erased, chip_erase, written, total: 100 }.to_string();
        assert!(told(0, false, 0).contains("most likely still has the firmware"));
        assert!(told(0, true, 0).contains("may be erased"));
        assert!(told(4096, false, 0).contains("4096 B of flash are erased"));
        assert!(told(4096, false, 50).contains("50 of 100 B"));
        assert!(told(4096, false, 100).contains("not known to be right"));
    }
}
