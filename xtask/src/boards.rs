//! `boards` and `new-board`: what there is to run on.

use std::path::Path;

use anyhow::{Context, Result};
use compiler::Isa;
use emulator::Emulator;
use firmware::{Board, ByteCount, Machine, MemoryKind, Network, NewBoard, Region, Toolchain, resolve};
use serde::Serialize;

use crate::print;

/// The boards, and what can be done with each on this machine.
///
/// Installs nothing: what is missing is what `cargo xtask setup` would see to.
///
/// Example: cargo xtask boards
#[derive(clap::Args)]
pub struct Args {
    /// Print as JSON, with the reason for all that cannot be done.
    #[arg(long)]
    json: bool,
}

/// Writes a new board under `boards/`.
///
/// A board is data: its target, core and memories. What is written builds; with the name of a QEMU machine it runs there.
///
/// Example: cargo xtask new-board mine --target thumbv7em-none-eabihf --flash 0x08000000:512KiB --ram 0x20000000:128KiB
#[derive(clap::Args)]
pub struct NewArgs {
    /// Its name: small letters, digits and hyphens.
    name: String,
    /// What the compiler calls the target.
    #[arg(long, value_name = "TRIPLE")]
    target: String,
    /// What its makers call the core, where the target has several: Cortex-M7, Cortex-M55.
    #[arg(long)]
    core: Option<String>,
    /// Where code and weights go.
    #[arg(long, value_name = "ORIGIN:LENGTH")]
    flash: Option<Region>,
    /// Where variables, arena and stack go.
    #[arg(long, value_name = "ORIGIN:LENGTH")]
    ram: Option<Region>,
    /// The QEMU machine that emulates it.
    #[arg(long)]
    machine: Option<String>,
}

/// Memories that many microcontrollers have at least; the caller is told that they are a guess.
const FLASH: Region = Region { origin: 0, length: ByteCount(256 << 10) };
const RAM: Region = Region { origin: 0x2000_0000, length: ByteCount(64 << 10) };

/// Writes a board; always good when it ends without an error.
pub fn new(args: &NewArgs, workspace: &Path) -> Result<bool> {
    let wanted = NewBoard {
        name: args.name.clone(),
        target: args.target.clone(),
        core: args.core.clone(),
        flash: args.flash.unwrap_or(FLASH),
        ram: args.ram.unwrap_or(RAM),
        machine: args.machine.clone(),
    };
    let board = wanted.write(workspace)?;
    let folder = board.folder.display();
    if args.flash.is_none() || args.ram.is_none() {
        eprintln!(
            "The memories are a guess, 256 KiB of flash and 64 KiB of RAM where nothing else was said: put right what \
             board.toml and memory.x say."
        );
    }
    eprintln!("Next: `cargo xtask size --board {}` builds the shipped models for it.", board.name);
    print::text(&format!("{folder}\n"))?;
    Ok(true)
}

/// One board, as it is printed.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    target: String,
    /// What the firmware is for.
    core: String,
    /// The core that is emulated, where it is another.
    emulated_core: Option<String>,
    /// The kernels that the compiler packs weights for.
    isa: String,
    memories: Vec<Memory>,
    /// Whether plans can be loaded at run time.
    loads_plans: bool,
    /// The chip that a debug probe reaches, if one does.
    chip: Option<String>,
    /// Why no simulated target stands in for it, where none does.
    not_simulated: Option<String>,
    build: Ability,
    run: Ability,
}

#[derive(Debug, Serialize)]
struct Memory {
    name: String,
    kind: MemoryKind,
    /// Whether it is another one, seen at other addresses, or nothing is put there.
    is_aside: bool,
    origin: u32,
    length_bytes: u64,
}

/// Whether something can be done here, and by what means or why not.
#[derive(Debug, Serialize)]
struct Ability {
    possible: bool,
    by: String,
}

impl Ability {
    fn of(means: Result<String, String>) -> Self {
        let possible = means.is_ok();
        Self { possible, by: means.unwrap_or_else(|why| why) }
    }
}

/// Lists the boards; always good when it ends without an error.
pub fn list(args: &Args, workspace: &Path) -> Result<bool> {
    let machine = Machine { network: Network::Offline, ..Machine::this() };
    let rows: Vec<Row> = Board::all(workspace)?.iter().map(|board| row(board, &machine)).collect();
    if args.json {
        print::json(&rows)?;
    } else {
        print::text(&text(&rows).context("the table of boards")?)?;
    }
    Ok(true)
}

