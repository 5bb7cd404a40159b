//! What is written twice about a board, because two programs read it, says the same.

use std::{fs, path::Path};

use firmware::{Board, ByteCount};

fn boards() -> Vec<Board> {
    let boards = Board::all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap();
    assert!(!boards.is_empty());
    boards
}

/// `0x100`, `4096K` or `2048K - 0x100`.
fn length(text: &str) -> Option<u64> {
    let one = |term: &str| match term.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => term.strip_suffix('K')?.parse::<u64>().ok().map(|kib| kib << 10),
    };
    match text.split_once(" - ") {
        Some((whole, part)) => one(whole)?.checked_sub(one(part)?),
        None => one(text),
    }
}

/// `FLASH : ORIGIN = 0x00000000, LENGTH = 4096K` as name, origin and length.
fn region(line: &str) -> Option<(String, u32, ByteCount)> {
    let (name, rest) = line.split_once(':')?;
    let (origin, length) = rest.split_once(',')?;
    let origin = origin.trim().strip_prefix("ORIGIN = 0x")?;
    let bytes = self::length(length.trim().strip_prefix("LENGTH = ")?)?;
    Some((name.trim().to_owned(), u32::from_str_radix(origin, 16).ok()?, ByteCount(bytes)))
}

#[test]
fn the_linkers_memories_are_those_of_the_board() {
    for board in boards() {
        let text = fs::read_to_string(board.folder.join("memory.x")).unwrap();
        let linked: Vec<_> = text.lines().filter_map(region).collect();
        let described: Vec<_> =
            board.memory.iter().map(|memory| (memory.name.clone(), memory.origin, memory.length)).collect();
        assert_eq!(linked, described, "{}", board.name);
    }
}

#[test]
fn cargo_compiles_for_the_target_of_the_board() {
    for board in boards() {
        let text = fs::read_to_string(board.folder.join(".cargo/config.toml")).unwrap();
        let config: toml::Table = text.parse().unwrap();
        assert_eq!(config["build"]["target"].as_str(), Some(board.target.as_str()), "{}", board.name);
        let flags = config["build"]["rustflags"].as_array().unwrap();
        assert!(flags.iter().any(|flag| flag.as_str().unwrap().starts_with("target-cpu=")), "{}", board.name);
    }
}

#[test]
fn budgets_fit_the_memories() {
    for board in boards() {
        let has = |kind| ByteCount(board.memory_bytes(kind));
        assert!(board.budget.flash <= has(firmware::MemoryKind::Flash), "{}", board.name);
        let ram = ByteCount(board.budget.ram.0 + board.budget.stack.0);
        assert!(ram <= has(firmware::MemoryKind::Ram), "{}", board.name);
    }
}

#[test]
fn every_emulated_board_has_a_line_for_a_runner() {
    for board in boards().iter().filter(|board| board.qemu.is_some()) {
        let serial = board.serial.as_ref().unwrap_or_else(|| panic!("{} has no [serial]", board.name));
        assert_eq!(serial.counter_hz % 1_000_000, 0, "{}", board.name);
        // A Cortex-M counts by itself.
        assert_eq!(serial.counter == 0, board.target.starts_with("thumb"), "{}", board.name);
        let is_memory = |address: u32| {
            board.memory.iter().any(|it| (it.origin..it.origin + it.length.0 as u32).contains(&address))
        };
        let pin = serial.pin.iter().flat_map(|pin| [pin.high, pin.low].map(|[address, _]| address));
        assert!(!pin.chain([serial.address]).any(is_memory), "{}: registers in memory", board.name);
    }
}

#[test]
fn manifests_are_the_templates() {
    let template = include_str!("../template/Cargo.toml.in");
    for board in boards().iter().filter(|board| board.qemu.is_some()) {
        let text = fs::read_to_string(board.folder.join("Cargo.toml")).unwrap();
        assert_eq!(
            text,
            template.replace("{name}", &board.name).replace("{core}", &board.core),
            "{}",
            board.name
        );
    }
}
