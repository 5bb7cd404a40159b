use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize, de};

use crate::Error;

/// A board: a folder under `boards/` with a `board.toml` in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The folder's name.
    #[serde(skip)]
    pub name: String,
    /// The folder.
    #[serde(skip)]
    pub folder: PathBuf,
    /// What the compiler calls the target.
    pub target: String,
    /// What the core is called by those who make it.
    pub core: String,
    /// The clock that the firmware sets up; nothing where time is not modelled.
    pub core_hz: Option<u32>,
    /// How long flash makes the core wait at that clock, in cycles.
    pub flash_wait_states: Option<u8>,
    /// The chip as `probe-rs` spells it; nothing where no probe is of use.
    pub chip: Option<String>,
    /// What writes images and starts them.
    pub runner: Option<Runner>,
    /// Why no simulated target stands in for the chip, where none does.
    pub not_simulated: Option<String>,
    /// What to type where no probe is at hand, where there is a way.
    pub without_probe: Option<String>,
    /// What its wires are for.
    pub pins: Option<Pins>,
    /// Why an image may hold code that panics, in spite of the rule for all others: what of it, and when that runs.
    pub may_panic: Option<String>,
    /// Its memories, as `memory.x` lays them out.
    pub memory: Vec<Memory>,
    /// How it is emulated, if it is.
    pub qemu: Option<Qemu>,
    /// What the program has room for that runs any plan; nothing where there is no such program.
    pub plan: Option<PlanRooms>,
    /// The line that MLPerf Tiny's runner talks over; nothing where there is no such program.
    pub serial: Option<Serial>,
    /// What an image may take.
    pub budget: Budget,
}

/// One memory of a board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// As in `memory.x`.
    pub name: String,
    /// What may live there.
    pub kind: MemoryKind,
    /// Whether it adds nothing to what images have: it is another of the list, seen at other addresses, or nothing is put there.
    #[serde(default)]
    pub is_aside: bool,
    /// First address.
    pub origin: u32,
    /// Length.
    pub length: ByteCount,
}

/// What may live in a memory.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MemoryKind {
    /// Code and weights, written when the board is flashed.
    Flash,
    /// Arena, stack and variables.
    Ram,
    /// What the arena has no room for, beside the model's state: larger, and slower or no faster.
    #[serde(rename = "slow-ram")]
    SlowRam,
}

/// What writes images and starts them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Runner {
    /// A debug probe, by `cargo xtask flash`.
    ProbeRs,
}

/// What a board's wires are for, as its maker's documents name them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// High while a model runs.
    pub window: String,
    /// Where the board sends characters.
    pub uart_tx: String,
    /// Where it takes them.
    pub uart_rx: String,
}

/// How QEMU emulates a board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Qemu {
    /// The program, for example `qemu-system-arm`.
    pub program: String,
    /// The package that brings it.
    pub package: String,
    /// QEMU's name for the board.
    pub machine: String,
    /// The core that is emulated, where it is another than the one that the firmware is for.
    pub core: Option<String>,
    /// Further arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
}

/// What the program `plan` has room for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRooms {
    /// The plan with its weights, which stands in RAM because it comes from the host.
    pub blob: ByteCount,
    /// Its arena.
    pub arena: ByteCount,
    /// What it remembers.
    pub state: ByteCount,
}

/// What the program `mlperf` needs beside a network: a UART, a clock and a pin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serial {
    /// Its kind.
    pub uart: UartKind,
    /// Where its registers begin.
    pub address: u32,
    /// What clocks it.
    pub uart_hz: u32,
    /// Pins that send and receive, where the UART can be led to any.
    #[serde(default)]
    pub pins: [u8; 2],
    /// Where the counter is, where it is not the core's own.
    #[serde(default)]
    pub counter: u32,
    /// Ticks of the counter in a second; whole millions.
    pub counter_hz: u32,
    /// The pin that tells a power monitor where a window begins and ends.
    pub pin: Option<WindowPin>,
}

