//! From a `.tflite` model to a static plan.
//!
//! ```text
//! bytes → tflite::Model → graph → check → passes → steps → places → plan (.rs, blob, or run on the host)
//! ```
//! [`compile`] does all of it. A model that cannot run is refused here, with every reason at once
//! ([`Refusal`]); a plan that leaves here runs.

pub mod emit;
pub mod graph;
pub mod host;
mod import;
pub mod ops;
mod packing;
pub mod passes;
pub mod plan;
mod refusal;
mod report;
pub mod stream;

use engine::{DType, Operand};

pub use kernels::arch::{Isa, NATIVE};

pub use host::HostModel;
pub use refusal::{CompileError, Refusal, Reject};
pub use report::{DeadWork, Figures, OperatorUse, Report, report};
pub use stream::CurvePoint;

use crate::{graph::Graph, plan::Layout};

/// An input or output of a compiled model.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorDesc {
    /// The name that the model gives it.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first.
    pub shape: Vec<u32>,
    /// Real value of one unit; 0 when it is not quantised.
    pub scale: f32,
    /// What stands for real 0.
    pub zero_point: i32,
    /// Where it lies.
    pub operand: Operand,
}

/// A model that can run: its graph after all passes, and its plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// What the compiler was asked for.
    pub options: CompileOptions,
    /// The graph that the steps come from.
    pub graph: Graph,
    /// Steps, places and constants.
    pub layout: Layout,
    /// What the caller writes before a run.
    pub inputs: Vec<TensorDesc>,
    /// What the caller reads after a run.
    pub outputs: Vec<TensorDesc>,
}

/// What the compiler may do. No option changes a byte of any output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileOptions {
    /// Keep every tensor that the model computes, so that each layer's output can be seen. Costs memory and
    /// time.
    pub keep_every_tensor: bool,
    /// The instruction set that weights are packed for. A plan for any of them runs on a host.
    pub isa: Isa,
    /// Leave out what no input can change: see [`passes`].
    pub dead_work: bool,
    /// Bytes that the arena may take at most, whatever multiply-adds that costs; without, the fewest multiply-adds.
    pub ram_budget: Option<u32>,
    /// Bytes of the memory that the arena lies in. What does not fit lies beside the state, for which there may be a
    /// larger and slower one; what is used most stays in the arena.
    pub fast_ram: Option<u32>,
}

impl CompileOptions {
    /// What a device runs, on any core.
    pub const DEVICE: Self = Self {
        keep_every_tensor: false,
        isa: Isa::Portable,
        dead_work: true,
        ram_budget: None,
        fast_ram: None,
    };
    /// What this machine runs fastest.
    pub const HOST: Self = Self::DEVICE.for_isa(NATIVE);
    /// What a layer-by-layer comparison runs.
    pub const EVERY_LAYER: Self = Self { keep_every_tensor: true, dead_work: false, ..Self::DEVICE };

    /// The same, with weights packed for an instruction set.
    #[must_use]
    pub const fn for_isa(self, isa: Isa) -> Self {
        Self { isa, ..self }
    }

    /// The same, for the best instruction set of a target: rustc's triple, and the core's name where it is known.
    #[must_use]
    pub fn for_target(self, triple: &str, core: &str) -> Self {
        self.for_isa(Isa::of_target(triple, core))
    }

    /// The same, with dead work left in or taken out.
    #[must_use]
    pub const fn dead_work(self, dead_work: bool) -> Self {
        Self { dead_work, ..self }
    }

    /// The same, within a budget of arena bytes.
    #[must_use]
    pub const fn ram_budget(self, bytes: Option<u32>) -> Self {
        Self { ram_budget: bytes, ..self }
    }

    /// The same, with no more than these bytes in the arena, and the rest beside the state.
    #[must_use]
    pub const fn fast_ram(self, bytes: Option<u32>) -> Self {
        Self { fast_ram: bytes, ..self }
    }
}

/// Compiles a model.
///
/// `name` is the model's name, as errors and the plan give it.
///
/// # Errors
/// [`CompileError::Read`] when the file is damaged, [`CompileError::Refused`] with every reason when it
/// cannot run.
pub fn compile(name: &str, bytes: &[u8], options: CompileOptions) -> Result<Compiled, CompileError> {
    let model = tflite::Model::parse(bytes)?;
    let mut graph = import::import(name, &model).map_err(CompileError::Refused)?;
    passes::fold::run(&mut graph);
    check(&graph)?;
    passes::run(&mut graph, options);
    // Memory is saved first, then shared out.
    let together = options.fast_ram(None);
    let (mut graph, mut layout) = best_layout(graph, together)?;
    if let Some(budget) = options.ram_budget.filter(|_| !options.keep_every_tensor) {
        (graph, layout) = stream::fit(&graph, layout, together, budget as usize)?;
    }
    if options.fast_ram.is_some_and(|fast| layout.arena_bytes > fast as usize) {
        layout = plan::plan(ops::lower(&graph, options).map_err(CompileError::Refused)?, options)?;
    }
    Ok(describe(graph, layout, options))
}

