//! Operators whose outputs nothing reads.

use tflite::BuiltinOp;

use super::Uses;
use crate::graph::Graph;

/// Takes out every operator that no output of the model depends on, and that keeps nothing from run to run.
pub fn run(graph: &mut Graph) {
    loop {
        let uses = Uses::of(graph);
        let keeps = |node: &crate::graph::Node| {
            matches!(
                node.op,
                BuiltinOp::AssignVariable
                    | BuiltinOp::CallOnce
                    | BuiltinOp::While
                    | BuiltinOp::If
                    | BuiltinOp::Custom
            ) || node.inputs.iter().flatten().any(|&id| graph.tensors[id].is_variable)
                || node.outputs.iter().any(|&id| !uses.is_unused(id))
        };
        let kept: Vec<bool> = graph.main().nodes.iter().map(keeps).collect();
        if kept.iter().all(|&keep| keep) {
            return;
        }
        let mut kept = kept.into_iter();
        graph.subgraphs[0].nodes.retain(|_| kept.next().unwrap_or(true));
    }
}
