//! `flash`: a model's firmware into a board.

use std::path::{Path, PathBuf};

use anyhow::Result;
use firmware::{Board, MemoryKind};

use crate::{
    firmware::{For, Ready, fitting},
    model::Model,
    planning::Planning,
    probe::{Lab, chip},
};

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
    /// The board.
    #[arg(long)]
    board: String,
    /// The model's file, or the name of one that is shipped.
    #[arg(long, default_value = "digits")]
    model: String,
    /// Write this image instead of building one.
    #[arg(long, value_name = "ELF")]
    image: Option<PathBuf>,
    /// The probe's serial number, where several are plugged in; or `simulated`, and with a colon what shall be wrong:
    /// `simulated:locked`.
    #[arg(long, value_name = "SERIAL|simulated")]
    probe: Option<String>,
    /// Erase all of the chip first; this also opens a locked one where its maker allows.
    #[arg(long)]
    chip_erase: bool,
    /// Read back what was written.
    #[arg(long)]
    verify: bool,
    /// Optimised for what.
    #[arg(long, value_enum, default_value_t = For::Release)]
    profile: For,
    #[command(flatten)]
    planning: Planning,
}

/// Runs the verb; whether the board has the firmware.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let board = Board::find(workspace, &args.board)?;
    let chip = chip(&board)?.to_owned();
    let model = Model::find(workspace, &args.model)?;
    let lab = Lab::ready(workspace)?;
    let probe: Vec<String> = args.probe.iter().map(|probe| format!("--probe={probe}")).collect();
    // Nobody should wait for an image that there is nothing to write with.
    if !lab.call(&[vec!["find".to_owned()], probe.clone()].concat())? {
        return Ok(false);
    }
    let path = match &args.image {
        Some(path) => path.clone(),
        None => {
            let ready = Ready::new(board.clone())?.planned(args.planning.firmware());
            eprintln!("{} for {}: building", model.name, board.name);
            match fitting(ready.image(&model.path, args.profile.into(), false))? {
                Ok(image) => image.path,
                Err(why) => {
                    eprintln!("error: {why}; nothing was erased or written");
                    return Ok(false);
                }
            }
        }
    };
    let mut arguments = vec!["flash".to_owned()];
    arguments.extend([format!("--board={}", board.name), format!("--chip={chip}")]);
    arguments.push(format!("--image={}", path.display()));
    arguments.extend(flash_regions(&board));
    arguments.extend(probe);
    let flags = [(args.chip_erase, "--chip-erase"), (args.verify, "--verify")];
    arguments.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag.to_owned()));
    lab.call(&arguments)
}

/// The board's flash, which may be less than the chip could address.
fn flash_regions(board: &Board) -> impl Iterator<Item = String> + '_ {
    let flash = board.memory.iter().filter(|memory| memory.kind == MemoryKind::Flash);
    flash.map(|memory| format!("--flash={:#x}:{}", memory.origin, memory.length.0))
}
