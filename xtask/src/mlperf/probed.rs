//! A board behind a debug probe: it gets the program, and the probe lets go of it, before anybody talks to it.

use std::path::Path;

use anyhow::Result;
use firmware::{Board, Profile};
use mlperf::open;

use super::Args;
use crate::{
    Usage,
    desk::{is_simulated, place, prefix},
    firmware::{Ready, fitting},
    flash::writing_and_letting_go,
    model::Model,
    probe::{Lab, chip},
};

/// That the board is one that can be talked to, before anybody waits for an image.
///
/// # Errors
/// Wrong usage; a line that cannot be opened.
pub fn check(args: &Args, board: &Board) -> Result<()> {
    let name = &board.name;
    chip(board)?;
    match (&args.serial, is_simulated(args.probe.as_deref())) {
        (None, true) => Ok(()),
        (Some(_), true) => Err(Usage::error("a simulated chip has no serial line: leave --serial out")),
        (None, false) => {
            let pins = board
                .pins
                .as_ref()
                .map_or_else(String::new, |pins| format!(" (out: {}; in: {})", pins.uart_tx, pins.uart_rx));
            Err(Usage::error(format!(
                "{name} answers over its UART{pins}: say which line that is here, --serial /dev/ttyACM0"
            )))
        }
        (Some(path), false) => {
            open(path, args.baud.unwrap_or(args.mode.build().baud()))?;
            Ok(())
        }
    }
}

/// Builds the program around a model and writes it; whether the board has it. Why not was said.
///
/// # Errors
/// Wrong usage; an image that does not build.
pub fn flash(args: &Args, workspace: &Path, board: Board, model: &Model) -> Result<bool> {
    let probe = args.probe.as_deref();
    let lab = Lab::ready(workspace)?;
    // Nobody should wait for an image that there is nothing to write with.
    if !lab.finds(probe)? {
        return Ok(false);
    }
    let prefix = prefix(probe);
    eprintln!("{prefix}{} for {}, its {} build", model.name, board.name, args.mode.build().name());
    let ready = Ready::new(board)?.planned(args.planning.firmware());
    let image = match fitting(ready.image_with(&model.path, Profile::Release, args.mode.features()))? {
        Ok(image) => image,
        Err(why) => {
            eprintln!("{prefix}error: {why}; nothing was erased or written");
            return Ok(false);
        }
    };
    let to = place(&ready.board, chip(&ready.board)?, &image.path, probe);
    lab.aside(&writing_and_letting_go(&ready.board, &to))
}
