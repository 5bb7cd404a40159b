//! Rows from samples as they come.

use crate::audio::fft::Complex;
use crate::audio::front_end::{FrontEnd, Quantise, ScratchParts};
use crate::error::BufferError;

/// The last frame in a ring, and what turns it into a row every hop.
///
/// Gives the rows that [`FrontEnd::whole_clip`] gives for the same samples, byte for byte, however they are cut.
#[derive(Clone, Debug)]
pub struct Stream<'a, const FRAME: usize, const HALF: usize, const BANDS: usize, const COLUMNS: usize> {
    front: FrontEnd<'a>,
    quantise: Quantise<'a>,
    ring: [i16; FRAME],
    /// Where the next sample goes, which is where the oldest one is.
    next: usize,
    /// Samples still to come before the next row.
    missing: usize,
    spectrum: [Complex; HALF],
    bands_q16: [i32; BANDS],
    row_q16: [i32; COLUMNS],
    row: [i8; COLUMNS],
}

impl<'a, const FRAME: usize, const HALF: usize, const BANDS: usize, const COLUMNS: usize>
    Stream<'a, FRAME, HALF, BANDS, COLUMNS>
{
    /// An empty stream.
    ///
    /// # Errors
    /// Sizes that are not the front end's, or quantisation parameters for other columns.
    pub const fn new(front: FrontEnd<'a>, quantise: Quantise<'a>) -> Result<Self, BufferError> {
        let sizes = [
            (front.window.len(), FRAME),
            (front.twiddles.len(), HALF),
            (front.mel.rise_ends.len(), BANDS),
            (front.columns(), COLUMNS),
        ];
        let mut i = 0;
        while i < sizes.len() {
            let (needed, got) = sizes[i];
            if let Err(e) = BufferError::check(needed, got) {
                return Err(e);
            }
            i += 1;
        }
        if let Err(e) = quantise.check(COLUMNS) {
            return Err(e);
        }
        Ok(Self {
            front,
            quantise,
            ring: [0; FRAME],
            next: 0,
            missing: FRAME,
            spectrum: [Complex { re: 0, im: 0 }; HALF],
            bands_q16: [0; BANDS],
            row_q16: [0; COLUMNS],
            row: [0; COLUMNS],
        })
    }

    /// Takes samples off the front of `samples` until a row is complete or none are left.
    ///
    /// Call it until it gives nothing: a long slice may hold several rows.
    pub fn push(&mut self, samples: &mut &[i16]) -> Option<&[i8; COLUMNS]> {
        while self.missing > 0 {
            let (first, rest) = samples.split_first()?;
            if let Some(place) = self.ring.get_mut(self.next) {
                *place = *first;
            }
            self.next = if self.next + 1 >= FRAME { 0 } else { self.next + 1 };
            self.missing -= 1;
            *samples = rest;
        }
        self.missing = self.front.config.hop_samples;
        let (newer, older) = self.ring.split_at_checked(self.next)?;
        let mut scratch =
            ScratchParts { spectrum: &mut self.spectrum, bands_q16: &mut self.bands_q16, row_q16: &mut [] };
        self.front.row(older, newer, &mut scratch, &mut self.row_q16).ok()?;
        self.quantise.row(&self.row_q16, &mut self.row);
        Some(&self.row)
    }

    /// Forgets every sample, as if just made.
    pub const fn reset(&mut self) {
        self.next = 0;
        self.missing = FRAME;
    }
}
