//! One node, run on the host by the kernels that a device would run.

use crate::{
    CompileOptions, HostModel,
    graph::{Graph, Node, Subgraph, Tensor, TensorId},
    ops, plan,
};

/// A node with tensors of its own, which need not be those that it has in the graph.
pub(super) struct Alone<'g> {
    /// The graph that the node belongs to.
    pub graph: &'g Graph,
    /// The operator, its version and its options.
    pub node: &'g Node,
    /// What it reads: constants.
    pub inputs: Vec<Option<Tensor>>,
    /// What it writes.
    pub outputs: Vec<Tensor>,
}

impl Alone<'_> {
    /// The bytes of its outputs; `None` when it cannot run.
    pub(super) fn run(self) -> Option<Vec<Vec<u8>>> {
        let name = self.graph.name.clone();
        let mut alone = Graph { name, beyond_tflm: self.graph.beyond_tflm, ..Graph::default() };
        let mut import = |tensor: Tensor| {
            alone.tensors.push(tensor);
            alone.tensors.len() - 1
        };
        let inputs = self.inputs.into_iter().map(|tensor| tensor.map(&mut import)).collect();
        let outputs: Vec<TensorId> = self.outputs.into_iter().map(import).collect();
        let node = Node { inputs, outputs: outputs.clone(), ..self.node.clone() };
        ops::check(&ops::NodeView { graph: &alone, node: &node }).ok()?;
        alone.subgraphs.push(Subgraph { name: String::new(), nodes: vec![node], inputs: vec![], outputs });
        let options = CompileOptions::DEVICE;
        let layout = plan::plan(ops::lower(&alone, options).ok()?, options).ok()?;
        let compiled = crate::describe(alone, layout, options);
        let mut model = HostModel::new(&compiled);
        let mut executor = model.executor().ok()?;
        executor.run().ok()?;
        Some((0..compiled.outputs.len()).map(|index| executor.output(index).to_vec()).collect())
    }
}