/// The plans that a model has, from the fastest to the smallest: what [`CompileOptions::ram_budget`] chooses from.
///
/// # Errors
/// As [`compile`], but no budget is too small.
pub fn ram_curve(name: &str, bytes: &[u8], options: CompileOptions) -> Result<Vec<CurvePoint>, CompileError> {
    let fastest = compile(name, bytes, options.ram_budget(None).fast_ram(None))?;
    stream::curve(&fastest.graph, &fastest.layout, fastest.options)
}

/// Puts a graph and its layout together with what a caller needs to know of its inputs and outputs.
fn describe(graph: Graph, layout: Layout, options: CompileOptions) -> Compiled {
    let describe = |&(id, operand): &(usize, Operand)| {
        let tensor = &graph.tensors[id];
        TensorDesc {
            name: tensor.name.clone(),
            // Others have been refused.
            dtype: device_dtype(tensor.dtype).unwrap_or(DType::Int8),
            shape: tensor.shape.iter().map(|&size| size as u32).collect(),
            scale: tensor.scale(),
            zero_point: tensor.zero(),
            operand,
        }
    };
    let inputs = layout.inputs.iter().map(describe).collect();
    let outputs = layout.outputs.iter().map(describe).collect();
    Compiled { options, inputs, outputs, layout, graph }
}

/// Reads a model's graph without asking whether our kernels can run it: what a simulator prices.
///
/// # Errors
/// [`CompileError::Read`] when the file is damaged, [`CompileError::Refused`] when a tensor cannot be represented.
pub fn read_graph(name: &str, bytes: &[u8]) -> Result<Graph, CompileError> {
    let model = tflite::Model::parse(bytes)?;
    import::import(name, &model).map_err(CompileError::Refused)
}

/// Plans a graph in the order that needs the smallest arena.
fn best_layout(mut graph: Graph, options: CompileOptions) -> Result<(Graph, Layout), CompileError> {
    let lay_out =
        |graph: &Graph| plan::plan(ops::lower(graph, options).map_err(CompileError::Refused)?, options);
    let given = lay_out(&graph)?;
    let Some(order) = plan::order(&graph) else { return Ok((graph, given)) };
    let mut reordered = graph.clone();
    reordered.subgraphs[0].nodes = order.into_iter().map(|index| graph.main().nodes[index].clone()).collect();
    let layout = lay_out(&reordered)?;
    if layout.arena_bytes < given.arena_bytes {
        graph = reordered;
        return Ok((graph, layout));
    }
    Ok((graph, given))
}

/// Checks that every operator can run, and that a program can hold the inputs and outputs.
///
/// # Errors
/// [`CompileError::Refused`] with every reason.
pub fn check(graph: &Graph) -> Result<(), CompileError> {
    let nodes = graph.subgraphs.iter().flat_map(|subgraph| &subgraph.nodes);
    let refused = nodes.filter_map(|node| ops::check(&ops::NodeView { graph, node }).err()).flatten();
    let refusals: Vec<_> = check_ends(graph).into_iter().chain(refused).collect();
    if !refusals.is_empty() {
        return Err(CompileError::Refused(refusals));
    }
    // Constants that the arithmetic cannot hold show when steps are made: of every operator, also of those that
    // a pass would drop.
    ops::lower(graph, CompileOptions::EVERY_LAYER).map(|_| ()).map_err(CompileError::Refused)
}

/// The element type that the engine knows a tensor by, if it does.
fn device_dtype(dtype: tflite::DType) -> Option<DType> {
    Some(match dtype {
        tflite::DType::Int8 => DType::Int8,
        tflite::DType::Uint8 => DType::Uint8,
        tflite::DType::Int16 => DType::Int16,
        tflite::DType::Int32 => DType::Int32,
        tflite::DType::Int64 => DType::Int64,
        tflite::DType::Float32 => DType::Float32,
        tflite::DType::Bool => DType::Bool,
        tflite::DType::Uint32 => DType::Uint32,
        _ => return None,
    })
}

/// Inputs and outputs are what a caller hands over and gets: elements that a program can hold.
fn check_ends(graph: &Graph) -> Vec<Refusal> {
    let main = graph.main();
    let ends = main.inputs.iter().map(|id| ("input", id)).chain(main.outputs.iter().map(|id| ("output", id)));
    let named = ends.map(|(what, &id)| (what, &graph.tensors[id]));
    named
        .filter(|(_, tensor)| device_dtype(tensor.dtype).is_none())
        .map(|(what, tensor)| Refusal {
            advice: "convert the model with int8 or float32 inputs and outputs".into(),
            ..import::whole(0, format!("{what} '{}' has elements of type {}", tensor.name, tensor.dtype))
        })
        .collect()
}
