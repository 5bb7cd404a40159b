//! TRANSPOSE, SLICE, STRIDED_SLICE and REVERSE_V2: one copy that reads in another order.

use tflite::{BuiltinOp, Options};

use super::{
    Lowering, NodeView, Support,
    strided::{Walk, axes, axis, constants, expect_shape, lower_walk, moved, strides},
};
use crate::refusal::Reject;

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Transpose,
        custom: None,
        versions: (1, 6),
        types: moved![("", ", int32 -> ", "")],
        rules: &[],
        lower: |cx, view| lower_walk(cx, view, 0, &transpose(view)?),
    },
    Support {
        op: BuiltinOp::Slice,
        custom: None,
        versions: (1, 6),
        types: moved![("", ", int32, int32 -> ", ""), ("", ", int64, int64 -> ", "")],
        rules: &[],
        lower: |cx, view| lower_walk(cx, view, 0, &slice(view)?),
    },
    Support {
        op: BuiltinOp::StridedSlice,
        custom: None,
        versions: (1, 8),
        types: moved![("", ", int32, int32, int32 -> ", ""), ("", ", int64, int64, int64 -> ", "")],
        rules: &[],
        lower: |cx, view| lower_walk(cx, view, 0, &strided_slice(view)?),
    },
    Support {
        op: BuiltinOp::ReverseV2,
        custom: None,
        versions: (1, 3),
        types: moved![("", ", int32 -> ", "")],
        rules: &[],
        lower: |cx: &mut Lowering<'_>, view| lower_walk(cx, view, 0, &reverse(view)?),
    },
];

