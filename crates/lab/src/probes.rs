//! Debug probes: finding one, flashing what is at its end, resetting it, listening to it.

mod advice;
mod chip;
mod connection;
mod converse;
mod error;
mod espressif;
mod found;
mod identity;
mod image;
mod patience;
mod release;
mod why;

pub use advice::{no_access, no_probe};
pub use chip::{Chip, Kind, Region};
pub use connection::Connection;
pub use converse::converse;
pub use error::{Error, State};
pub use found::{Found, choose, list, open};
pub use identity::{Identity, Protection};
pub use image::{Image, Segment};
pub use patience::flash_patiently;
pub use release::release;

/// What stands at a probe's end.
pub trait Target {
    /// Erases what the image needs, and writes it. Nothing is erased before the whole image is known to fit.
    ///
    /// # Errors
    /// [`Error`], which says what state the chip is in.
    fn flash(
        &mut self,
        image: &Image,
        how: How,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Flashed, Error>;

    /// Resets the chip, and starts its firmware. What an earlier firmware left at `control_block` is wiped first.
    ///
    /// # Errors
    /// [`Error`].
    fn reset(&mut self, control_block: Option<u32>) -> Result<(), Error>;

    /// Reads memory, while the firmware runs.
    ///
    /// # Errors
    /// [`Error`].
    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), Error>;

    /// Reads what the firmware says by one of RTT's up channels; 0 when it said nothing more. The first call looks for the
    /// control block at `control_block`.
    ///
    /// # Errors
    /// [`Error::NoRtt`] while the firmware has not set up its channels.
    fn hear(&mut self, control_block: u32, channel: usize, bytes: &mut [u8]) -> Result<usize, Error>;

    /// Sends by RTT's first down channel; how much there was room for.
    ///
    /// # Errors
    /// As [`Target::hear`].
    fn say(&mut self, control_block: u32, bytes: &[u8]) -> Result<usize, Error>;
}

/// How an image is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct How {
    /// Erase all of the chip, and not only the sectors that the image needs.
    pub chip_erase: bool,
    /// Read back what was written.
    pub verify: bool,
}

/// What is being done to flash.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// Sectors are erased.
    Erase,
    /// Pages are written.
    Program,
    /// What was written is read back.
    Verify,
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Bytes that are done.
    pub done: u64,
    /// Bytes that there are, where that is known.
    pub total: Option<u64>,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flashed {
    /// Bytes of the image.
    pub image_bytes: u64,
    /// Bytes that were written, with what fills the last page.
    pub written_bytes: u64,
    /// Whether all of the chip was erased; not every chip has a way to.
    pub chip_erased: bool,
    /// Whether they were read back, and were right.
    pub verified: bool,
}
