//! The probe that was asked for, or a simulated one.

use std::str::FromStr;

use lab::{
    probes::{self, Chip, Connection, Error, How, Image, Target},
    simulated::{Act, Board, Fault, Script},
};
use probe_rs::probe::Probe;

/// Which probe is meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Which {
    /// The one with this serial number.
    Serial(String),
    /// None: a simulated target, with something wrong with it or not.
    Simulated(Option<Wrong>),
}

/// What can be wrong with a simulated target: a demonstration of what is said then.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wrong {
    NoAcknowledge,
    Wait,
    Disconnect,
    Unplugged,
    StuckErase,
    WornOut,
    Locked,
    OtherChip,
    Hang,
    Crashed,
}

const WRONG: [(&str, Wrong); 10] = [
    ("no-ack", Wrong::NoAcknowledge),
    ("wait", Wrong::Wait),
    ("disconnect", Wrong::Disconnect),
    ("unplugged", Wrong::Unplugged),
    ("stuck-erase", Wrong::StuckErase),
    ("worn-out", Wrong::WornOut),
    ("locked", Wrong::Locked),
    ("other-chip", Wrong::OtherChip),
    ("hang", Wrong::Hang),
    ("crashed", Wrong::Crashed),
];

const SIMULATED: &str = "simulated";

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix(SIMULATED) {
            Some("") => Ok(Self::Simulated(None)),
            Some(rest) if rest.starts_with(':') => {
                let known = WRONG.iter().find(|(name, _)| rest.strip_prefix(':') == Some(name));
                known.map(|(_, wrong)| Self::Simulated(Some(*wrong))).ok_or_else(|| {
                    let names: Vec<_> = WRONG.iter().map(|(name, _)| *name).collect();
                    format!("after `simulated:` comes one of {}", names.join(", "))
                })
            }
            _ => Ok(Self::Serial(text.to_owned())),
        }
    }
}

/// Where probes come from.
pub enum Desk {
    /// USB.
    Real(Option<String>),
    /// A board that is not there.
    Simulated(Board),
}

/// A chip that is none of the boards' with the same core: what `other-chip` finds.
const OTHERS: [&str; 2] = ["nRF52832_xxAA", "STM32L4S5ZITx"];

impl Desk {
    /// The desk that was asked for. What is wrong with a simulated target is so from the beginning.
    ///
    /// # Errors
    /// [`Error::Other`], when this chip cannot be simulated.
    pub fn new(which: Option<&Which>, chip: &Chip, image: &Image) -> Result<Self, Error> {
        let script = Script { control_block: image.control_block.unwrap_or_default(), acts: Vec::new() };
        let desk = Self::in_order(which, chip, script)?;
        if let (Self::Simulated(board), Some(Which::Simulated(Some(wrong)))) = (&desk, which)
            && let Some(fault) = while_flashing(*wrong, image)
        {
            board.go_wrong(fault);
        }
        Ok(desk)
    }

    /// The same with the image on the chip, since a simulated target has no firmware until it is given some; what is wrong
    /// with it is so from then on.
    ///
    /// # Errors
    /// As [`Desk::new`].
    pub fn with_firmware(
        which: Option<&Which>,
        chip: &Chip,
        image: &Image,
        mut acts: Vec<Act>,
    ) -> Result<Self, Error> {
        let wrong = match which {
            Some(Which::Simulated(wrong)) => *wrong,
            _ => None,
        };
        let said: usize =
            acts.iter().map(|act| if let Act::Say { bytes, .. } = act { bytes.len() } else { 0 }).sum();
        if wrong == Some(Wrong::Hang) {
            acts.clear();
        }
        let script = Script { control_block: image.control_block.unwrap_or_default(), acts };
        let desk = Self::in_order(which, chip, script)?;
        if let Self::Simulated(board) = &desk {
            if wrong != Some(Wrong::OtherChip) {
                Connection::open(board.probe(), chip, false)?.flash(image, How::default(), &mut |_| ())?;
            }
            let after_bytes = board.moved_bytes() + said as u64 / 2;
            if let Some(fault) = wrong.and_then(|wrong| while_running(wrong, after_bytes)) {
                board.go_wrong(fault);
            }
        }
        Ok(desk)
    }

    fn in_order(which: Option<&Which>, chip: &Chip, script: Script) -> Result<Self, Error> {
        let wrong = match which {
            None => return Ok(Self::Real(None)),
            Some(Which::Serial(serial)) => return Ok(Self::Real(Some(serial.clone()))),
            Some(Which::Simulated(wrong)) => *wrong,
        };
        let there = match wrong {
            Some(Wrong::OtherChip) => {
                let other = OTHERS.iter().find(|other| !other.starts_with(&chip.name()[..2]));
                Chip::named(other.unwrap_or(&OTHERS[0]))?
            }
            _ => chip.clone(),
        };
        let board = Board::new(there.target())
            .map_err(|error| Error::Other { what: "simulating", reason: error.to_string() })?;
        Ok(Self::Simulated(board.running(script)))
    }

    /// A probe, opened.
    ///
    /// # Errors
    /// Those of [`probes::open`].
    pub fn open(&self) -> Result<Probe, Error> {
        match self {
            Self::Real(serial) => probes::open(serial.as_deref()),
            Self::Simulated(board) => Ok(board.probe()),
        }
    }

    /// What stands before every line that could be mistaken for more.
    pub fn prefix(&self) -> &'static str {
        match self {
            Self::Real(_) => "",
            Self::Simulated(_) => "simulated: ",
        }
    }
}

/// The fault, in the middle of the image.
fn while_flashing(wrong: Wrong, image: &Image) -> Option<Fault> {
    let address =
        image.segments.first().map_or(0, |segment| segment.address + segment.bytes.len() as u32 / 2);
    match wrong {
        Wrong::StuckErase => Some(Fault::StuckErase { address }),
        Wrong::WornOut => Some(Fault::WornOut { address: clear_bit(image, address) }),
        wrong => while_running(wrong, image.bytes() / 2),
    }
}

/// The fault, once so many bytes have moved; nothing where it is one of flash, or of what is on the chip.
fn while_running(wrong: Wrong, after_bytes: u64) -> Option<Fault> {
    Some(match wrong {
        Wrong::NoAcknowledge => Fault::NoAcknowledge,
        Wrong::Wait => Fault::Wait { after_bytes },
        Wrong::Disconnect => Fault::Disconnect { after_bytes, comes_back: true },
        Wrong::Unplugged => Fault::Disconnect { after_bytes, comes_back: false },
        Wrong::Locked => Fault::Locked,
        Wrong::StuckErase | Wrong::WornOut | Wrong::OtherChip | Wrong::Hang | Wrong::Crashed => {
            return None;
        }
    })
}

/// The next byte with a bit that has to be programmed.
fn clear_bit(image: &Image, from: u32) -> u32 {
    let bytes = image.segments.iter().flat_map(|segment| (segment.address..).zip(&segment.bytes));
    let mut cleared = bytes.filter(|(address, byte)| *address >= from && **byte & 1 == 0);
    cleared.next().map_or(from, |(address, _)| address)
}
