use engine::Program;

use super::{Board, Network, ROW_BYTES, THRESHOLD};

/// The streaming wake word: rows of sound push through the network's input, and each gives a first output.
#[derive(Debug, Default)]
pub(super) struct Listening {
    is_on: bool,
    /// Rows since the start.
    rows: usize,
}

impl Listening {
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// From nothing heard: an input of zeros, which no word gives.
    pub(super) fn begin<P: Program>(&mut self, network: &mut Network<'_, '_, P>, input: &mut [u8]) {
        *self = Self { is_on: true, rows: 0 };
        network.load(&[], &mut []);
        input.fill(0);
    }

    /// Whether it was on.
    pub(super) fn end(&mut self) -> bool {
        core::mem::take(&mut self.is_on)
    }

    /// Takes a row, where there is one, and has the network run. The first row is told as if it were the word, so that
    /// whoever watches knows when it came.
    pub(super) fn hear<P: Program>(
        &mut self,
        board: &mut impl Board,
        network: &mut Network<'_, '_, P>,
        input: &mut [u8],
        kept: &mut [u8],
    ) {
        if !self.is_on {
            return;
        }
        let Some(row) = board.hear() else { return };
        push(input, &row);
        let ran = network.infer(input, &[]);
        let Some(activation) = network.first_output().filter(|_| ran) else { return };
        if let Some(place) = kept.get_mut(self.rows) {
            *place = activation.cast_unsigned();
        }
        board.heard(activation, activation > THRESHOLD || self.rows == 0);
        self.rows = self.rows.saturating_add(1);
    }

    /// The first outputs since the start, as many as there was room for.
    pub(super) fn activations(&self, kept: &[u8]) -> impl Iterator<Item = i8> {
        kept.iter().take(self.rows).map(|byte| byte.cast_signed())
    }
}

/// The oldest row goes, the newest comes last.
fn push(input: &mut [u8], row: &[u8; ROW_BYTES]) {
    let cells = core::cell::Cell::from_mut(input).as_slice_of_cells();
    for (older, newer) in cells.iter().zip(cells.iter().skip(ROW_BYTES)) {
        older.set(newer.get());
    }
    for (cell, byte) in cells.iter().skip(cells.len().saturating_sub(ROW_BYTES)).zip(row) {
        cell.set(*byte);
    }
}
