//! IF, WHILE, CALL_ONCE and variables: called subgraphs become steps of the one list, joined by jumps.

use engine::ops::{AnyOperator, Jump, JumpUnless};
use tflite::{BuiltinOp, DType, Options};

use super::{
    Lowering, NodeView, Slot, Support,
    lowering::Loop,
    strided::{Walk, push_copy},
};
use crate::{
    graph::{Graph, Node, Subgraph, Tensor, TensorId},
    refusal::Reject,
};

/// Most calls of subgraphs in a plan. Calls within calls multiply.
const MAX_CALLS: usize = 1 << 10;

/// Of these operators any number and type of tensors is taken: their subgraphs say which.
const ANY: &[&str] = &["..."];

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    row(BuiltinOp::If, ANY, branch),
    row(BuiltinOp::While, ANY, repeat),
    row(BuiltinOp::CallOnce, &["->"], call_once),
    row(BuiltinOp::VarHandle, &["-> resource"], var_handle),
    row(
        BuiltinOp::ReadVariable,
        &[
            "resource -> int8",
            "resource -> uint8",
            "resource -> int16",
            "resource -> int32",
            "resource -> int64",
            "resource -> float32",
            "resource -> bool",
        ],
        read_variable,
    ),
    row(
        BuiltinOp::AssignVariable,
        &[
            "resource, int8 ->",
            "resource, uint8 ->",
            "resource, int16 ->",
            "resource, int32 ->",
            "resource, int64 ->",
            "resource, float32 ->",
            "resource, bool ->",
        ],
        assign_variable,
    ),
];

const fn row(
    op: BuiltinOp,
    types: &'static [&'static str],
    lower: fn(&mut Lowering<'_>, &NodeView<'_>) -> Result<(), Reject>,
) -> Support {
    Support { op, custom: None, versions: (1, 1), types, rules: &[], lower }
}

/// The subgraphs that a node calls.
fn called(node: &Node) -> Vec<i64> {
    match node.options {
        Options::If { then_subgraph, else_subgraph } => vec![then_subgraph.into(), else_subgraph.into()],
        Options::While { cond_subgraph, body_subgraph } => vec![cond_subgraph.into(), body_subgraph.into()],
        Options::CallOnce { init_subgraph } => vec![init_subgraph.into()],
        _ => Vec::new(),
    }
}

/// Refuses calls of what is not there, and of subgraphs that end up calling themselves.
fn check_calls(
    graph: &Graph,
    node: &Node,
    open: &mut Vec<usize>,
    sound: &mut Vec<usize>,
) -> Result<(), Reject> {
    for index in called(node) {
        let found = usize::try_from(index).ok().and_then(|index| Some((index, graph.subgraphs.get(index)?)));
        let Some((index, subgraph)) = found else {
            return Err(Reject::malformed(format!("it calls subgraph {index}, which does not exist")));
        };
        if open.contains(&index) {
            return Err(Reject::new(
                format!("subgraph {index} ends up calling itself"),
                "unroll the recursion: a plan has no call stack",
            ));
        }
        if sound.contains(&index) {
            continue;
        }
        open.push(index);
        for node in &subgraph.nodes {
            check_calls(graph, node, open, sound)?;
        }
        open.pop();
        sound.push(index);
    }
    Ok(())
}

/// A subgraph that a node calls, after [`check_calls`].
fn subgraph<'g>(cx: &Lowering<'g>, view: &NodeView<'_>, index: i32) -> Result<&'g Subgraph, Reject> {
    check_calls(cx.graph(), view.node, &mut vec![0, view.node.subgraph], &mut Vec::new())?;
    let found = usize::try_from(index).ok().and_then(|index| cx.graph().subgraphs.get(index));
    found.ok_or_else(|| Reject::malformed(format!("it calls subgraph {index}, which does not exist")))
}

