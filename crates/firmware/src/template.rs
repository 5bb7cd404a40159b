//! New boards, from the files in `template/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Board, ByteCount, Error};

const MANIFEST: &str = include_str!("../template/Cargo.toml.in");
const CONFIG: &str = include_str!("../template/config.toml.in");
const BOARD: &str = include_str!("../template/board.toml.in");
const MEMORY: &str = include_str!("../template/memory.x.in");
const RISCV: &str = include_str!("../template/riscv.x.in");
const README: &str = include_str!("../template/README.md.in");

/// Families of targets that boards can have, with the core that stands for each where nobody names one.
const FAMILIES: [(&str, &str); 5] = [
    ("thumbv6m-none-eabi", "Cortex-M0+"),
    ("thumbv7m-none-eabi", "Cortex-M3"),
    ("thumbv7em-none-eabi", "Cortex-M4F"),
    ("thumbv8m.main-none-eabi", "Cortex-M33"),
    ("riscv32imc-unknown-none-elf", "RV32IMC"),
];

/// What a new board is known by.
#[derive(Clone, Debug)]
pub struct NewBoard {
    /// Its name, which becomes its folder's.
    pub name: String,
    /// What the compiler calls the target.
    pub target: String,
    /// What its makers call the core; nothing for the one that the target suggests.
    pub core: Option<String>,
    /// Where code and weights go.
    pub flash: Region,
    /// Where variables, arena and stack go.
    pub ram: Region,
    /// QEMU's name for the machine, if it is emulated.
    pub machine: Option<String>,
}

/// A stretch of memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Region {
    /// First address.
    pub origin: u32,
    /// Length.
    pub length: ByteCount,
}

impl std::str::FromStr for Region {
    type Err = String;

    /// From `0x08000000:512KiB`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once(':').and_then(|(origin, length)| {
            let origin = u32::from_str_radix(&origin.trim().strip_prefix("0x")?.replace('_', ""), 16).ok()?;
            Some(Self { origin, length: length.parse().ok()? })
        });
        let region =
            parsed.ok_or_else(|| format!("`{text}` is not an origin and a length: 0x08000000:512KiB"))?;
        let whole = region.length.0 > 0 && region.length.0 % 1024 == 0;
        whole.then_some(region).ok_or_else(|| format!("`{text}`: the length has to be whole KiB"))
    }
}

impl NewBoard {
    /// Writes the board's folder under `boards/` of a workspace, and reads it back.
    ///
    /// # Errors
    /// [`Error::NewBoard`] for a name that is taken or no name, and for a target that boards cannot have; [`Error::Io`].
    pub fn write(&self, workspace: &Path) -> Result<Board, Error> {
        let folder = workspace.join("boards").join(&self.name);
        let core = self.checked(&folder)?;
        for (file, text) in self.files(&core) {
            let path = folder.join(file);
            let parent = path.parent().unwrap_or(&folder);
            fs::create_dir_all(parent).map_err(Error::io(parent))?;
            fs::write(&path, text).map_err(Error::io(&path))?;
        }
        Board::load(&folder)
    }

    /// The core, when nothing is wrong with the rest.
    fn checked(&self, folder: &Path) -> Result<String, Error> {
        let refuse = |reason: String| Error::NewBoard { name: self.name.clone(), reason };
        let is_word = |part: &str| {
            !part.is_empty() && part.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        };
        if !self.name.split('-').all(is_word) || !self.name.starts_with(|it: char| it.is_ascii_lowercase()) {
            return Err(refuse("a name is small letters, digits and hyphens, a letter first".to_owned()));
        }
        if folder.exists() {
            return Err(refuse(format!("{} is there already", folder.display())));
        }
        let family = FAMILIES.iter().find(|(target, _)| {
            self.target == *target || self.target.strip_prefix(target).is_some_and(|rest| rest == "hf")
        });
        let (_, usual) = family.ok_or_else(|| {
            let known: Vec<_> = FAMILIES.iter().map(|(target, _)| *target).collect();
            refuse(format!("no board can have the target `{}`; one of {}", self.target, known.join(", ")))
        })?;
        Ok(self.core.clone().unwrap_or_else(|| (*usual).to_owned()))
    }