fn row(board: &Board, machine: &Machine) -> Row {
    let build = resolve(machine, &board.target, &mut |_| ()).map_err(|error| error.to_string());
    let build = build.map(|resolved| match resolved.toolchain {
        Toolchain::Sysroot => "the target's core, installed".to_owned(),
        Toolchain::BuildStd { rustc, .. } => format!("core from the sources of {}", rustc.display()),
    });
    let run = Emulator::find(board).map_err(|absent| absent.to_string());
    let run = run.map(|emulator| {
        let program = board.qemu.as_ref().map_or("", |qemu| &qemu.program);
        format!("emulated by {program} {}", emulator.version())
    });
    let memory = |memory: &firmware::Memory| Memory {
        name: memory.name.clone(),
        kind: memory.kind,
        is_aside: memory.is_aside,
        origin: memory.origin,
        length_bytes: memory.length.0,
    };
    Row {
        name: board.name.clone(),
        target: board.target.clone(),
        core: board.core.clone(),
        emulated_core: board.qemu.as_ref().and_then(|qemu| qemu.core.clone()),
        isa: Isa::of_target(&board.target, &board.core).to_string(),
        memories: board.memory.iter().map(memory).collect(),
        loads_plans: board.plan.is_some(),
        chip: board.chip.clone(),
        not_simulated: board.not_simulated.clone(),
        build: Ability::of(build),
        run: Ability::of(run),
    }
}

/// A line for each board, and below it what cannot be done and why.
fn text(rows: &[Row]) -> Result<String, std::fmt::Error> {
    use std::fmt::Write;
    let mut text = format!(
        "{:16} {:12} {:28} {:14} {:>8} {:>8}  here\n",
        "board", "core", "target", "kernels", "flash", "RAM"
    );
    for row in rows {
        let total = |kind| {
            let memories = row.memories.iter().filter(|memory| memory.kind == kind && !memory.is_aside);
            ByteCount(memories.map(|memory| memory.length_bytes).sum()).to_string()
        };
        let (flash, ram) = (total(MemoryKind::Flash), total(MemoryKind::Ram));
        let here = match (row.build.possible, row.run.possible) {
            (true, true) => format!("builds; {}", row.run.by),
            (true, false) if row.chip.is_some() => {
                let or = if row.not_simulated.is_none() { ", or simulated" } else { "" };
                format!("builds; `cargo xtask flash --board {}` with a probe{or}", row.name)
            }
            (true, false) => "builds".to_owned(),
            (false, true) => row.run.by.clone(),
            (false, false) => "nothing".to_owned(),
        };
        let on = row.emulated_core.as_ref().map_or_else(String::new, |core| format!(" on a {core}"));
        writeln!(
            text,
            "{:16} {:12} {:28} {:14} {flash:>8} {ram:>8}  {here}{on}",
            row.name, row.core, row.target, row.isa
        )?;
        // That a real board is not emulated is nothing missing.
        let emulated = row.chip.is_none();
        for (ability, what) in [(&row.build, "does not build"), (&row.run, "does not run")] {
            if !ability.possible && (emulated || what == "does not build") {
                writeln!(text, "    {what}: {}", ability.by.replace('\n', "\n    "))?;
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_board_is_listed_with_what_is_missing_on_a_bare_machine() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = folder.path();
        let machine = Machine { path: nothing.into(), system: nothing.into(), ..Machine::this() };
        let boards = Board::all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
        let rows: Vec<_> = boards.iter().map(|board| row(board, &machine)).collect();
        let text = text(&rows).unwrap();
        for board in &boards {
            let line = text.lines().find(|line| line.split_whitespace().next() == Some(&board.name)).unwrap();
            assert!(line.contains(&board.core) && line.contains(&board.target), "{line}");
        }
        assert_eq!(
            text.matches("does not build: nothing on this machine compiles for").count(),
            boards.len()
        );
        let m55 = rows.iter().find(|row| row.core == "Cortex-M55").unwrap();
        assert_eq!(m55.isa, "armv8_1m_mve");
        let simulated = |name: &str| rows.iter().any(|row| row.name == name && row.not_simulated.is_none());
        assert!(simulated("rp-pico") && simulated("rp-pico2"));
        let stand_in = rows.iter().find(|row| row.emulated_core.is_some()).unwrap();
        assert_eq!((stand_in.core.as_str(), stand_in.isa.as_str()), ("Cortex-M0+", "armv6m"));
    }
}
