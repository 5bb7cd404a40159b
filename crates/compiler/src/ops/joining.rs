//! CONCATENATION, PACK, SPLIT, SPLIT_V and UNPACK: one copy per part.

use tflite::{Activation, BuiltinOp, Options};

use super::{
    Lowering, NodeView, Rule, Support,
    strided::{Walk, axis, constants, element_bytes, expect_shape, moved, push_copy},
};
use crate::refusal::Reject;

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Concatenation,
        custom: None,
        versions: (1, 4),
        types: &[
            "int8* -> int8",
            "uint8* -> uint8",
            "int16* -> int16",
            "int32* -> int32",
            "int64* -> int64",
            "float32* -> float32",
            "bool* -> bool",
            "uint32* -> uint32",
        ],
        rules: &[SAME_QUANTISATION, NO_ACTIVATION],
        lower: concatenation,
    },
    Support {
        op: BuiltinOp::Pack,
        custom: None,
        versions: (1, 4),
        types: &[
            "int8* -> int8",
            "uint8* -> uint8",
            "int16* -> int16",
            "int32* -> int32",
            "int64* -> int64",
            "float32* -> float32",
            "bool* -> bool",
            "uint32* -> uint32",
        ],
        rules: &[],
        lower: pack,
    },
    Support {
        op: BuiltinOp::Split,
        custom: None,
        versions: (1, 4),
        types: moved![("int32, ", " -> ", "*")],
        rules: &[],
        lower: split,
    },
    Support {
        op: BuiltinOp::SplitV,
        custom: None,
        versions: (1, 2),
        types: moved![("", ", int32, int32 -> ", "*"), ("", ", int64, int32 -> ", "*")],
        rules: &[],
        lower: split_v,
    },
    Support {
        op: BuiltinOp::Unpack,
        custom: None,
        versions: (1, 4),
        types: moved![("", " -> ", "*")],
        rules: &[],
        lower: unpack,
    },
];

const SAME_QUANTISATION: Rule = Rule {
    requires: "all inputs have the output's scale and zero point",
    advice: "put a QUANTIZE in front of the inputs that differ",
    holds: |view| {
        let Some(output) = view.output(0) else { return false };
        let quantised =
            matches!(output.dtype, tflite::DType::Int8 | tflite::DType::Uint8 | tflite::DType::Int16);
        let key = |tensor: &crate::graph::Tensor| (tensor.scale(), tensor.zero());
        let mut inputs = (0..view.node.inputs.len()).filter_map(|index| view.input(index));
        !quantised || inputs.all(|input| key(input) == key(output))
    },
};

const NO_ACTIVATION: Rule = Rule {
    requires: "no activation is fused into it",
    advice: "put the activation after it as an operator of its own",
    holds: |view| match &view.node.options {
        Options::Concatenation { activation, .. } => *activation == Activation::None,
        _ => true,
    },
};

/// A part of an array along one axis: `outer` blocks of `part` elements each, out of `whole`.
#[derive(Clone, Copy)]
struct Part {
    outer: usize,
    whole: usize,
    begin: usize,
    part: usize,
}

impl Part {
    /// From the part alone to its place in the whole.
    fn into_whole(self) -> Walk {
        let mut walk = Walk { from: 0, to: self.begin as i64, dims: Vec::new() };
        walk.dim(self.outer, self.part as i64, self.whole as i64);
        walk.dim(self.part, 1, 1);
        walk
    }

    /// From its place in the whole to the part alone.
    fn out_of_whole(self) -> Walk {
        let mut walk = Walk { from: self.begin as i64, to: 0, dims: Vec::new() };
        walk.dim(self.outer, self.whole as i64, self.part as i64);
        walk.dim(self.part, 1, 1);
        walk
    }
}

fn missing_options() -> Reject {
    Reject::malformed("its options are missing")
}

fn concatenation(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Concatenation { axis: along, .. } = &view.node.options else {
        return Err(missing_options());
    };
    let output = view.need_output(0)?;
    let along = axis(along.into(), view.need_input(0)?.shape.len())?;
    let mut expected = view.need_input(0)?.shape.clone();
    expected[along] = 0;
    for index in 0..view.node.inputs.len() {
        let input = view.need_input(index)?;
        let same = |(axis, size): (usize, &usize)| axis == along || input.shape.get(axis) == Some(size);
        if input.shape.len() != expected.len() || !expected.iter().enumerate().all(same) {
            return Err(Reject::new(
                format!(
                    "input {index} has the shape {:?}, which cannot be joined along axis {along}",
                    input.shape
                ),
                "convert the model again; only the size along the axis may differ",
            ));
        }
        expected[along] = expected[along].saturating_add(input.shape[along]);
    }
    expect_shape(output, &expected)?;
    join(cx, view, along)
}

fn pack(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Pack { axis: along, values_count } = &view.node.options else {
        return Err(missing_options());
    };
    let first = view.need_input(0)?;
    let along = axis(along.into(), first.shape.len() + 1)?;
    if usize::try_from(values_count) != Ok(view.node.inputs.len()) {
        return Err(Reject::malformed(format!(
            "it says {values_count} inputs and has {}",
            view.node.inputs.len()
        )));
    }
    for index in 0..view.node.inputs.len() {
        if view.need_input(index)?.shape != first.shape {
            return Err(Reject::malformed("its inputs differ in shape"));
        }
    }
    let mut expected = first.shape.clone();
    expected.insert(along, view.node.inputs.len());
    expect_shape(view.need_output(0)?, &expected)?;
    join(cx, view, along)
}