    fn files(&self, core: &str) -> [(PathBuf, String); 5] {
        let Self { name, target, flash, ram, machine, .. } = self;
        let is_riscv = target.starts_with("riscv");
        let kib = |region: &Region| (region.length.0 >> 10).to_string();
        let toml_address = |origin: u32| format!("{:#06x}_{:04x}", origin >> 16, origin & 0xffff);
        // A network's deepest call takes about one. What is left of 1 KiB or less has no address of its own.
        let stack = (ram.length.0 / 8).clamp(1024, 4096).next_multiple_of(8).min(ram.length.0);
        let above = ram.origin.saturating_add(u32::try_from(stack).unwrap_or_default());
        let program = if is_riscv { "qemu-system-riscv32" } else { "qemu-system-arm" };
        let package = if is_riscv { "qemu-system-misc" } else { "qemu-system-arm" };
        let bios = if is_riscv { "arguments = [\"-bios\", \"none\"]\n" } else { "" };
        let table = |machine: &String| {
            format!(
                "[qemu]\nprogram = \"{program}\"\npackage = \"{package}\"\nmachine = \"{machine}\"\n{bios}\n"
            )
        };
        let values = [
            ("name", name.clone()),
            ("target", target.clone()),
            ("core", core.to_owned()),
            ("cpu", cpu(core)),
            ("flash_origin", toml_address(flash.origin)),
            ("flash_length", flash.length.to_string()),
            ("flash_x", format!("{:#010x}", flash.origin)),
            ("flash_kib", kib(flash)),
            ("ram_origin", toml_address(above)),
            ("ram_length", ram.length.to_string()),
            ("ram_x", format!("{above:#010x}")),
            ("ram_bytes", (ram.length.0 - stack).to_string()),
            ("stack_origin", toml_address(ram.origin)),
            ("stack_x", format!("{:#010x}", ram.origin)),
            ("stack_bytes", stack.to_string()),
            ("ram_budget", ByteCount(ram.length.0 - stack).to_string()),
            ("stack_budget", ByteCount(stack).to_string()),
            ("qemu", machine.as_ref().map_or_else(String::new, table)),
            ("clock", match machine {
                Some(_) => "# No core_hz: QEMU does not model time.".to_owned(),
                None => "# No core_hz: the firmware leaves the clock as reset sets it.".to_owned(),
            }),
            ("source", match machine {
                Some(machine) => format!("As QEMU models `{machine}`."),
                None => "Name the document and the section that these addresses are from.".to_owned(),
            }),
            ("what", match machine {
                Some(machine) => format!("QEMU's `{machine}`. Nothing to buy and nothing to wire."),
                None => "The programs talk by semihosting, which a debug probe has to serve.".to_owned(),
            }),
            ("time", match machine {
                Some(_) => "not modelled: a figure from here is a count of instructions, or a price worked out from one",
                None => "the core's clock as reset leaves it",
            }.to_owned()),
            ("hardware", if machine.is_some() { "no, emulated" } else { "no, never" }.to_owned()),
        ];
        let fill = |text: &str| {
            values
                .iter()
                .fold(text.to_owned(), |text, (key, value)| text.replace(&format!("{{{key}}}"), value))
        };
        let memory = if is_riscv { [MEMORY, RISCV].concat() } else { MEMORY.to_owned() };
        [
            ("Cargo.toml", MANIFEST.to_owned()),
            (".cargo/config.toml", CONFIG.to_owned()),
            ("board.toml", BOARD.to_owned()),
            ("memory.x", memory),
            ("README.md", README.to_owned()),
        ]
        .map(|(file, text)| (PathBuf::from(file), fill(&text)))
    }
}

