use microjoule::features::wake_word::{BANDS, HOP, Rows, WakeWord};
use telemetry::{
    files,
    mlperf::{NoAudio, ROW_BYTES},
};

use crate::semihosting::{File, Mode};

/// What hears for a board.
pub trait Ears {
    /// From now on there is sound, from its beginning.
    ///
    /// # Errors
    /// Where there is none.
    fn listen(&mut self) -> Result<(), NoAudio>;

    /// There is no more need for it.
    fn stop(&mut self);

    /// The row of the newest sound, once for each.
    fn hear(&mut self) -> Option<[u8; ROW_BYTES]>;
}

/// None: the network is not for sound as it comes.
#[derive(Debug)]
pub struct Deaf;

impl Ears for Deaf {
    fn listen(&mut self) -> Result<(), NoAudio> {
        Err(NoAudio)
    }

    fn stop(&mut self) {}

    fn hear(&mut self) -> Option<[u8; ROW_BYTES]> {
        None
    }
}

/// An emulated board hears a file of the host's, as fast as its network runs.
#[derive(Debug)]
pub struct Recording {
    rows: Option<Rows<'static>>,
    file: Option<File>,
}

impl Recording {
    /// One that was not opened yet.
    pub const fn new(front: &'static WakeWord) -> Self {
        let rows = match front.stream() {
            Ok(rows) => Some(rows),
            Err(_) => None,
        };
        Self { rows, file: None }
    }
}

impl Ears for Recording {
    fn listen(&mut self) -> Result<(), NoAudio> {
        self.rows.as_mut().ok_or(NoAudio)?.reset();
        self.file = File::open(files::SOUND, Mode::Read).ok();
        self.file.map(|_| ()).ok_or(NoAudio)
    }

    fn stop(&mut self) {
        self.file = None;
    }

    fn hear(&mut self) -> Option<[u8; ROW_BYTES]> {
        const { assert!(BANDS == ROW_BYTES) };
        let mut bytes = [[0; 2]; HOP];
        let read = self.file?.read(bytes.as_flattened_mut());
        if read.is_err() {
            self.file = None;
            return None;
        }
        let row = self.rows.as_mut()?.next(&bytes.map(i16::from_le_bytes))?;
        Some(row.map(i8::cast_unsigned))
    }
}

/// Ears that are somewhere else, if they are.
impl<E: Ears> Ears for Option<&mut E> {
    fn listen(&mut self) -> Result<(), NoAudio> {
        self.as_mut().ok_or(NoAudio)?.listen()
    }

    fn stop(&mut self) {
        if let Some(ears) = self {
            ears.stop();
        }
    }

    fn hear(&mut self) -> Option<[u8; ROW_BYTES]> {
        self.as_mut()?.hear()
    }
}