fn transpose(view: &NodeView<'_>) -> Result<Walk, Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let rank = input.shape.len();
    let order = constants(view, 1)?.into_iter().map(|it| axis(it, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err(Reject::new(
            format!("its order {order:?} does not name each of {rank} axes once"),
            "convert the model again; the order must be a permutation of the axes",
        ));
    }
    let shape: Vec<usize> = order.iter().map(|&from| input.shape[from]).collect();
    expect_shape(output, &shape)?;
    let (from, to) = (strides(&input.shape), strides(&shape));
    let mut walk = Walk::default();
    for (axis, &source) in order.iter().enumerate() {
        walk.dim(shape[axis], from[source], to[axis]);
    }
    Ok(walk)
}

fn slice(view: &NodeView<'_>) -> Result<Walk, Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let (begin, size) = (constants(view, 1)?, constants(view, 2)?);
    let rank = input.shape.len();
    if begin.len() != rank || size.len() != rank {
        return Err(Reject::new(
            format!("it gives {} begins and {} sizes for {rank} dimensions", begin.len(), size.len()),
            "convert the model again; each dimension needs one of both",
        ));
    }
    let mut shape = Vec::with_capacity(rank);
    let mut walk = Walk::default();
    let from = strides(&input.shape);
    for (axis, &length) in input.shape.iter().enumerate() {
        let length = length as i64;
        let size = if size[axis] == -1 { length.saturating_sub(begin[axis]) } else { size[axis] };
        if begin[axis] < 0 || size < 0 || begin[axis].saturating_add(size) > length {
            return Err(Reject::new(
                format!(
                    "elements {} to {} of axis {axis} leave its {length}",
                    begin[axis],
                    begin[axis].saturating_add(size)
                ),
                "convert the model again; the slice must lie inside its input",
            ));
        }
        shape.push(size as usize);
        walk.from += begin[axis] * from[axis];
    }
    expect_shape(output, &shape)?;
    for ((&count, from), to) in shape.iter().zip(from).zip(strides(&shape)) {
        walk.dim(count, from, to);
    }
    Ok(walk)
}

fn reverse(view: &NodeView<'_>) -> Result<Walk, Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let reversed = axes(view, 1, input.shape.len())?;
    expect_shape(output, &input.shape)?;
    let mut walk = Walk::default();
    for (axis, (&count, stride)) in input.shape.iter().zip(strides(&input.shape)).enumerate() {
        let is_reversed = reversed.contains(&axis);
        if is_reversed && count > 0 {
            walk.from += stride * (count as i64 - 1);
        }
        walk.dim(count, if is_reversed { -stride } else { stride }, stride);
    }
    Ok(walk)
}

/// One entry of a STRIDED_SLICE: an axis of the input, an inserted one, or all that no entry names.
struct Entries {
    begin: Vec<i64>,
    end: Vec<i64>,
    stride: Vec<i64>,
}

fn strided_slice(view: &NodeView<'_>) -> Result<Walk, Reject> {
    let &Options::StridedSlice {
        begin_mask,
        end_mask,
        ellipsis_mask,
        new_axis_mask,
        shrink_axis_mask,
        offset,
    } = &view.node.options
    else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let entries =
        Entries { begin: constants(view, 1)?, end: constants(view, 2)?, stride: constants(view, 3)? };
    let count = entries.begin.len();
    if entries.end.len() != count || entries.stride.len() != count || count > 31 {
        return Err(Reject::malformed("begins, ends and strides differ in number"));
    }
    let has = |mask: i32, entry: usize| mask >> entry & 1 == 1;
    let ellipses = (0..count).filter(|&entry| has(ellipsis_mask, entry)).count();
    let named = (0..count).filter(|&entry| !has(ellipsis_mask, entry) && !has(new_axis_mask, entry)).count();
    let rank = input.shape.len();
    if ellipses > 1 || named > rank {
        return Err(Reject::malformed(format!(
            "it has {named} entries for {rank} dimensions, and {ellipses} ellipses"
        )));
    }
    let from = strides(&input.shape);
    let mut walk = Walk::default();
    let mut kept: Vec<(usize, i64)> = Vec::new();
    let mut axis = 0;
    for entry in 0..count {
        if has(ellipsis_mask, entry) {
            for _ in 0..rank - named {
                kept.push((input.shape[axis], from[axis]));
                axis += 1;
            }
        } else if has(new_axis_mask, entry) {
            kept.push((1, 0));
        } else {
            let range = Range {
                begin: (!has(begin_mask, entry)).then_some(entries.begin[entry]),
                end: (!has(end_mask, entry)).then_some(entries.end[entry]),
                stride: entries.stride[entry],
                end_counts_from_begin: offset,
            };
            let length = input.shape[axis] as i64;
            if has(shrink_axis_mask, entry) {
                walk.from += range.index(length)? * from[axis];
            } else {
                let (start, steps) = range.resolve(length)?;
                walk.from += if steps > 0 { start * from[axis] } else { 0 };
                kept.push((steps, range.stride.saturating_mul(from[axis])));
            }
            axis += 1;
        }
    }
    // Axes after the last entry are taken whole.
    kept.extend((axis..rank).map(|axis| (input.shape[axis], from[axis])));
    let shape: Vec<usize> = kept.iter().map(|&(steps, _)| steps).collect();
    expect_shape(output, &shape)?;
    for ((count, from), to) in kept.into_iter().zip(strides(&shape)) {
        walk.dim(count, from, to);
    }
    Ok(walk)
}

/// What is taken of one axis.
struct Range {
    begin: Option<i64>,
    end: Option<i64>,
    stride: i64,
    end_counts_from_begin: bool,
}

impl Range {
    /// The first index and how many there are.
    fn resolve(&self, length: i64) -> Result<(i64, usize), Reject> {
        if self.stride == 0 {
            return Err(Reject::new("one of its strides is 0", "convert the model again"));
        }
        let forward = self.stride > 0;
        // The places just outside, to which indices are limited.
        let limit = |index: i64| if forward { index.clamp(0, length) } else { index.clamp(-1, length - 1) };
        let wrap = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
        let begin = match self.begin {
            Some(begin) => limit(wrap(begin)),
            None => limit(if forward { 0 } else { length - 1 }),
        };
        let end = match self.end {
            Some(end) if self.end_counts_from_begin => limit(begin.saturating_add(end)),
            Some(end) => limit(wrap(end)),
            None => limit(if forward { length } else { -1 }),
        };
        let distance = if forward { end - begin } else { begin - end };
        let stride = self.stride.unsigned_abs();
        Ok((begin, (distance.max(0) as u64).div_ceil(stride) as usize))
    }

    /// The one index, of an axis that vanishes.
    fn index(&self, length: i64) -> Result<i64, Reject> {
        let begin = self.begin.unwrap_or(0);
        let index = if begin < 0 { begin.saturating_add(length) } else { begin };
        if (0..length).contains(&index) {
            return Ok(index);
        }
        Err(Reject::new(
            format!("index {begin} is outside an axis of {length}"),
            "convert the model again; the index must lie inside its input",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(begin: Option<i64>, end: Option<i64>, stride: i64) -> Range {
        Range { begin, end, stride, end_counts_from_begin: false }
    }

    #[test]
    fn ranges_mean_what_they_mean_in_python() {
        // As `list(range(7))[begin:end:stride]`.
        for (begin, end, stride, first, count) in [
            (None, None, 1, 0, 7),
            (Some(1), Some(-1), 2, 1, 3),
            (None, None, -1, 6, 7),
            (Some(-2), Some(1), -2, 5, 2),
            (Some(9), Some(-99), -3, 6, 3),
            (Some(-99), Some(99), 3, 0, 3),
            (None, Some(0), -1, 6, 6),
        ] {
            assert_eq!(
                range(begin, end, stride).resolve(7).unwrap(),
                (first, count),
                "{begin:?} {end:?} {stride}"
            );
        }
        assert_eq!(range(Some(5), Some(2), 1).resolve(7).unwrap().1, 0);
    }

    #[test]
    fn extreme_ranges_do_not_overflow() {
        for value in [i64::MIN, i64::MAX] {
            for stride in [i64::MIN, -1, 1, i64::MAX] {
                let _ = range(Some(value), Some(value), stride).resolve(7);
                let counted =
                    Range { end_counts_from_begin: true, ..range(Some(value), Some(value), stride) };
                let _ = counted.resolve(7);
            }
            assert!(range(Some(value), None, 1).index(7).is_err());
        }
    }

    #[test]
    fn an_end_may_count_from_the_begin() {
        let counted = Range { end_counts_from_begin: true, ..range(Some(2), Some(3), 1) };
        assert_eq!(counted.resolve(7).unwrap(), (2, 3));
    }
}
