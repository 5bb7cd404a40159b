//! The steps of a plan as a tape, in the format of [`engine::tape`].

use engine::{Operand, ops::AnyOperator, tape::OPERAND_WORDS};

use super::source::expression;
use crate::plan::{Layout, PlannedStep};

/// The steps of a plan, and what it takes to read them.
pub(super) struct Tape {
    /// The kinds of steps as Rust expressions.
    pub kinds: Vec<String>,
    /// Words of a record.
    pub words: usize,
    /// What stands on the tape for each step, of those that run once and of a run.
    pub setup: Vec<Vec<u8>>,
    /// As `setup`.
    pub steps: Vec<Vec<u8>>,
}

impl Tape {
    /// Writes a plan's steps down; `None` when one may jump to another, or when there are more kinds than a byte tells
    /// apart.
    pub(super) fn of(layout: &Layout) -> Option<Self> {
        let jumps =
            |step: &PlannedStep| matches!(step.operator, AnyOperator::Jump(_) | AnyOperator::JumpUnless(_));
        if layout.steps.iter().any(jumps) {
            return None;
        }
        let words = layout.steps.iter().map(|step| record(step).len()).max().unwrap_or(0);
        let mut kinds = Vec::new();
        let (setup, steps) = layout.steps.split_at(layout.setup);
        let setup = changes(setup, words, &mut kinds)?;
        let steps = changes(steps, words, &mut kinds)?;
        Some(Self { kinds, words, setup, steps })
    }
}

/// What changes from step to step.
fn changes(steps: &[PlannedStep], words: usize, kinds: &mut Vec<String>) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    let mut last = vec![0; words];
    for step in steps {
        let kind = kind(step);
        let number = kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
            kinds.push(kind);
            kinds.len() - 1
        });
        let mut tape = vec![u8::try_from(number).ok()?];
        let record = record(step);
        for (at, last) in last.chunks_mut(8).enumerate() {
            // Words past the step's own keep what they hold.
            let changed: Vec<bool> = (at * 8..)
                .zip(&*last)
                .map(|(at, last)| record.get(at).is_some_and(|word| word != last))
                .collect();
            tape.push(changed.iter().rev().fold(0, |bits, &changed| bits << 1 | u8::from(changed)));
            for (index, word) in last.iter_mut().enumerate().filter(|(index, _)| changed[*index]) {
                *word = record[at * 8 + index];
                value(*word as i32, &mut tape);
            }
        }
        all.push(tape);
    }
    Some(all)
}

/// A step's words: operands, then parameters if they can be read from a tape.
fn record(step: &PlannedStep) -> Vec<u32> {
    let operands =
        step.operands.iter().flat_map(|operand| bytemuck::cast::<Operand, [u32; OPERAND_WORDS]>(*operand));
    let parameters = step.operator.plain_bytes().unwrap_or_default().chunks(size_of::<u32>()).map(|bytes| {
        let mut word = [0; size_of::<u32>()];
        word[..bytes.len()].copy_from_slice(bytes);
        u32::from_le_bytes(word)
    });
    operands.chain(parameters).collect()
}

fn kind(step: &PlannedStep) -> String {
    let operands = step.operands.len();
    match step.operator.plain_bytes() {
        Some(_) => format!("plain::<{}, {operands}>", step.operator.name()),
        None => {
            let operator = expression(&step.operator);
            format!("|record, memory| fixed::<_, {operands}>(&const {{ {operator} }}, record, memory)")
        }
    }
}

/// Seven bits to a byte, high ones first, without those that are all sign.
fn value(value: i32, tape: &mut Vec<u8>) {
    let fits = |bytes: u32| bytes == 5 || (value >> (7 * bytes - 1)) == value >> 31;
    let bytes = (1..=5).find(|&bytes| fits(bytes)).unwrap_or(5);
    for byte in (0..bytes).rev() {
        let more = if byte > 0 { 0x80 } else { 0 };
        tape.push((value >> (7 * byte)) as u8 & 0x7f | more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_values_take_one_byte_whatever_their_sign() {
        let written = |number| {
            let mut tape = Vec::new();
            value(number, &mut tape);
            tape
        };
        assert_eq!(written(0), [0]);
        assert_eq!(written(63), [63]);
        assert_eq!(written(-64), [0x40]);
        assert_eq!(written(64), [0x80, 0x40]);
        assert_eq!(written(-128), [0xff, 0]);
        assert_eq!(written(i32::MAX), [0x87, 0xff, 0xff, 0xff, 0x7f]);
        assert_eq!(written(i32::MIN), [0xf8, 0x80, 0x80, 0x80, 0]);
    }
}
