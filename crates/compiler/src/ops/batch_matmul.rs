//! BATCH_MATMUL.

use engine::ops::{BatchMatMulReal, BatchMatMulS8, BatchMatMulS16};
use kernels::reference::{BATCH_RANK, BatchMatMul, BatchMatMulF32, FactorSteps, MatMulShape};
use quant::{ZeroPoint, product_ratio};
use tflite::{BuiltinOp, DType, Options};

use super::{Lowering, NodeView, Rule, Support, convolution};
use crate::{graph::Tensor, refusal::Reject};

/// The row of BATCH_MATMUL.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::BatchMatMul,
    custom: None,
    versions: (1, 4),
    types: &["int8, int8 -> int8", "int16, int16 -> int16", "float32, float32 -> float32"],
    rules: &[convolution::OPTIONS, SHAPES, QUANTISED, convolution::INT16_ZEROS],
    lower: batch_matmul,
}];

const SHAPES: Rule = Rule {
    requires: "its inputs have 2 to 5 dimensions, batch dimensions that are equal or 1, as many columns as rows in \
               between, and the output's shape follows from them",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| shape(view).is_some(),
};

const QUANTISED: Rule = Rule {
    requires: "integer inputs and outputs are quantised with one scale each",
    advice: "convert the model with full integer quantisation, per tensor for matrix products",
    holds: |view| {
        [view.input(0), view.input(1), view.output(0)].into_iter().all(|tensor| {
            tensor.is_some_and(|tensor| tensor.dtype == DType::Float32) || NodeView::is_per_tensor(tensor)
        })
    },
};

/// The matrices of one factor: batch dimensions, padded with 1, then lines and depth with their steps.
struct Factor {
    batch: [usize; BATCH_RANK],
    lines: usize,
    depth: usize,
    line_step: usize,
    depth_step: usize,
}

impl Factor {
    /// `depth_is_last` when elements of a line lie side by side.
    fn of(tensor: &Tensor, depth_is_last: bool) -> Option<Self> {
        let (&last, rest) = tensor.shape.split_last()?;
        let (&before, outer) = rest.split_last()?;
        let mut batch = [1; BATCH_RANK];
        let from = BATCH_RANK.checked_sub(outer.len())?;
        batch[from..].copy_from_slice(outer);
        Some(if depth_is_last {
            Self { batch, lines: before, depth: last, line_step: last, depth_step: 1 }
        } else {
            Self { batch, lines: last, depth: before, line_step: 1, depth_step: last }
        })
    }

    fn steps(&self) -> FactorSteps {
        let mut step = self.lines * self.depth;
        let mut batch = [0; BATCH_RANK];
        for (to, &size) in batch.iter_mut().zip(&self.batch).rev() {
            *to = if size == 1 { 0 } else { step as u32 };
            step *= size;
        }
        FactorSteps { batch, line: self.line_step as u32, depth: self.depth_step as u32 }
    }
}

fn shape(view: &NodeView<'_>) -> Option<MatMulShape> {
    let (adj_x, adj_y) = match view.node.options {
        Options::BatchMatMul { adj_x, adj_y, .. } => (adj_x, adj_y),
        _ => (false, false),
    };
    let (left, right) = (view.input(0)?, view.input(1)?);
    let rank = left.shape.len().max(right.shape.len());
    let (left, right) = (Factor::of(left, !adj_x)?, Factor::of(right, adj_y)?);
    let mut batch = [1; BATCH_RANK];
    for (to, (&l, &r)) in batch.iter_mut().zip(left.batch.iter().zip(&right.batch)) {
        *to = match (l, r) {
            (l, 1) => l,
            (1, r) => r,
            (l, r) if l == r => l,
            _ => return None,
        };
    }
    let mut expected = batch.get(BATCH_RANK + 2 - rank..)?.to_vec();
    expected.extend([left.lines, right.lines]);
    (left.depth == right.depth && view.output(0)?.shape == expected).then(|| MatMulShape {
        batch: batch.map(|size| size as u32),
        rows: left.lines as u32,
        columns: right.lines as u32,
        depth: left.depth as u32,
        left: left.steps(),
        right: right.steps(),
    })
}

fn batch_matmul(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (left, right, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let shape = shape(view).ok_or_else(|| Reject::malformed("its shapes do not fit together"))?;
    let to = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let operands = [cx.slot(to), cx.optional(view.input_id(0)), cx.optional(view.input_id(1))];
    if left.dtype == DType::Float32 {
        cx.push(BatchMatMulReal(BatchMatMulF32 { shape }), &operands);
        return Ok(());
    }
    let scale = product_ratio(left.scale(), right.scale(), output.scale())
        .ok_or_else(|| Reject::malformed("its scales give a factor that cannot be represented"))?;
    let matmul = BatchMatMul {
        shape,
        left_zero: ZeroPoint(left.zero()),
        right_zero: ZeroPoint(right.zero()),
        output_zero: ZeroPoint(output.zero()),
        scale,
    };
    if left.dtype == DType::Int16 {
        cx.push(BatchMatMulS16(matmul), &operands);
    } else {
        cx.push(BatchMatMulS8(matmul), &operands);
    }
    Ok(())
}