/// Copies every input to its place along an axis of the output.
fn join(cx: &mut Lowering<'_>, view: &NodeView<'_>, along: usize) -> Result<(), Reject> {
    let output = view.need_output(0)?;
    let bytes = element_bytes(output)?;
    let outer: usize = output.shape[..along].iter().product();
    let whole: usize = output.shape[along..].iter().product();
    let to = view.output_id(0).map(|id| cx.slot(id)).ok_or_else(missing_options)?;
    let mut begin = 0;
    for &id in view.node.inputs.iter().flatten() {
        let part = cx.tensor(id).elements().checked_div(outer).unwrap_or(0);
        let from = cx.slot(id);
        push_copy(cx, &Part { outer, whole, begin, part }.into_whole(), bytes, [to, from])?;
        begin += part;
    }
    Ok(())
}

fn split(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Split { num_splits } = &view.node.options else { return Err(missing_options()) };
    let input = view.need_input(1)?;
    let &[along] = &constants(view, 0)?[..] else {
        return Err(Reject::malformed("its axis is not one number"));
    };
    let along = axis(along, input.shape.len())?;
    let count = view.node.outputs.len();
    if usize::try_from(num_splits) != Ok(count) || count == 0 {
        return Err(Reject::malformed(format!("it says {num_splits} outputs and has {count}")));
    }
    let length = input.shape[along];
    if !length.is_multiple_of(count) {
        return Err(Reject::new(
            format!("{length} elements cannot be split evenly in {count}"),
            "use SPLIT_V for parts of different sizes",
        ));
    }
    divide(cx, view, 1, along, &vec![length / count; count])
}

fn split_v(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let input = view.need_input(0)?;
    let &[along] = &constants(view, 2)?[..] else {
        return Err(Reject::malformed("its axis is not one number"));
    };
    let along = axis(along, input.shape.len())?;
    let sizes = constants(view, 1)?;
    let length = input.shape[along] as i64;
    let known = sizes.iter().filter(|&&size| size >= 0).fold(0i64, |sum, &size| sum.saturating_add(size));
    let open = sizes.iter().filter(|&&size| size == -1).count();
    let negative = sizes.iter().any(|&size| size < -1);
    let complete = if open == 1 { known <= length } else { known == length };
    if negative || open > 1 || !complete || sizes.len() != view.node.outputs.len() {
        return Err(Reject::new(
            format!(
                "its sizes {sizes:?} do not make up {length} elements in {} outputs",
                view.node.outputs.len()
            ),
            "convert the model again; the sizes must add up, with at most one left open (-1)",
        ));
    }
    let size = |&size: &i64| if size == -1 { length - known } else { size } as usize;
    divide(cx, view, 0, along, &sizes.iter().map(size).collect::<Vec<_>>())
}

/// Copies consecutive parts of an input along an axis to the outputs.
fn divide(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    input: usize,
    along: usize,
    sizes: &[usize],
) -> Result<(), Reject> {
    let shape = &view.need_input(input)?.shape;
    for (index, &size) in sizes.iter().enumerate() {
        let mut expected = shape.clone();
        expected[along] = size;
        expect_shape(view.need_output(index)?, &expected)?;
    }
    let inner: usize = shape[along + 1..].iter().product();
    parts(cx, view, input, along, &sizes.iter().map(|size| size * inner).collect::<Vec<_>>())
}

fn unpack(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Unpack { num, axis: along } = &view.node.options else { return Err(missing_options()) };
    let shape = &view.need_input(0)?.shape;
    let along = axis(along.into(), shape.len())?;
    let count = view.node.outputs.len();
    if usize::try_from(num) != Ok(count) || shape[along] != count {
        return Err(Reject::malformed(format!(
            "it says {num} outputs and has {count}, for an axis of {}",
            shape[along]
        )));
    }
    let mut expected = shape.clone();
    expected.remove(along);
    for index in 0..count {
        expect_shape(view.need_output(index)?, &expected)?;
    }
    let inner: usize = shape[along + 1..].iter().product();
    parts(cx, view, 0, along, &vec![inner; count])
}

/// Copies consecutive parts, of so many elements of each block from `along` on, to the outputs.
fn parts(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    input: usize,
    along: usize,
    sizes: &[usize],
) -> Result<(), Reject> {
    let tensor = view.need_input(input)?;
    let bytes = element_bytes(tensor)?;
    let outer: usize = tensor.shape[..along].iter().product();
    let whole: usize = tensor.shape[along..].iter().product();
    let from = view.input_id(input).map(|id| cx.slot(id)).ok_or_else(missing_options)?;
    let mut begin = 0;
    for (&id, &part) in view.node.outputs.iter().zip(sizes) {
        let to = cx.slot(id);
        push_copy(cx, &Part { outer, whole, begin, part }.out_of_whole(), bytes, [to, from])?;
        begin += part;
    }
    Ok(())
}