/// Checks that two lists of tensors have the same types and sizes, one by one.
fn check_same(cx: &Lowering<'_>, what: &str, ours: &[TensorId], theirs: &[TensorId]) -> Result<(), Reject> {
    let same = |(&a, &b): (&TensorId, &TensorId)| {
        let (a, b): (&Tensor, &Tensor) = (cx.tensor(a), cx.tensor(b));
        a.dtype == b.dtype && a.elements() == b.elements()
    };
    if ours.len() == theirs.len() && ours.iter().zip(theirs).all(same) {
        return Ok(());
    }
    Err(Reject::malformed(format!("{what} do not have the number, types and sizes of the subgraph's")))
}

/// The tensors that a node reads.
fn inputs(view: &NodeView<'_>) -> Result<Vec<TensorId>, Reject> {
    let all: Option<Vec<TensorId>> = view.node.inputs.iter().copied().collect();
    all.ok_or_else(|| Reject::malformed("one of its inputs is missing"))
}

/// Adds a subgraph's steps, with its inputs where `arguments` are.
fn inline<'g>(cx: &mut Lowering<'g>, subgraph: &'g Subgraph, arguments: &[Passed]) -> Result<(), Reject> {
    cx.calls += 1;
    if cx.calls > MAX_CALLS {
        return Err(Reject::new(
            format!("subgraphs are called at more than {MAX_CALLS} places, counting calls within calls"),
            "call fewer subgraphs: each call is a copy of its steps",
        ));
    }
    for (&input, argument) in subgraph.inputs.iter().zip(arguments) {
        match argument {
            Passed::Value(slot) => cx.place(input, *slot),
            Passed::Variable(name) => cx.name_variable(input, name.clone()),
        }
    }
    for node in &subgraph.nodes {
        cx.node(node).map_err(|refusal| Reject::new(refusal.to_string(), ""))?;
    }
    Ok(())
}

/// Forgets where an earlier call of the subgraph put its tensors.
fn forget(cx: &mut Lowering<'_>, subgraph: &Subgraph) {
    let written = subgraph.nodes.iter().flat_map(|node| &node.outputs);
    for &id in subgraph.inputs.iter().chain(written) {
        cx.forget(id);
    }
}

/// What a subgraph is handed.
#[derive(Clone)]
enum Passed {
    Value(Slot),
    Variable(String),
}

fn passed(cx: &mut Lowering<'_>, id: TensorId) -> Result<Passed, Reject> {
    if cx.tensor(id).dtype == DType::Resource {
        let name =
            cx.variable_name(id).ok_or_else(|| Reject::malformed("no VAR_HANDLE names its variable"))?;
        return Ok(Passed::Variable(name.to_string()));
    }
    Ok(Passed::Value(cx.slot(id)))
}

/// Copies a whole tensor, unless it is there already.
fn copy(cx: &mut Lowering<'_>, to: Slot, from: Slot) -> Result<(), Reject> {
    let bytes = match to {
        Slot::Buffer { bytes, .. } | Slot::Const { bytes, .. } => bytes,
        Slot::Absent => 0,
    };
    if to == from {
        return Ok(());
    }
    let mut walk = Walk::default();
    walk.dim(bytes, 1, 1);
    push_copy(cx, &walk, 1, [to, from])
}

/// Adds a jump whose target is set later; gives its place.
fn jump(cx: &mut Lowering<'_>, operator: impl Into<AnyOperator>, operands: &[Slot]) -> usize {
    cx.push(operator, operands);
    cx.steps.len() - 1
}

/// The index of the next step, as a jump names it: counted from the first step of a run, or of the set-up.
fn here(cx: &Lowering<'_>) -> Result<u16, Reject> {
    u16::try_from(cx.steps.len() - cx.setup)
        .map_err(|_| Reject::new("the plan has more than 65,535 steps", "split the model in two"))
}

fn set_target(cx: &mut Lowering<'_>, jump: usize, to: u16) {
    if let Some(step) = cx.steps.get_mut(jump) {
        match &mut step.operator {
            AnyOperator::Jump(jump) => jump.to = to,
            AnyOperator::JumpUnless(jump) => jump.to = to,
            _ => {}
        }
    }
}

