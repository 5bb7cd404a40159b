//! From nodes to steps on buffers whose places are not known yet.

use std::collections::HashMap;

use engine::ops::AnyOperator;
use tflite::BuiltinOp;

use crate::{
    CompileOptions,
    graph::{Graph, Node, Tensor, TensorId},
    refusal::Refusal,
};

/// Index into [`Lowering::buffers`].
pub type BufferId = usize;

/// What a step works on, before buffers have places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// An optional operand that is not there.
    Absent,
    /// Bytes of the constants.
    Const {
        /// Where, in [`Lowering::weights`].
        offset: usize,
        /// How many.
        bytes: usize,
    },
    /// Bytes of a buffer.
    Buffer {
        /// Which buffer.
        id: BufferId,
        /// Where in it.
        offset: usize,
        /// How many.
        bytes: usize,
    },
}

/// Memory that some steps share, to be placed in the arena or in the state.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// Whose it is, for people.
    pub name: String,
    /// Size.
    pub bytes: usize,
    /// A power of two that its place is a multiple of.
    pub align: usize,
    /// Whether it keeps its value from run to run.
    pub is_state: bool,
    /// For how long its bytes are needed.
    pub keeps: Keeps,
    /// What a state buffer begins as, repeated: 1, 2, 4 or 8 bytes. Empty means 0.
    pub fill: Vec<u8>,
}

/// For how long the bytes of a buffer are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// From the first step that touches them to the last.
    Throughout,
    /// From a step that writes them to the last that reads them before another layer writes all of them anew.
    UntilRefilled,
    /// While steps of one layer follow each other.
    WithinLayer,
}

/// One operator run.
#[derive(Clone, Debug, PartialEq)]
pub struct StepIr {
    /// The operator and its parameters.
    pub operator: AnyOperator,
    /// What it works on; what it writes comes first.
    pub operands: Vec<Slot>,
    /// Positions of operands that it reads and whose bytes operand 0 may take over, when nothing else needs them.
    pub may_overwrite: Vec<usize>,
    /// Index of the model's operator.
    pub layer: usize,
}

/// A run of steps that may be repeated: nothing that they use may be lent to others in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    /// First step.
    pub first: usize,
    /// Last step.
    pub last: usize,
}

/// What turns a node into steps.
pub type LowerNode = for<'g> fn(&mut Lowering<'g>, &'g Node) -> Result<(), Box<Refusal>>;

/// Steps in the making.
pub struct Lowering<'g> {
    graph: &'g Graph,
    options: CompileOptions,
    lower_node: LowerNode,
    places: HashMap<TensorId, Slot>,
    interned: HashMap<(usize, Vec<u8>), usize>,
    /// The variable that each handle names.
    handles: HashMap<TensorId, String>,
    variables: HashMap<String, Slot>,
    /// Constants, each aligned as it was asked for.
    pub weights: Vec<u8>,
    /// Buffers to be placed.
    pub buffers: Vec<Buffer>,
    /// Steps in the order they run.
    pub steps: Vec<StepIr>,
    /// How many of the steps run once only, before the first run; they come first.
    pub setup: usize,
    /// Steps that repeat.
    pub loops: Vec<Loop>,
    /// How many calls of subgraphs became steps.
    pub calls: usize,
    layer: usize,
    /// How often the layer has asked for scratch.
    scratches: usize,
    /// By layer, how often it had asked before, size and alignment.
    scratch_of: HashMap<(usize, usize, usize, usize), BufferId>,
}

impl<'g> Lowering<'g> {
    /// An empty plan for a graph, whose nodes become steps by `lower_node`.
    pub fn new(graph: &'g Graph, options: CompileOptions, lower_node: LowerNode) -> Self {
        Self {
            graph,
            options,
            lower_node,
            places: HashMap::new(),
            interned: HashMap::new(),
            handles: HashMap::new(),
            variables: HashMap::new(),
            weights: Vec::new(),
            buffers: Vec::new(),
            steps: Vec::new(),
            setup: 0,
            loops: Vec::new(),
            calls: 0,
            layer: 0,
            scratches: 0,
            scratch_of: HashMap::new(),
        }
    }

