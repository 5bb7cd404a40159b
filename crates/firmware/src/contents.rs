use std::{fs, path::Path};

use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind, elf};
use serde::Serialize;

use crate::Error;

/// What is in a firmware image.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// By section.
    pub sizes: Sizes,
    /// Everything with a name and a size, largest first.
    pub symbols: Vec<Symbol>,
    /// The names of functions without a size, such as those written in assembly.
    pub unsized_functions: Vec<String>,
    /// The compiler, as it signs what it makes: `rustc version 1.95.0 (…)`.
    pub compiler: Option<String>,
}

/// Bytes by where they stand.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Sizes {
    /// Vector table.
    pub vectors_bytes: u64,
    /// Instructions, and the constants among them.
    pub text_bytes: u64,
    /// Constants, weights among them.
    pub rodata_bytes: u64,
    /// Of the constants, those of the model.
    pub weights_bytes: u64,
    /// Code and constants of the board itself: start-up, log, faults, the loop that serves the host.
    pub harness_bytes: u64,
    /// Variables with an initial value, in flash and in RAM.
    pub data_bytes: u64,
    /// Variables without, the arena among them.
    pub bss_bytes: u64,
}

impl Sizes {
    /// All that is written when the board is flashed.
    #[must_use]
    pub fn flash_bytes(&self) -> u64 {
        self.vectors_bytes + self.text_bytes + self.rodata_bytes + self.data_bytes
    }

    /// All that is taken of RAM, the stack aside.
    #[must_use]
    pub fn ram_bytes(&self) -> u64 {
        self.data_bytes + self.bss_bytes
    }

    /// What the network costs beside its weights: flash without vectors, weights and harness. What cannot be told apart,
    /// such as `memcpy`, counts.
    #[must_use]
    pub fn code_bytes(&self) -> u64 {
        self.flash_bytes().saturating_sub(self.vectors_bytes + self.weights_bytes + self.harness_bytes)
    }
}

/// A function or a variable.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Symbol {
    /// Its path in the source, as far as the compiler tells.
    pub name: String,
    /// First address, without the bit that marks Thumb code.
    pub address: u64,
    /// Length.
    pub bytes: u64,
    /// Code, not data.
    pub is_function: bool,
}

/// The end of the name under which a compiled model has its constants.
const WEIGHTS: &str = "::WEIGHTS";

/// How the names begin of what a board needs without any network: start-up, faults, which alone format text, the log and
/// the loop that serves the host. The engine's loop is not inlined there. What copies and fills memory counts as the
/// network's.
const HARNESS: [&str; 10] = [
    "support::",
    "<support::",
    "telemetry::",
    "core::fmt::",
    "defmt::",
    "_defmt_",
    "cortex_m",
    "riscv",
    "Reset",
    "HardFault",
];

/// What only an image that can panic, or that allocates, contains: part of a path, and what it means.
const FORBIDDEN: [(&str, &str); 10] = [
    ("core::panicking::", "can panic"),
    ("core::slice::index::slice_", "can panic on a slice"),
    ("rust_begin_unwind", "has the panic handler linked in"),
    ("unwrap_failed", "can panic on an unwrap"),
    ("expect_failed", "can panic on an expect"),
    ("len_mismatch_fail", "can panic on a copy"),
    ("defmt_panic", "can panic through defmt"),
    ("__rust_alloc", "allocates"),
    ("__rust_realloc", "allocates"),
    ("alloc::alloc::", "allocates"),
];

