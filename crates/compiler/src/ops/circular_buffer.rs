//! The custom operator CIRCULAR_BUFFER of streaming models.

use engine::ops::CircularBuffer;
use tflite::BuiltinOp;

use super::{Lowering, NodeView, Rule, Slot, Support};
use crate::refusal::Reject;

/// The operator's name in a model.
pub const NAME: &str = "CIRCULAR_BUFFER";

/// The row of this operator.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::Custom,
    custom: Some(NAME),
    versions: (1, 1),
    types: &["int8 -> int8"],
    rules: &[SHAPES, SAME_QUANTISATION],
    lower: circular_buffer,
}];

const SHAPES: Rule = Rule {
    requires: "the input is [n, 1, h, c] and the output [n, slots, h, c]",
    advice: "give the operator one slot at a time",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => match (&input.shape[..], &output.shape[..]) {
            (&[n, 1, h, c], &[batch, slots, height, channels]) => {
                (n, h, c) == (batch, height, channels) && n == 1 && slots > 0 && h * c > 0
            }
            _ => false,
        },
        _ => false,
    },
};

const SAME_QUANTISATION: Rule = Rule {
    requires: "input and output have the same scale and zero point",
    advice: "put a QUANTIZE before it",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => input.quant == output.quant,
        _ => false,
    },
};

fn circular_buffer(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let output = view.need_output(0)?;
    // Without the option TFLM guesses from the shapes of the two streaming models it knows.
    let guessed = || if matches!(output.shape.get(1), Some(5 | 13 | 25)) { 1 } else { 2 };
    let period = cycles_max(&view.node.custom_options).filter(|&cycles| cycles > 0).unwrap_or_else(guessed);
    let bytes = output.bytes();
    let slots = cx.buffer(&output.name, bytes, 4, true);
    cx.buffers[slots].fill = vec![output.zero() as u8];
    let counter = cx.buffer(&format!("runs ended at '{}'", output.name), 4, 4, true);
    let slots = Slot::Buffer { id: slots, offset: 0, bytes };
    cx.place(to, slots);
    let newest = cx.slot(from);
    cx.push(CircularBuffer { period }, &[slots, Slot::Buffer { id: counter, offset: 0, bytes: 4 }, newest]);
    Ok(())
}

/// The option `cycles_max`: the first element of the flexbuffer map or vector that custom options are.
///
/// A flexbuffer ends with its root, the root's packed type and the root's width; the root of a map is the distance
/// back to its elements, whose width is in the low two bits of the packed type.
fn cycles_max(options: &[u8]) -> Option<u32> {
    let (&[packed, width], head) = options.split_last_chunk::<2>().map(|(head, tail)| (tail, head))?;
    let root = head.len().checked_sub(width.into())?;
    let elements = root.checked_sub(usize::try_from(unsigned(head.get(root..)?)?).ok()?)?;
    let element = head.get(elements..)?.get(..1 << (packed & 3))?;
    u32::try_from(unsigned(element)?).ok()
}

/// A little-endian number of up to eight bytes.
fn unsigned(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 8 {
        return None;
    }
    Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_read_from_a_flexbuffer() {
        // The map {"cycles_max": 3}: key, key vector, its length and width, length, value, type, root.
        let map = [b"cycles_max\0".as_slice(), &[1, 11, 1, 1, 1, 3, 4, 2, 36, 1]].concat();
        assert_eq!(cycles_max(&map), Some(3));
        for cut in 0..map.len() {
            let _ = cycles_max(&map[..cut]);
        }
        assert_eq!(cycles_max(&[]), None);
        assert_eq!(cycles_max(&[255, 36, 1]), None);
    }
}
