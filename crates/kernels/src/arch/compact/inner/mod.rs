//! The inner loops: sums of some channels of one output pixel from the taps that it reads, and what they become.
//!
//! In Thumb they are assembler, elsewhere plain Rust that gives the same bytes.

#[cfg(kernel_isa = "armv7em")]
mod dsp;
#[cfg(kernel_isa = "armv8_1m_mve")]
mod helium;
#[cfg(any(
    kernel_isa = "armv6m",
    kernel_isa = "armv7m",
    kernel_isa = "armv7em",
    kernel_isa = "armv8_1m_mve"
))]
mod native;
#[cfg(not(any(
    kernel_isa = "armv6m",
    kernel_isa = "armv7m",
    kernel_isa = "armv7em",
    kernel_isa = "armv8_1m_mve"
)))]
mod plain;
#[cfg(any(kernel_isa = "armv6m", kernel_isa = "armv7m"))]
mod thumb;

#[cfg(kernel_isa = "armv7em")]
use dsp as own;
#[cfg(kernel_isa = "armv8_1m_mve")]
use helium as own;
#[cfg(not(any(
    kernel_isa = "armv6m",
    kernel_isa = "armv7m",
    kernel_isa = "armv7em",
    kernel_isa = "armv8_1m_mve"
)))]
use plain as own;
#[cfg(any(kernel_isa = "armv6m", kernel_isa = "armv7m"))]
use thumb as own;

use own::WORD;
pub(super) use own::{Outputs, Sums, copy, lanes, rows};

/// Elements that are read beyond taps laid side by side, and beyond weights, at most: words are read.
pub const PADDING: usize = 3;

/// Elements from the end of some to the end of the last that are read at once.
pub(super) const fn padding(elements: usize) -> usize {
    elements.wrapping_neg() & (WORD - 1)
}

/// How the taps of a pixel lie in memory: in rows, tap by tap.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Walk {
    /// Elements of a tap.
    channels: usize,
    /// Elements of a row.
    row: usize,
    /// Elements between two rows.
    skip: usize,
    /// Elements of all rows.
    taps: usize,
    /// Elements from the first to the last that is read.
    span: usize,
}

impl Walk {
    /// Rows of so many taps each that follow each other, where `word` elements follow each other in taps and weights. `None`
    /// where there is nothing to read.
    pub(super) fn new(channels: usize, [rows, columns]: [u8; 2], word: usize) -> Option<Self> {
        let row = channels.wrapping_mul(columns.into());
        let taps = row.wrapping_mul(rows.into());
        let span = taps.wrapping_add(padding(word));
        (taps > 0).then_some(Self { channels, row, skip: 0, taps, span })
    }

    /// The same, so many rows, in an image whose rows have `pitch` elements, 32767 at most: no row's place overflows.
    pub(super) fn in_rows(&self, rows: u8, pitch: usize) -> Self {
        let between = usize::from(rows).wrapping_sub(1).wrapping_mul(pitch);
        Self { skip: pitch.wrapping_sub(self.row), span: between.wrapping_add(self.row), ..*self }
    }
}
