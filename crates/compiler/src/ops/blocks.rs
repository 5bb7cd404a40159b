//! DEPTH_TO_SPACE, SPACE_TO_DEPTH, SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: pixels to channels or images, and back.

use tflite::{BuiltinOp, DType, Options};

use super::{
    Lowering, NodeView, Support,
    strided::{
        Walk, constants, element_bytes, expect_shape, lower_walk, moved, push_copy, push_fill, strides,
    },
};
use crate::refusal::Reject;

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::DepthToSpace,
        custom: None,
        versions: (1, 2),
        types: moved![("", " -> ", "")],
        rules: &[],
        lower: |cx, view| lower_walk(cx, view, 0, &depth_to_space(view)?),
    },
    Support {
        op: BuiltinOp::SpaceToDepth,
        custom: None,
        versions: (1, 2),
        types: moved![("", " -> ", "")],
        rules: &[],
        lower: |cx, view| lower_walk(cx, view, 0, &space_to_depth(view)?),
    },
    Support {
        op: BuiltinOp::SpaceToBatchNd,
        custom: None,
        versions: (1, 4),
        types: moved![("", ", int32, int32 -> ", "")],
        rules: &[],
        lower: space_to_batch,
    },
    Support {
        op: BuiltinOp::BatchToSpaceNd,
        custom: None,
        versions: (1, 4),
        types: moved![("", ", int32, int32 -> ", "")],
        rules: &[],
        lower: batch_to_space,
    },
];

/// The side of a block, of which one dimension must be a multiple.
fn side(block: i32) -> Result<usize, Reject> {
    usize::try_from(block)
        .ok()
        .filter(|&block| (1..1 << 15).contains(&block))
        .ok_or_else(|| Reject::malformed(format!("a block of side {block}")))
}

/// The walk between `[n, h, w, b·b·c]` and `[n, h·b, w·b, c]`, from the first to the second.
fn unfold(deep: &[usize], block: usize) -> Result<(Walk, Vec<usize>), Reject> {
    let &[n, h, w, depth] = deep else {
        return Err(Reject::malformed("input and output must have four dimensions"));
    };
    let c = depth / (block * block);
    let wide = vec![n, h * block, w * block, c];
    let (from, to) = (strides(deep), strides(&wide));
    let (b, c_in) = (block as i64, c as i64);
    let mut walk = Walk::default();
    walk.dim(n, from[0], to[0]);
    walk.dim(h, from[1], to[1] * b);
    walk.dim(block, c_in * b, to[1]);
    walk.dim(w, from[2], to[2] * b);
    walk.dim(block, c_in, to[2]);
    walk.dim(c, 1, 1);
    Ok((walk, wide))
}

fn depth_to_space(view: &NodeView<'_>) -> Result<Walk, Reject> {
    let &Options::DepthToSpace { block_size } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, block) = (view.need_input(0)?, side(block_size)?);
    if !input.shape.last().is_some_and(|depth| depth.is_multiple_of(block * block)) {
        return Err(Reject::malformed(format!(
            "{:?} has no whole blocks of {block} by {block} channels",
            input.shape
        )));
    }
    let (walk, wide) = unfold(&input.shape, block)?;
    expect_shape(view.need_output(0)?, &wide)?;
    Ok(walk)
}

fn space_to_depth(view: &NodeView<'_>) -> Result<Walk, Reject> {
    let &Options::SpaceToDepth { block_size } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, block) = (view.need_input(0)?, side(block_size)?);
    let &[n, h, w, c] = &input.shape[..] else {
        return Err(Reject::malformed("input and output must have four dimensions"));
    };
    if !h.is_multiple_of(block) || !w.is_multiple_of(block) {
        return Err(Reject::new(
            format!("{h} by {w} pixels are not whole blocks of {block} by {block}"),
            "pad the image to a multiple of the block first",
        ));
    }
    let deep = [n, h / block, w / block, c * block * block];
    expect_shape(view.need_output(0)?, &deep)?;
    let (mut walk, _) = unfold(&deep, block)?;
    for dim in &mut walk.dims {
        (dim.from, dim.to) = (dim.to, dim.from);
    }
    Ok(walk)
}

/// One axis that is cut into blocks: pixel `at · block + phase − before` is at `at` of the image `phase`.
#[derive(Clone, Copy)]
struct Axis {
    /// Pixels of the uncut side.
    pixels: usize,
    block: usize,
    before: usize,
    after: usize,
    /// Pixels of each image of the cut side.
    cut: usize,
}