    /// The graph.
    pub fn graph(&self) -> &'g Graph {
        self.graph
    }

    /// What the compiler may do.
    pub fn options(&self) -> CompileOptions {
        self.options
    }

    /// Adds the steps of a node: IF and WHILE ask for those of the subgraphs that they call.
    ///
    /// # Errors
    /// What no rule foresaw.
    pub fn node(&mut self, node: &'g Node) -> Result<(), Box<Refusal>> {
        (self.lower_node)(self, node)
    }

    /// The model's operator that the steps pushed from here on belong to.
    pub fn set_layer(&mut self, layer: usize) {
        self.layer = layer;
        self.scratches = 0;
    }

    /// Whether the model has an operator of this kind.
    pub fn has(&self, op: BuiltinOp) -> bool {
        self.graph.main().nodes.iter().any(|node| node.op == op)
    }

    /// A tensor of the graph.
    pub fn tensor(&self, id: TensorId) -> &'g Tensor {
        &self.graph.tensors[id]
    }

    /// Where a tensor is: its constant data, its state, or a buffer of its own from now on.
    pub fn slot(&mut self, id: TensorId) -> Slot {
        if let Some(&slot) = self.places.get(&id) {
            return slot;
        }
        let tensor = self.tensor(id);
        if let Some(view) = self.graph.strips.views.get(&id) {
            let slot = within(self.slot(view.of), view.offset, tensor.bytes());
            self.places.insert(id, slot);
            return slot;
        }
        let align = natural_align(tensor);
        let slot = match &tensor.data {
            Some(data) => self.constant(data, align),
            None => {
                let buffer = self.buffer(&tensor.name, tensor.bytes(), align, tensor.is_variable);
                if self.graph.strips.windows.contains(&id) {
                    self.buffers[buffer].keeps = Keeps::UntilRefilled;
                }
                if tensor.is_variable {
                    // A variable begins as real 0, which is what TFLM's ResetVariableTensors gives it.
                    self.buffers[buffer].fill = fill_pattern(tensor);
                }
                Slot::Buffer { id: buffer, offset: 0, bytes: tensor.bytes() }
            }
        };
        self.places.insert(id, slot);
        slot
    }

    /// Where each tensor is that anything asked for.
    pub fn places(&self) -> impl Iterator<Item = (TensorId, Slot)> {
        self.places.iter().map(|(&id, &slot)| (id, slot))
    }

    /// Where an optional tensor is.
    pub fn optional(&mut self, id: Option<TensorId>) -> Slot {
        id.map_or(Slot::Absent, |id| self.slot(id))
    }

    /// Says that two tensors are the same bytes, as after a RESHAPE. Nothing may have written `of` yet.
    pub fn alias(&mut self, of: TensorId, to: TensorId) {
        let slot = self.slot(to);
        self.places.insert(of, slot);
    }

    /// Puts a tensor where the caller says.
    pub fn place(&mut self, id: TensorId, slot: Slot) {
        self.places.insert(id, slot);
    }

    /// Forgets where a tensor is: its subgraph is called again.
    pub fn forget(&mut self, id: TensorId) {
        if !self.tensor(id).is_variable {
            self.places.remove(&id);
        }
    }

    /// Says which variable a handle names.
    pub fn name_variable(&mut self, handle: TensorId, name: String) {
        self.handles.insert(handle, name);
    }

    /// The variable that a handle names, if anything said so yet.
    pub fn variable_name(&self, handle: TensorId) -> Option<&str> {
        self.handles.get(&handle).map(String::as_str)
    }

    /// Where a variable lies. The first to ask makes it as large as `value`, and beginning with its zero point.
    pub fn variable(&mut self, name: &str, value: TensorId) -> Slot {
        if let Some(&slot) = self.variables.get(name) {
            return slot;
        }
        let tensor = self.tensor(value);
        let bytes = tensor.bytes();
        let id = self.buffer(name, bytes, natural_align(tensor), true);
        self.buffers[id].fill = fill_pattern(tensor);
        let slot = Slot::Buffer { id, offset: 0, bytes };
        self.variables.insert(name.to_string(), slot);
        slot
    }

    /// A buffer that no tensor of the graph names.
    pub fn buffer(&mut self, name: &str, bytes: usize, align: usize, is_state: bool) -> BufferId {
        let name = name.to_string();
        self.buffers.push(Buffer {
            name,
            bytes,
            align,
            is_state,
            keeps: Keeps::Throughout,
            fill: Vec::new(),
        });
        self.buffers.len() - 1
    }

    /// Memory that one step, or a few of one layer that follow each other, needs beside its tensors. The strips of a
    /// layer share theirs.
    pub fn scratch(&mut self, bytes: usize, align: usize) -> Slot {
        let key = (self.layer, self.scratches, bytes, align);
        self.scratches += 1;
        let id = match self.scratch_of.get(&key) {
            Some(&id) => id,
            None => {
                let name = format!("scratch of layer {}", self.layer);
                let id = self.buffer(&name, bytes, align, false);
                self.buffers[id].keeps = Keeps::WithinLayer;
                self.scratch_of.insert(key, id);
                id
            }
        };
        Slot::Buffer { id, offset: 0, bytes }
    }

    /// Puts bytes among the constants; equal ones are kept once.
    pub fn constant(&mut self, data: &[u8], align: usize) -> Slot {
        let key = (align, data.to_vec());
        let offset = match self.interned.get(&key) {
            Some(&offset) => offset,
            None => {
                let offset = self.weights.len().next_multiple_of(align);
                self.weights.resize(offset, 0);
                self.weights.extend_from_slice(data);
                self.interned.insert(key, offset);
                offset
            }
        };
        Slot::Const { offset, bytes: data.len() }
    }

    /// Puts elements among the constants.
    pub fn constants<T: bytemuck::NoUninit>(&mut self, data: &[T]) -> Slot {
        self.constant(bytemuck::cast_slice(data), align_of::<T>().max(4))
    }

    /// Adds a step. What it writes comes first among its operands.
    pub fn push(&mut self, operator: impl Into<AnyOperator>, operands: &[Slot]) {
        self.steps.push(StepIr {
            operator: crate::packing::without_weights(self.options.isa, operator.into()),
            operands: operands.to_vec(),
            may_overwrite: Vec::new(),
            layer: self.layer,
        });
    }

    /// Adds a step whose output may take over the bytes of an operand that nothing needs afterwards.
    ///
    /// The operator must give the same bytes when operand 0 and one of `may_overwrite` are the same place.
    pub fn push_in_place(
        &mut self,
        operator: impl Into<AnyOperator>,
        operands: &[Slot],
        may_overwrite: &[usize],
    ) {
        self.push(operator, operands);
        if let Some(step) = self.steps.last_mut() {
            step.may_overwrite = may_overwrite.to_vec();
        }
    }
}

/// The alignment that a kernel may count on: words for anything an inner loop reads, more where an element needs it.
fn natural_align(tensor: &Tensor) -> usize {
    (tensor.dtype.bits().unwrap_or(8) as usize / 8).max(4)
}

/// Some bytes of a buffer or constant.
/// Bytes of a slot from `at` on.
pub(super) fn within(slot: Slot, at: usize, bytes: usize) -> Slot {
    match slot {
        Slot::Absent => Slot::Absent,
        Slot::Const { offset, .. } => Slot::Const { offset: offset + at, bytes },
        Slot::Buffer { id, offset, .. } => Slot::Buffer { id, offset: offset + at, bytes },
    }
}

fn fill_pattern(tensor: &Tensor) -> Vec<u8> {
    let zero = tensor.zero();
    match tensor.dtype {
        tflite::DType::Int8 | tflite::DType::Uint8 if zero != 0 => vec![zero as u8],
        tflite::DType::Int16 if zero != 0 => (zero as i16).to_le_bytes().to_vec(),
        _ => Vec::new(),
    }
}
