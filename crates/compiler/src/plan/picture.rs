//! The arena over time, drawn with letters: addresses downwards, steps to the right.

use super::{Layout, Part, PlannedBuffer};

/// What stands for the buffers, in the order of [`buffers`]; those beyond the last begin again.
const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Nothing is alive here.
const FREE: char = '.';
/// How many columns a step of a short plan takes at most.
const WIDEST: usize = 5;

/// How large a picture may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Columns for steps.
    pub columns: usize,
    /// Rows for addresses.
    pub rows: usize,
}

/// The buffers of the arena in the order in which they come alive, with the letter that stands for each.
pub fn buffers(layout: &Layout) -> Vec<(char, &PlannedBuffer)> {
    let mut buffers: Vec<_> =
        layout.buffers.iter().filter(|buffer| !buffer.is_state && buffer.bytes > 0).collect();
    buffers.sort_by_key(|buffer| (buffer.lifetime.first, buffer.offset));
    buffers
        .into_iter()
        .enumerate()
        .map(|(index, buffer)| (char::from(LETTERS[index % LETTERS.len()]), buffer))
        .collect()
}

/// Bytes of the arena that are alive at each instant: before the first step, at every step, after the last.
pub fn alive(layout: &Layout) -> Vec<usize> {
    let mut alive = vec![0; layout.steps.len() + 2];
    for part in buffers(layout).into_iter().flat_map(|(_, buffer)| &buffer.parts) {
        for lifetime in &part.alive {
            let at = alive.iter_mut().take(lifetime.last + 1).skip(lifetime.first);
            at.for_each(|bytes| *bytes += part.bytes);
        }
    }
    alive
}

/// Draws the arena. A letter stands where most of a cell's bytes and steps are one buffer's; `^` below marks the steps
/// at which the most bytes are alive.
pub fn picture(layout: &Layout, extent: Extent) -> String {
    let alive = alive(layout);
    let instants = alive.len();
    let per_column = instants.div_ceil(extent.columns.max(1)).max(1);
    let columns = instants.div_ceil(per_column);
    let width = (extent.columns / columns.max(1)).clamp(1, WIDEST);
    let per_row = layout.arena_bytes.div_ceil(extent.rows.max(1)).max(1);
    let rows = layout.arena_bytes.div_ceil(per_row);
    let buffers = buffers(layout);

    let mut text = format!("{:>9} {}\n", "step", ruler((columns, width), per_column, layout.steps.len()));
    for row in 0..rows {
        text += &format!("{:>9} ", row * per_row);
        for column in 0..columns {
            let cell = (row * per_row, (row + 1) * per_row);
            let span = (column * per_column, (column + 1) * per_column);
            let share = |buffer: &PlannedBuffer| -> usize {
                let of = |part: &Part| {
                    let begin = buffer.offset + part.offset;
                    let alive = part.alive.iter().map(|alive| overlap((alive.first, alive.last + 1), span));
                    overlap((begin, begin + part.bytes), cell) * alive.sum::<usize>()
                };
                buffer.parts.iter().map(of).sum()
            };
            let most =
                buffers.iter().map(|&(letter, buffer)| (share(buffer), letter)).max_by_key(|&(n, _)| n);
            let letter = most.filter(|&(share, _)| share > 0).map_or(FREE, |(_, letter)| letter);
            text.extend(std::iter::repeat_n(letter, width));
        }
        text.push('\n');
    }
    let peak = alive.iter().max().copied().unwrap_or(0);
    let marks =
        alive.chunks(per_column).map(|bytes| if bytes.contains(&peak) { "^" } else { " " }.repeat(width));
    text += &format!("{:>9} {}", "peak", marks.collect::<String>().trim_end());
    text.push('\n');
    text
}

/// The numbers of steps over their columns, where there is room; `<` is before the first step, `>` after the last.
fn ruler((columns, width): (usize, usize), per_column: usize, steps: usize) -> String {
    let mut ruler: Vec<char> = vec![' '; columns * width];
    let mut free_from = 0;
    let every = 5usize.div_ceil(width);
    for column in 0..columns {
        let instant = column * per_column;
        let label = match instant {
            0 => "<".to_owned(),
            _ if instant > steps => ">".to_owned(),
            _ if (column - 1).is_multiple_of(every) => (instant - 1).to_string(),
            _ => continue,
        };
        let at = column * width;
        if at >= free_from && at + label.len() <= ruler.len() {
            ruler.iter_mut().skip(at).zip(label.chars()).for_each(|(place, letter)| *place = letter);
            free_from = at + label.len() + usize::from(instant > 0);
        }
    }
    ruler.into_iter().collect::<String>().trim_end().to_owned()
}

fn overlap(a: (usize, usize), b: (usize, usize)) -> usize {
    a.1.min(b.1).saturating_sub(a.0.max(b.0))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::plan::Lifetime;

    fn layout() -> Layout {
        let buffer = |offset, bytes, first, last| PlannedBuffer {
            name: String::new(),
            offset,
            bytes,
            is_state: false,
            lifetime: Lifetime { first, last },
            parts: vec![Part { offset: 0, bytes, alive: vec![Lifetime { first, last }] }],
        };
        let step = crate::plan::PlannedStep {
            operator: engine::ops::Jump { to: 0 }.into(),
            operands: Vec::new(),
            layer: 0,
        };
        Layout {
            steps: vec![step; 3],
            setup: 0,
            inputs: Vec::new(),
            outputs: Vec::new(),
            weights: Vec::new(),
            arena_bytes: 40,
            arena_bound: 40,
            state_bytes: 0,
            overflow_bytes: 0,
            fills: Vec::new(),
            buffers: vec![buffer(0, 10, 0, 1), buffer(10, 30, 1, 2), buffer(0, 10, 2, 4)],
            places: HashMap::new(),
        }
    }

    #[test]
    fn addresses_run_down_and_steps_to_the_right() {
        let drawn = picture(&layout(), Extent { columns: 5, rows: 4 });
        let lines: Vec<_> = drawn.lines().map(str::trim_start).collect();
        assert_eq!(lines, ["step <0  >", "0 aaccc", "10 .bb..", "20 .bb..", "30 .bb..", "peak  ^^"]);
    }

    #[test]
    fn a_short_plan_is_drawn_wide() {
        let drawn = picture(&layout(), Extent { columns: 15, rows: 1 });
        let lines: Vec<_> = drawn.lines().map(str::trim_start).collect();
        assert_eq!(lines, ["step <  0     2  >", "0 aaabbbbbbcccccc", "peak    ^^^^^^"]);
    }

    #[test]
    fn a_long_plan_is_drawn_in_the_room_that_there_is() {
        let drawn = picture(&layout(), Extent { columns: 2, rows: 2 });
        assert_eq!(drawn.lines().count(), 4);
        assert!(drawn.lines().all(|line| line.len() <= 13), "{drawn}");
    }

    #[test]
    fn bytes_alive_are_those_of_the_buffers() {
        assert_eq!(alive(&layout()), [10, 40, 40, 10, 10]);
    }
}