impl Contents {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotAnImage`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(Error::io(path))?;
        Self::parse(&bytes).map_err(|reason| Error::NotAnImage { path: path.to_path_buf(), reason })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
        if file.format() != object::BinaryFormat::Elf || file.is_64() {
            return Err("not a 32-bit ELF file".to_owned());
        }
        let mut sizes = Sizes::default();
        for section in file.sections() {
            if let Some(bytes) = place(&mut sizes, &section) {
                *bytes += section.size();
            }
        }
        let mut symbols = Vec::new();
        let mut unsized_functions = Vec::new();
        for symbol in file.symbols().filter(ObjectSymbol::is_definition) {
            let is_function = symbol.kind() == SymbolKind::Text;
            if !is_function && symbol.kind() != SymbolKind::Data {
                continue;
            }
            let mangled = symbol.name().map_err(|error| error.to_string())?;
            let name = format!("{:#}", rustc_demangle::demangle(mangled));
            if symbol.size() == 0 {
                unsized_functions.extend(is_function.then_some(name));
                continue;
            }
            let address = if is_function { symbol.address() & !1 } else { symbol.address() };
            symbols.push(Symbol { name, address, bytes: symbol.size(), is_function });
        }
        symbols.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        sizes.weights_bytes = weights(&symbols);
        sizes.harness_bytes = harness(&symbols);
        Ok(Self { sizes, symbols, unsized_functions, compiler: compiler(&file) })
    }

    /// The function of this name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Symbol> {
        self.symbols.iter().find(|symbol| symbol.is_function && symbol.name == name)
    }

    /// What only an image that can panic or allocate contains, with what it means; empty is what firmware owes.
    #[must_use]
    pub fn forbidden(&self) -> Vec<String> {
        let names = self.symbols.iter().map(|symbol| &symbol.name).chain(&self.unsized_functions);
        names.filter_map(|name| Some(format!("{name}: the image {}", meaning(name)?))).collect()
    }
}

/// From the section where every tool that had a hand in a file leaves its name, each ending in a zero.
fn compiler(file: &object::File<'_>) -> Option<String> {
    let names = file.section_by_name(".comment")?.data().ok()?;
    let names = names.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    names.into_iter().find(|name| name.starts_with("rustc ")).map(|name| name.into_owned())
}

fn meaning(name: &str) -> Option<&'static str> {
    FORBIDDEN.iter().find(|(part, _)| name.contains(part)).map(|(_, meaning)| *meaning)
}

/// Functions only: constants without a name cannot be told apart, and count as the network's.
fn harness(symbols: &[Symbol]) -> u64 {
    let is_harness = |symbol: &&Symbol| {
        symbol.is_function && HARNESS.iter().any(|beginning| symbol.name.starts_with(beginning))
    };
    symbols.iter().filter(is_harness).map(|symbol| symbol.bytes).sum()
}

/// The linker may keep one copy of two equal constants: each address counts once.
fn weights(symbols: &[Symbol]) -> u64 {
    let mut weights: Vec<_> = symbols
        .iter()
        .filter(|symbol| !symbol.is_function && symbol.name.ends_with(WEIGHTS))
        .map(|symbol| (symbol.address, symbol.bytes))
        .collect();
    weights.sort_unstable();
    weights.dedup();
    weights.iter().map(|(_, bytes)| bytes).sum()
}

/// The count that a section belongs to; nothing for one that is not loaded, such as debug information.
fn place<'a>(sizes: &'a mut Sizes, section: &object::Section<'_, '_>) -> Option<&'a mut u64> {
    let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
    let has = |flag: elf::SectionFlags| (sh_flags & flag).0 != 0;
    // riscv-rt's linker script gives what is left for heap and stack sections of their own; esp-hal's steps over constants where
    // flash is seen a second time.
    if !has(elf::SHF_ALLOC) || matches!(section.name(), Ok(".heap" | ".stack" | ".rotext_dummy")) {
        return None;
    }
    Some(if section.kind().is_bss() {
        &mut sizes.bss_bytes
    } else if section.name() == Ok(".vector_table") {
        &mut sizes.vectors_bytes
    } else if has(elf::SHF_WRITE) {
        &mut sizes.data_bytes
    } else if has(elf::SHF_EXECINSTR) {
        &mut sizes.text_bytes
    } else {
        &mut sizes.rodata_bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str, address: u64, bytes: u64) -> Symbol {
        Symbol { name: name.to_owned(), address, bytes, is_function: false }
    }

    #[test]
    fn what_is_not_a_firmware_image_is_refused() {
        assert!(Contents::parse(b"no elf at all").is_err());
        let itself = std::env::current_exe().unwrap();
        let error = Contents::read(&itself).unwrap_err().to_string();
        assert!(error.contains("not a firmware image: not a 32-bit ELF file"), "{error}");
        assert!(matches!(Contents::read(Path::new("/no/such/file")), Err(Error::Io { .. })));
    }

    #[test]
    fn panics_and_allocators_are_known_by_name_and_others_are_not() {
        for name in [
            "core::panicking::panic_fmt",
            "core::panicking::panic_bounds_check",
            "core::panicking::panic_const::panic_const_div_by_zero",
            "core::slice::index::slice_index_fail",
            "core::option::expect_failed",
            "core::result::unwrap_failed",
            "__rustc::rust_begin_unwind",
            "__rustc::__rust_alloc",
            "alloc::alloc::handle_alloc_error",
        ] {
            assert!(meaning(name).is_some(), "{name}");
        }
        for name in ["kernels::conv2d::run", "memcpy", "HardFaultTrampoline", "main"] {
            assert_eq!(meaning(name), None, "{name}");
        }
    }

    #[test]
    fn weights_that_share_an_address_count_once() {
        let one = symbol("image::kws::WEIGHTS", 0x100, 40);
        let same = symbol("image::same::WEIGHTS", 0x100, 40);
        let other = symbol("image::digits::WEIGHTS", 0x200, 2);
        assert_eq!(weights(&[one, same, other, symbol("image::kws::STEPS", 0x300, 8)]), 42);
    }

    #[test]
    fn the_boards_own_code_is_not_the_networks() {
        let function = |name| Symbol { is_function: true, ..symbol(name, 0, 10) };
        for name in ["support::log::x", "support::serve::run", "telemetry::wire::x", "_defmt_write", "Reset"]
        {
            assert_eq!(harness(&[function(name)]), 10, "{name}");
        }
        for name in
            ["engine::executor::Executor<P>::run_steps", "engine::memory::Io::split", "kernels::x", "memcpy"]
        {
            assert_eq!(harness(&[function(name)]), 0, "{name}");
        }
        assert_eq!(harness(&[symbol("support::log::SINK", 0, 10)]), 0, "it is a variable");
    }

    #[test]
    fn code_is_flash_without_vectors_weights_and_harness() {
        let sizes = Sizes {
            vectors_bytes: 1024,
            text_bytes: 500,
            rodata_bytes: 300,
            weights_bytes: 200,
            harness_bytes: 100,
            data_bytes: 10,
            bss_bytes: 7,
        };
        assert_eq!(sizes.flash_bytes(), 1834);
        assert_eq!(sizes.ram_bytes(), 17);
        assert_eq!(sizes.code_bytes(), 510);
    }
}