/// What rustc calls a core: `Cortex-M4F` is `cortex-m4`, its floating point being in the target's name.
fn cpu(core: &str) -> String {
    if core.starts_with("RV32") {
        return "generic-rv32".to_owned();
    }
    core.trim_end_matches('F').to_lowercase().replace('+', "plus")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, target: &str) -> NewBoard {
        NewBoard {
            name: name.to_owned(),
            target: target.to_owned(),
            core: None,
            flash: "0x08000000:512KiB".parse().unwrap(),
            ram: "0x2000_0000:16K".parse().unwrap(),
            machine: None,
        }
    }

    #[test]
    fn what_is_written_is_a_board() {
        let workspace = tempfile::tempdir().unwrap();
        let board = new("mine-2", "thumbv6m-none-eabi").write(workspace.path()).unwrap();
        assert_eq!((board.name.as_str(), board.core.as_str()), ("mine-2", "Cortex-M0+"));
        assert_eq!((board.memory[0].origin, board.memory[1].origin), (0x0800_0000, 0x2000_0800));
        assert_eq!(board.memory[1].length, ByteCount(14 << 10));
        assert_eq!(
            board.stack_memory().map(|stack| (stack.origin, stack.length)),
            Some((0x2000_0000, ByteCount(2048)))
        );
        assert_eq!((board.budget.ram, board.budget.stack), (ByteCount(14 << 10), ByteCount(2048)));
        assert!(board.qemu.is_none());
        let text = |file| fs::read_to_string(board.folder.join(file)).unwrap();
        assert!(text("README.md").contains("| run on hardware | no, never |"));
        assert!(text(".cargo/config.toml").contains("target-cpu=cortex-m0plus"));
        let memory = text("memory.x");
        assert!(
            memory.contains("ORIGIN = 0x20000800, LENGTH = 14336") && !memory.contains("_x}"),
            "{memory}"
        );
        for file in ["Cargo.toml", ".cargo/config.toml", "board.toml", "README.md"] {
            assert!(!text(file).contains(['{', '}']) || file == "Cargo.toml", "{file} has a place left open");
        }
        let riscv = NewBoard { machine: Some("virt".into()), ..new("rv", "riscv32imc-unknown-none-elf") };
        let riscv = riscv.write(workspace.path()).unwrap();
        assert_eq!(riscv.qemu.unwrap().arguments, ["-bios", "none"]);
        assert!(fs::read_to_string(riscv.folder.join("memory.x")).unwrap().contains("REGION_STACK"));
    }

    #[test]
    fn names_and_targets_that_no_board_can_have_are_refused() {
        let workspace = tempfile::tempdir().unwrap();
        let refused = |name, target| new(name, target).write(workspace.path()).unwrap_err().to_string();
        for name in ["", "Mine", "a/b", "..", "-a", "a--b", "1a"] {
            assert!(refused(name, "thumbv7m-none-eabi").contains("small letters"), "{name}");
        }
        assert!(refused("mine", "x86_64-unknown-linux-gnu").contains("no board can have the target"));
        new("mine", "thumbv7em-none-eabihf").write(workspace.path()).unwrap();
        assert!(refused("mine", "thumbv7em-none-eabihf").contains("is there already"));
    }

    #[test]
    fn regions_are_read_and_others_refused() {
        let region: Region = "0x1000_0000:4MiB".parse().unwrap();
        assert_eq!(region, Region { origin: 0x1000_0000, length: ByteCount(4 << 20) });
        for text in ["", "0x0", "512KiB", "10:4KiB", "0x0:0", "0x0:5000", "0x100000000:4KiB"] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }

    #[test]
    fn cores_are_spelt_as_the_compiler_does() {
        for (core, name) in [
            ("Cortex-M0+", "cortex-m0plus"),
            ("Cortex-M4F", "cortex-m4"),
            ("Cortex-M55", "cortex-m55"),
            ("RV32IMC", "generic-rv32"),
        ] {
            assert_eq!(cpu(core), name);
        }
    }
}
