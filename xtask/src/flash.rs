//! `flash`: a model's firmware into a board.

use std::path::Path;

use anyhow::Result;
use firmware::{Board, MemoryKind};

use crate::desk::On;

/// Builds a model's firmware for a board, writes it through a debug probe, and starts it.
///
/// Nothing is erased before the image is known to fit the chip and the chip is known to be the right one. With
/// `--probe simulated` all of it happens to a simulated target, behind the debug stack that real probes use.
///
/// Example: cargo xtask flash --board nrf52840-dk --model kws --verify
///
/// Example: cargo xtask flash --board nucleo-l4r5zi --model kws --probe simulated
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    on: On,
    /// Erase all of the chip first; this also opens a locked one where its maker allows.
    #[arg(long)]
    chip_erase: bool,
    /// Read back what was written.
    #[arg(long)]
    verify: bool,
}

/// Runs the verb; whether the board has the firmware.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let Some(desk) = args.on.ready(workspace)? else { return Ok(false) };
    let mut arguments = vec!["flash".to_owned()];
    arguments.extend(desk.arguments);
    arguments.extend(flash_regions(&desk.board));
    let flags = [(args.chip_erase, "--chip-erase"), (args.verify, "--verify")];
    arguments.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag.to_owned()));
    desk.lab.call(&arguments)
}

/// What `lab` is told to write an image and read it back, of a place as [`place`](crate::desk::place) says.
pub fn writing(board: &Board, place: &[String]) -> Vec<String> {
    let verb = ["flash".to_owned(), "--verify".to_owned()];
    verb.into_iter().chain(flash_regions(board)).chain(place.iter().cloned()).collect()
}

/// The same, with the chip left without a debugger.
pub fn writing_and_letting_go(board: &Board, place: &[String]) -> Vec<String> {
    let mut all = writing(board, place);
    all.push("--detach".to_owned());
    all
}

/// The board's flash, which may be less than the chip could address.
fn flash_regions(board: &Board) -> impl Iterator<Item = String> + '_ {
    let flash = board.memory.iter().filter(|memory| memory.kind == MemoryKind::Flash);
    flash.map(|memory| format!("--flash={:#x}:{}", memory.origin, memory.length.0))
}
