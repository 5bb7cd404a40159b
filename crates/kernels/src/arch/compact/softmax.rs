//! SOFTMAX.

use quant::ExpSum;

use super::CompactBuffers;
use crate::{blocks::Blocks as _, reference::Softmax};

/// As [`reference::softmax_s8`](crate::reference::softmax_s8).
///
/// `None` where the input has fewer rows than the output.
pub fn softmax_s8(softmax: &Softmax, buffers: CompactBuffers<'_>) -> Option<()> {
    let depth = softmax.depth as usize;
    let mut rows = buffers.input.blocks(depth);
    for output in buffers.output.blocks_mut(depth) {
        let row = rows.next()?;
        let most = row.iter().fold(i8::MIN, |most, &q| most.max(q));
        let exp = |q: i8| softmax.input.exp(i32::from(q) - i32::from(most));
        let sum = row.iter().fold(ExpSum::ZERO, |sum, &q| exp(q).map_or(sum, |exp| sum.plus(exp)));
        let scale = sum.reciprocal();
        for (out, &q) in output.iter_mut().zip(row) {
            *out = exp(q).map_or(i8::MIN, |exp| scale.to_i8(exp));
        }
    }
    Some(())
}