fn branch(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::If { then_subgraph, else_subgraph } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let branches = [subgraph(cx, view, then_subgraph)?, subgraph(cx, view, else_subgraph)?];
    let all = inputs(view)?;
    let Some((&condition, arguments)) = all.split_first() else {
        return Err(Reject::malformed("it has no condition"));
    };
    check_condition(cx.tensor(condition))?;
    for branch in branches {
        check_same(cx, "its inputs", arguments, &branch.inputs)?;
        check_same(cx, "its outputs", &view.node.outputs, &branch.outputs)?;
    }
    let arguments = arguments.iter().map(|&id| passed(cx, id)).collect::<Result<Vec<_>, _>>()?;
    let outputs: Vec<Slot> = view.node.outputs.iter().map(|&id| cx.slot(id)).collect();
    let [then_branch, else_branch] = branches;
    if let Some(known) = cx.tensor(condition).integers() {
        let taken = if known.first().is_some_and(|&value| value != 0) { then_branch } else { else_branch };
        return take(cx, taken, &arguments, &outputs);
    }
    let written = outputs.first().copied().unwrap_or(Slot::Absent);
    let condition = cx.slot(condition);
    let to_else = jump(cx, JumpUnless { to: 0 }, &[written, condition]);
    take(cx, then_branch, &arguments, &outputs)?;
    let to_end = jump(cx, Jump { to: 0 }, &[written]);
    let target = here(cx)?;
    set_target(cx, to_else, target);
    take(cx, else_branch, &arguments, &outputs)?;
    let target = here(cx)?;
    set_target(cx, to_end, target);
    Ok(())
}

/// Adds one branch, whose outputs go to `outputs`.
fn take<'g>(
    cx: &mut Lowering<'g>,
    branch: &'g Subgraph,
    arguments: &[Passed],
    outputs: &[Slot],
) -> Result<(), Reject> {
    forget(cx, branch);
    // What the branch computes is computed in place; what it hands through is copied.
    for (&id, &slot) in branch.outputs.iter().zip(outputs) {
        if !branch.inputs.contains(&id) && cx.tensor(id).data.is_none() && !cx.tensor(id).is_variable {
            cx.place(id, slot);
        }
    }
    inline(cx, branch, arguments)?;
    for (&id, &slot) in branch.outputs.iter().zip(outputs) {
        let from = cx.slot(id);
        copy(cx, slot, from)?;
    }
    Ok(())
}

fn check_condition(condition: &Tensor) -> Result<(), Reject> {
    if condition.dtype == DType::Bool && condition.elements() == 1 {
        return Ok(());
    }
    Err(Reject::malformed(format!(
        "its condition is {} of shape {:?}, not one bool",
        condition.dtype.name(),
        condition.shape
    )))
}

fn repeat(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::While { cond_subgraph, body_subgraph } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (cond, body) = (subgraph(cx, view, cond_subgraph)?, subgraph(cx, view, body_subgraph)?);
    let all = inputs(view)?;
    check_same(cx, "its inputs", &all, &cond.inputs)?;
    check_same(cx, "its inputs", &all, &body.inputs)?;
    check_same(cx, "its outputs", &all, &body.outputs)?;
    check_same(cx, "its outputs", &all, &view.node.outputs)?;
    let &[condition] = &cond.outputs[..] else {
        return Err(Reject::malformed("its condition has more than one output"));
    };
    check_condition(cx.tensor(condition))?;
    // The node's outputs carry the values from one round to the next.
    let mut carried = Vec::with_capacity(all.len());
    for (&from, &to) in all.iter().zip(&view.node.outputs) {
        let argument = passed(cx, from)?;
        carried.push(match argument {
            Passed::Value(from) => {
                let to = cx.slot(to);
                copy(cx, to, from)?;
                Passed::Value(to)
            }
            Passed::Variable(name) => {
                cx.name_variable(to, name.clone());
                Passed::Variable(name)
            }
        });
    }
    let written = carried.iter().find_map(|it| match it {
        Passed::Value(slot) => Some(*slot),
        Passed::Variable(_) => None,
    });
    let written = written.unwrap_or(Slot::Absent);
    let first = cx.steps.len();
    let top = here(cx)?;
    forget(cx, cond);
    inline(cx, cond, &carried)?;
    let condition = cx.slot(condition);
    let to_end = jump(cx, JumpUnless { to: 0 }, &[written, condition]);
    forget(cx, body);
    inline(cx, body, &carried)?;
    carry(cx, body, &carried)?;
    let last = jump(cx, Jump { to: top }, &[written]);
    let target = here(cx)?;
    set_target(cx, to_end, target);
    cx.loops.push(Loop { first, last });
    Ok(())
}

