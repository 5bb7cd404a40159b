//! A graph becomes steps, node by node.

use engine::ops::SlideBytes;
use tflite::BuiltinOp;

use super::{
    NodeView, control,
    lowering::{Lowering, within},
    table::find,
};
use crate::{
    CompileOptions, Refusal,
    graph::{Graph, Node},
    refusal::Reject,
};

/// Turns every node of the main subgraph into steps.
///
/// # Errors
/// What no rule foresaw.
pub fn lower(graph: &Graph, options: CompileOptions) -> Result<Lowering<'_>, Vec<Refusal>> {
    let mut lowering = Lowering::new(graph, options, lower_node);
    let mut refusals = Vec::new();
    let nodes = &graph.main().nodes;
    for node in nodes.iter().filter(|node| node.op == BuiltinOp::CallOnce) {
        lowering.set_layer(node.layer);
        if let Err(reject) = control::set_up(&mut lowering, node) {
            refusals.push(NodeView { graph, node }.refusal(reject));
        }
    }
    lowering.setup = lowering.steps.len();
    for (position, node) in nodes.iter().enumerate() {
        lowering.set_layer(node.layer);
        for slide in graph.strips.slides.get(&position).into_iter().flatten() {
            let window = lowering.slot(slide.window);
            let (to, from) = (within(window, 0, slide.bytes), within(window, slide.from, slide.bytes));
            lowering.push(SlideBytes, &[to, from]);
        }
        if let Err(refusal) = lowering.node(node) {
            refusals.push(*refusal);
        }
    }
    if refusals.is_empty() { Ok(lowering) } else { Err(refusals) }
}

/// Turns one node into steps, by its row.
fn lower_node<'g>(lowering: &mut Lowering<'g>, node: &'g Node) -> Result<(), Box<Refusal>> {
    let view = NodeView { graph: lowering.graph(), node };
    let Some(support) = find(node) else {
        return Err(Box::new(view.refusal(Reject::new("this operator is not supported", ""))));
    };
    (support.lower)(lowering, &view).map_err(|reject| Box::new(view.refusal(reject)))
}
