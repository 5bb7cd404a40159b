//! What verbs that reach a board by a debug probe have in common: which board, which image, which probe.

use std::path::{Path, PathBuf};

use anyhow::Result;
use firmware::Board;

use crate::{
    firmware::{For, Ready, fitting},
    model::Model,
    planning::Planning,
    probe::{Lab, chip},
};

/// What is on the desk.
#[derive(clap::Args)]
pub struct On {
    /// The board.
    #[arg(long)]
    board: String,
    /// The model's file, or the name of one that is shipped.
    #[arg(long, default_value = "digits")]
    model: String,
    /// This image instead of one that is built around the model.
    #[arg(long, value_name = "ELF")]
    image: Option<PathBuf>,
    /// The probe's serial number, where several are plugged in; or `simulated`, and with a colon what shall be wrong:
    /// `simulated:locked`.
    #[arg(long, value_name = "SERIAL|simulated")]
    probe: Option<String>,
    /// Optimised for what.
    #[arg(long, value_enum, default_value_t = For::Release)]
    profile: For,
    /// Have the image start the chip's watchdog, which resets it after a run of more than eight seconds, and leaves word first
    /// where the core was (an RP2040, an RP2350 and an ESP32-C3: that it was reset).
    #[arg(long, conflicts_with = "image")]
    watchdog: bool,
    #[command(flatten)]
    planning: Planning,
}

/// A board, its image, and the program that reaches it.
#[derive(Debug)]
pub struct Desk {
    /// The board.
    pub board: Board,
    /// The image's file.
    pub image: PathBuf,
    /// The program.
    pub lab: Lab,
    /// As [`place`] says.
    pub arguments: Vec<String>,
    /// What stands before every line that could be mistaken for more.
    pub prefix: &'static str,
}

impl On {
    /// Looks for a probe, and builds the image; nothing where there is no probe, or the image does not fit, which was said.
    ///
    /// # Errors
    /// Wrong usage; an image that does not build.
    pub fn ready(&self, workspace: &Path) -> Result<Option<Desk>> {
        let board = Board::find(workspace, &self.board)?;
        let chip = chip(&board)?.to_owned();
        let model = Model::find(workspace, &self.model)?;
        let lab = Lab::ready(workspace)?;
        // Nobody should wait for an image that there is nothing to write with.
        if !lab.finds(self.probe.as_deref())? {
            if let Some(way) = &board.without_probe {
                eprintln!("\n{way}");
            }
            return Ok(None);
        }
        let prefix = prefix(self.probe.as_deref());
        let image = match &self.image {
            Some(path) => path.clone(),
            None => {
                let ready = Ready::new(board.clone())?.planned(self.planning.firmware());
                eprintln!("{prefix}{} for {}: building", model.name, board.name);
                let features: &[&str] = if self.watchdog { &["watchdog"] } else { &[] };
                match fitting(ready.image_with(&model.path, self.profile.into(), features))? {
                    Ok(image) => image.path,
                    Err(why) => {
                        eprintln!("{prefix}error: {why}; nothing was erased or written");
                        return Ok(None);
                    }
                }
            }
        };
        let arguments = place(&board, &chip, &image, self.probe.as_deref());
        Ok(Some(Desk { board, image, lab, arguments, prefix }))
    }
}

/// What every verb of `lab` is told: board, chip, image, probe.
pub fn place(board: &Board, chip: &str, image: &Path, probe: Option<&str>) -> Vec<String> {
    let mut arguments = vec![format!("--board={}", board.name), format!("--chip={chip}")];
    arguments.push(format!("--image={}", image.display()));
    arguments.extend(probe.map(|probe| format!("--probe={probe}")));
    arguments
}

/// Whether a probe is none.
pub fn is_simulated(probe: Option<&str>) -> bool {
    probe.is_some_and(|probe| probe.starts_with("simulated"))
}

/// What stands before every line of a verb that could be mistaken for more.
pub fn prefix(probe: Option<&str>) -> &'static str {
    if is_simulated(probe) { "simulated: " } else { "" }
}