/// Copies a body's outputs to where the next round reads them, as if all at once.
fn carry(cx: &mut Lowering<'_>, body: &Subgraph, carried: &[Passed]) -> Result<(), Reject> {
    let mut moves = Vec::new();
    for (&id, to) in body.outputs.iter().zip(carried) {
        let Passed::Value(to) = to else { continue };
        let from = cx.slot(id);
        if from != *to {
            moves.push((*to, from));
        }
    }
    // A value that lies in another's place would be overwritten before it is read: it steps aside first.
    let buffer = |slot: Slot| match slot {
        Slot::Buffer { id, .. } => Some(id),
        _ => None,
    };
    let targets: Vec<_> = moves.iter().filter_map(|&(to, _)| buffer(to)).collect();
    for (_, from) in &mut moves {
        if let Slot::Buffer { id, bytes, .. } = *from
            && targets.contains(&id)
        {
            let aside = cx.scratch(bytes, 8);
            copy(cx, aside, *from)?;
            *from = aside;
        }
    }
    moves.into_iter().try_for_each(|(to, from)| copy(cx, to, from))
}

/// Adds the steps that run once, before the first run: those of every CALL_ONCE of the main subgraph.
///
/// # Errors
/// What the called subgraphs cannot do.
pub(super) fn set_up<'g>(cx: &mut Lowering<'g>, node: &'g Node) -> Result<(), Reject> {
    let view = NodeView { graph: cx.graph(), node };
    let &Options::CallOnce { init_subgraph } = &node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let init = subgraph(cx, &view, init_subgraph)?;
    if !init.inputs.is_empty() {
        return Err(Reject::malformed("the subgraph it calls takes inputs"));
    }
    forget(cx, init);
    inline(cx, init, &[])
}

/// The call itself was lowered before everything else: see [`set_up`].
fn call_once(_: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    if view.node.subgraph == 0 {
        return Ok(());
    }
    Err(Reject::new("it stands in a called subgraph", "call it from the main subgraph"))
}

fn var_handle(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let Options::VarHandle { container, shared_name } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let handle = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    cx.name_variable(handle, format!("{container}/{shared_name}"));
    Ok(())
}

/// Where the variable of a handle lies; `value` says its size and what it begins as.
fn variable(cx: &mut Lowering<'_>, handle: Option<TensorId>, value: TensorId) -> Result<Slot, Reject> {
    let name = handle.and_then(|id| cx.variable_name(id)).map(str::to_string);
    let name = name.ok_or_else(|| Reject::malformed("no VAR_HANDLE names its variable"))?;
    let slot = cx.variable(&name, value);
    match slot {
        Slot::Buffer { bytes, .. } if bytes == cx.tensor(value).bytes() => Ok(slot),
        _ => Err(Reject::malformed(format!("variable '{name}' is used with different sizes"))),
    }
}

fn read_variable(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let output = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let from = variable(cx, view.input_id(0), output)?;
    let to = cx.slot(output);
    copy(cx, to, from)
}

fn assign_variable(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let value = view.input_id(1).ok_or_else(|| Reject::malformed("its value is missing"))?;
    let to = variable(cx, view.input_id(0), value)?;
    let from = cx.slot(value);
    copy(cx, to, from)
}
