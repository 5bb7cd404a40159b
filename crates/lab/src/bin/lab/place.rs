//! What most verbs work on.

use std::path::PathBuf;

use lab::probes::{Chip, Error, Image};

use crate::desk::Which;

/// A chip on a board, the image for it, and the probe in between.
#[derive(clap::Args)]
pub struct Place {
    /// The board's name, for what is said.
    #[arg(long)]
    pub board: String,
    /// The chip, as probe-rs spells it.
    #[arg(long)]
    chip: String,
    /// The image that is on it, or goes there.
    #[arg(long, value_name = "ELF")]
    image: PathBuf,
    /// The probe's serial number, or `simulated`.
    #[arg(long, value_name = "SERIAL|simulated")]
    pub probe: Option<Which>,
}

impl Place {
    /// The chip and the image.
    ///
    /// # Errors
    /// When there is no such chip, or the file is no image.
    pub fn open(&self) -> Result<(Chip, Image), Error> {
        Ok((Chip::named(&self.chip)?, Image::read(&self.image)?))
    }
}