/// A UART that there is a driver for, in `boards/support/src/serial`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum UartKind {
    /// Arm's, of MPS2 and MPS3.
    Cmsdk,
    /// Nordic's nRF51.
    Nrf,
    /// The PC's.
    Ns16550,
}

impl UartKind {
    /// The driver's name.
    #[must_use]
    pub fn driver(self) -> &'static str {
        match self {
            Self::Cmsdk => "Cmsdk",
            Self::Nrf => "Nrf",
            Self::Ns16550 => "Ns16550",
        }
    }
}

/// A pin, by what has to be written where: an address and a word each.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowPin {
    /// Makes it an output, where it is not always one.
    pub output: Option<[u32; 2]>,
    /// Lets it go up.
    pub high: [u32; 2],
    /// Pulls it down.
    pub low: [u32; 2],
}

/// What an image may take; `cargo xtask size` fails above it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Code, constants and the initial values of variables.
    pub flash: ByteCount,
    /// Variables, the arena among them.
    pub ram: ByteCount,
    /// The deepest that the stack may go.
    pub stack: ByteCount,
}

/// How boards call a memory that is the stack's alone.
const STACK: &str = "STACK";

/// Bytes of RAM that are kept for what firmware has beside model and stack.
const VARIABLES: u64 = 8 << 10;

impl Board {
    /// Reads one board.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BoardFile`].
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let file = folder.join("board.toml");
        let text = fs::read_to_string(&file).map_err(Error::io(&file))?;
        let mut board: Self = toml::from_str(&text)
            .map_err(|error| Error::BoardFile { file: file.clone(), reason: error.to_string() })?;
        board.name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        board.folder = folder.to_path_buf();
        Ok(board)
    }

    /// Every board of a workspace, by name.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BoardFile`].
    pub fn all(workspace: &Path) -> Result<Vec<Self>, Error> {
        let parent = workspace.join("boards");
        let mut boards = Vec::new();
        for entry in fs::read_dir(&parent).map_err(Error::io(&parent))? {
            let folder = entry.map_err(Error::io(&parent))?.path();
            if folder.join("board.toml").is_file() {
                boards.push(Self::load(&folder)?);
            }
        }
        boards.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(boards)
    }

    /// The board of this name.
    ///
    /// # Errors
    /// [`Error::NoSuchBoard`], and what [`Board::all`] gives.
    pub fn find(workspace: &Path, name: &str) -> Result<Self, Error> {
        let folder = workspace.join("boards").join(name);
        if Path::new(name).components().count() == 1 && folder.join("board.toml").is_file() {
            return Self::load(&folder);
        }
        let known = Self::all(workspace)?.into_iter().map(|board| board.name).collect();
        Err(Error::NoSuchBoard { name: name.to_owned(), folder: workspace.join("boards"), known })
    }

    /// Bytes that an arena may take beside the stack and the board's own variables, on a board that has a further
    /// memory for the rest.
    #[must_use]
    pub fn fast_ram(&self) -> Option<u32> {
        self.memory.iter().find(|memory| memory.kind == MemoryKind::SlowRam)?;
        let stack = self.stack_memory().map_or(self.budget.stack, |memory| memory.length);
        let taken = stack.0 + VARIABLES;
        u32::try_from(self.memory_bytes(MemoryKind::Ram).saturating_sub(taken)).ok()
    }

    /// The memory that is the stack's alone; nothing where variables share theirs with it.
    #[must_use]
    pub fn stack_memory(&self) -> Option<&Memory> {
        self.memory.iter().find(|memory| memory.name == STACK)
    }

    /// Length of all memories of one kind, each counted once.
    #[must_use]
    pub fn memory_bytes(&self, kind: MemoryKind) -> u64 {
        let counts = |memory: &&Memory| memory.kind == kind && !memory.is_aside;
        self.memory.iter().filter(counts).map(|memory| memory.length.0).sum()
    }
}

/// A number of bytes; written `"64 KiB"`, `"4 MiB"` or as a plain number.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ByteCount(pub u64);