impl Axis {
    /// The first place of an image that is a pixel of the uncut side, how many there are, and that pixel.
    fn overlap(&self, phase: usize) -> (usize, usize, usize) {
        let first = self.before.saturating_sub(phase).div_ceil(self.block);
        let end = (self.pixels + self.before).saturating_sub(phase).div_ceil(self.block).min(self.cut);
        let pixel = first * self.block + phase;
        (first, end.saturating_sub(first), pixel.saturating_sub(self.before))
    }
}

/// The axes of SPACE_TO_BATCH_ND or BATCH_TO_SPACE_ND; `uncut` is the shape before cutting.
fn axes(view: &NodeView<'_>, uncut: &[usize], cut: &[usize]) -> Result<Vec<Axis>, Reject> {
    let (blocks, borders) = (constants(view, 1)?, constants(view, 2)?);
    let spatial = blocks.len();
    if uncut.len() != cut.len() || uncut.len() < spatial + 1 || borders.len() != 2 * spatial || spatial == 0 {
        return Err(Reject::malformed(format!(
            "{spatial} blocks and {} borders do not fit shapes {uncut:?} and {cut:?}",
            borders.len()
        )));
    }
    let border = |value: i64| {
        u32::try_from(value)
            .map(|value| value as usize)
            .map_err(|_| Reject::malformed(format!("a border of {value}")))
    };
    let mut axes = Vec::with_capacity(spatial);
    for (index, &block) in blocks.iter().enumerate() {
        let axis = Axis {
            pixels: uncut[index + 1],
            block: side(i32::try_from(block).unwrap_or(0))?,
            before: border(borders[2 * index])?,
            after: border(borders[2 * index + 1])?,
            cut: cut[index + 1],
        };
        if axis.cut * axis.block != axis.pixels + axis.before + axis.after {
            return Err(Reject::malformed(format!(
                "{} pixels with borders of {} and {} are not {} blocks of {block}",
                axis.pixels, axis.before, axis.after, axis.cut
            )));
        }
        axes.push(axis);
    }
    let images: usize = axes.iter().map(|axis| axis.block).product();
    let rest = spatial + 1..;
    if cut[0] != uncut[0] * images || cut[rest.clone()] != uncut[rest] {
        return Err(Reject::malformed(format!("{uncut:?} does not become {cut:?}")));
    }
    Ok(axes)
}

/// One walk per combination of phases, from the uncut to the cut side.
fn cuts(uncut: &[usize], cut: &[usize], axes: &[Axis]) -> Vec<Walk> {
    let (whole, parts) = (strides(uncut), strides(cut));
    let images: usize = axes.iter().map(|axis| axis.block).product();
    (0..images)
        .map(|image| {
            let mut walk = Walk { from: 0, to: (image * uncut[0]) as i64 * parts[0], dims: Vec::new() };
            walk.dim(uncut[0], whole[0], parts[0]);
            let mut rest = images;
            for (index, axis) in axes.iter().enumerate() {
                rest /= axis.block;
                let (first, count, pixel) = axis.overlap(image / rest % axis.block);
                walk.from += pixel as i64 * whole[index + 1];
                walk.to += first as i64 * parts[index + 1];
                walk.dim(count, whole[index + 1] * axis.block as i64, parts[index + 1]);
            }
            for index in axes.len() + 1..uncut.len() {
                walk.dim(uncut[index], whole[index], parts[index]);
            }
            walk
        })
        .collect()
}

fn space_to_batch(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let axes = axes(view, &input.shape, &output.shape)?;
    let bytes = element_bytes(input)?;
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let slots = [cx.slot(to), cx.slot(from)];
    if axes.iter().any(|axis| axis.before + axis.after > 0) {
        // A border stands for real 0: the zero point.
        let zero = match output.dtype {
            DType::Int8 | DType::Uint8 => vec![output.zero() as u8],
            DType::Int16 => (output.zero() as i16).to_le_bytes().to_vec(),
            _ => vec![0; bytes],
        };
        push_fill(cx, &zero, slots[0]);
    }
    for walk in cuts(&input.shape, &output.shape, &axes) {
        push_copy(cx, &walk, bytes, slots)?;
    }
    Ok(())
}

fn batch_to_space(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let axes = axes(view, &output.shape, &input.shape)?;
    let bytes = element_bytes(input)?;
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let slots = [cx.slot(to), cx.slot(from)];
    for mut walk in cuts(&output.shape, &input.shape, &axes) {
        (walk.from, walk.to) = (walk.to, walk.from);
        for dim in &mut walk.dims {
            (dim.from, dim.to) = (dim.to, dim.from);
        }
        push_copy(cx, &walk, bytes, slots)?;
    }
    Ok(())
}
