//! Whether an image fits the memories of its board.

use std::fmt;

use crate::{Board, ByteCount, MemoryKind, Sizes};

/// A memory that an image asks too much of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shortage {
    /// The memory, as in `memory.x`.
    pub memory: String,
    /// What it is for.
    pub kind: MemoryKind,
    /// What the image takes of it.
    pub takes: u64,
    /// Of that, room that is left for the stack.
    pub stack: u64,
    /// How long the memory is.
    pub length: ByteCount,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} B of {}", self.takes, self.memory)?;
        if self.stack > 0 {
            write!(f, " ({} of them for the stack)", self.stack)?;
        }
        write!(f, ", where there are {}", self.length)
    }
}

/// What the linker complains about: `section '.bss' will not fit in region 'RAM': overflowed by 1234 bytes`.
pub(crate) fn overflows(board: &Board, said: &str) -> Vec<Shortage> {
    let overflowed = |memory: &crate::Memory| {
        let region = format!("will not fit in region '{}': overflowed by ", memory.name);
        let complaints = said.lines().filter_map(|line| {
            let (_, rest) = line.split_once(&region)?;
            rest.split_once(" byte")?.0.parse::<u64>().ok()
        });
        let over = complaints.max()?;
        let takes = memory.length.0.saturating_add(over);
        Some(Shortage {
            memory: memory.name.clone(),
            kind: memory.kind,
            takes,
            stack: 0,
            length: memory.length,
        })
    };
    board.memory.iter().filter_map(overflowed).collect()
}

/// What has been linked leaves its stack what the board's budget gives it, or this tells how little is left.
pub(crate) fn stack_shortage(board: &Board, sizes: &Sizes) -> Option<Shortage> {
    let memory = board.memory.iter().find(|memory| memory.kind == MemoryKind::Ram)?;
    // A stack in a memory of its own takes nothing of what variables have.
    let stack = if board.stack_memory().is_some() { 0 } else { board.budget.stack.0 };
    let takes = sizes.ram_bytes() + stack;
    (takes > memory.length.0).then(|| Shortage {
        memory: memory.name.clone(),
        kind: memory.kind,
        takes,
        stack,
        length: memory.length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Board {
        let text = r#"
            target = "thumbv6m-none-eabi"
            core = "Cortex-M0"
            memory = [
                { name = "FLASH", kind = "flash", origin = 0, length = "256 KiB" },
                { name = "RAM", kind = "ram", origin = 0x2000_0000, length = "16 KiB" },
            ]
            budget = { flash = "256 KiB", ram = "14 KiB", stack = "2 KiB" }
        "#;
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_linkers_complaint_becomes_what_the_image_takes() {
        let said = "error: linking with `rust-lld` failed: exit status: 1\n  \
            = note: rust-lld: error: section '.data' will not fit in region 'RAM': overflowed by 12 bytes\n          \
            rust-lld: error: section '.bss' will not fit in region 'RAM': overflowed by 3000 bytes\n";
        let found = overflows(&board(), said);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "19384 B of RAM, where there are 16 KiB");
        assert!(overflows(&board(), "error: linking failed: undefined symbol").is_empty());
    }

    #[test]
    fn variables_that_leave_no_room_for_the_stack_do_not_fit() {
        let sizes = |bss_bytes| Sizes { bss_bytes, ..Sizes::default() };
        assert_eq!(stack_shortage(&board(), &sizes(14 << 10)), None);
        let short = stack_shortage(&board(), &sizes((14 << 10) + 1)).unwrap();
        assert_eq!(short.to_string(), "16385 B of RAM (2048 of them for the stack), where there are 16 KiB");
    }
}