impl ByteCount {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.replace('_', "").parse().ok()?;
        let factor = match unit.trim() {
            "" | "B" => 1,
            "KiB" | "K" => 1 << 10,
            "MiB" | "M" => 1 << 20,
            _ => return None,
        };
        number.checked_mul(factor).map(Self)
    }
}

impl FromStr for ByteCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or_else(|| format!("`{text}` is not a number of bytes, KiB or MiB"))
    }
}

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => write!(f, "{} MiB", bytes >> 20),
            bytes if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} B"),
        }
    }
}

impl<'de> Deserialize<'de> for ByteCount {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(bytes) => Ok(Self(bytes)),
            Written::Text(text) => text.parse().map_err(de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOARD: &str = r#"
        target = "thumbv7m-none-eabi"
        core = "Cortex-M3"
        [[memory]]
        name = "FLASH"
        kind = "flash"
        origin = 0x0
        length = "4 MiB"
        [[memory]]
        name = "RAM"
        kind = "ram"
        origin = 0x2000_0000
        length = "64 KiB"
        [budget]
        flash = "64 KiB"
        ram = 4096
        stack = "2K"
    "#;

    fn workspace(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let board = folder.path().join("boards/one");
        fs::create_dir_all(&board).unwrap();
        fs::write(board.join("board.toml"), text).unwrap();
        folder
    }

    #[test]
    fn a_board_takes_its_name_from_its_folder() {
        let workspace = workspace(BOARD);
        let board = Board::find(workspace.path(), "one").unwrap();
        assert_eq!(board.name, "one");
        assert_eq!(board.memory_bytes(MemoryKind::Flash), 4 << 20);
        assert_eq!(board.memory_bytes(MemoryKind::Ram), 64 << 10);
        assert_eq!(board.budget.stack, ByteCount(2048));
        assert_eq!(board.budget.ram, ByteCount(4096));
        assert!(board.qemu.is_none());
    }

    #[test]
    fn the_arena_gets_what_stack_and_variables_leave() {
        let of = |more: &str| {
            let workspace = workspace(&BOARD.replace("[budget]", &format!("{more}[budget]")));
            Board::find(workspace.path(), "one").unwrap().fast_ram()
        };
        let memory = |name: &str, kind: &str| {
            format!(
                "[[memory]]\nname = \"{name}\"\nkind = \"{kind}\"\norigin = 0x3000_0000\nlength = \"16 KiB\"\n"
            )
        };
        let slow = memory("SLOW", "slow-ram");
        assert_eq!(of(""), None, "all of it is one memory");
        assert_eq!(of(&slow), Some((64 - 2 - 8) << 10));
        assert_eq!(of(&(slow + &memory(STACK, "ram"))), Some((64 - 8) << 10));
    }

    #[test]
    fn an_unknown_board_names_the_known_ones() {
        let workspace = workspace(BOARD);
        let message = Board::find(workspace.path(), "two").unwrap_err().to_string();
        assert!(message.contains("no board `two`") && message.ends_with("there are: one"), "{message}");
        assert!(matches!(Board::find(workspace.path(), "../boards/one"), Err(Error::NoSuchBoard { .. })));
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_file_and_line() {
        let workspace = workspace(&BOARD.replace("core =", "kore ="));
        let message = Board::find(workspace.path(), "one").unwrap_err().to_string();
        assert!(message.contains("board.toml") && message.contains("kore"), "{message}");
    }

    #[test]
    fn byte_counts_read_and_print() {
        for (text, bytes) in [("12", 12), ("1_024 B", 1024), ("3 KiB", 3072), ("2MiB", 2 << 20), ("7K", 7168)]
        {
            assert_eq!(ByteCount::parse(text), Some(ByteCount(bytes)), "{text}");
        }
        for text in ["", "KiB", "3 KB", "-1", "99999999999999999 MiB"] {
            assert_eq!(ByteCount::parse(text), None, "{text}");
        }
        assert_eq!(ByteCount(3072).to_string(), "3 KiB");
        assert_eq!(ByteCount(4 << 20).to_string(), "4 MiB");
        assert_eq!(ByteCount(1500).to_string(), "1500 B");
    }
}
