//! Espressif's chips: a second stage of the boot code loads their images, which have a format of their own.

use std::{io::Cursor, sync::Once};

use probe_rs::{
    Session,
    flashing::{FileDownloadError, FlashLoader, ImageLoader},
};
use probe_rs_espressif::image_format::IdfLoader;

use super::Image;

/// Tells `probe-rs` of the chips, and of the probe that is built into them.
pub fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(probe_rs_espressif::register_plugin);
}

/// Whether a chip is one of them.
pub fn is_one(chip: &str) -> bool {
    chip.starts_with("esp32")
}

/// What is to be written for an image: the boot code, the table of partitions, and the image in Espressif's format. The chip is halted,
/// and asked how much flash it has.
pub fn load(loader: &mut FlashLoader, session: &mut Session, image: &Image) -> Result<(), FileDownloadError> {
    IdfLoader::default().load(loader, session, &mut Cursor::new(&image.elf))
}
