//! Runs a plan on the host, as a device would.

use engine::{Executor, Fill, Flow, Io, Memory, Operand, Operator, Program, RunError, StepInfo, TensorInfo};

use crate::{Compiled, TensorDesc, plan::PlannedStep};

/// A plan with the memory that it runs in.
#[derive(Debug)]
pub struct HostModel<'c> {
    compiled: &'c Compiled,
    arena: Vec<Aligned>,
    state: Vec<Aligned>,
}

#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Aligned([u8; 64]);

impl<'c> HostModel<'c> {
    /// Memory for a plan, not zero, so that a kernel that reads what nothing wrote shows; lines of the cache begin where
    /// the plan aligns to them.
    pub fn new(compiled: &'c Compiled) -> Self {
        let memory = |bytes: usize| vec![Aligned([0xa5; 64]); bytes.div_ceil(64)];
        Self {
            compiled,
            arena: memory(compiled.layout.arena_bytes),
            state: memory(compiled.layout.state_bytes),
        }
    }

    /// The plan's memories, for a caller that runs the steps itself.
    pub fn memory(&mut self) -> Memory<'_> {
        Memory::new(
            &self.compiled.layout.weights,
            bytemuck::cast_slice_mut(&mut self.arena),
            bytemuck::cast_slice_mut(&mut self.state),
        )
    }

    /// The engine's executor over this memory, its state at the beginning.
    ///
    /// # Errors
    /// As [`Executor::new`].
    pub fn executor(&mut self) -> Result<Executor<'_, &'c Compiled>, RunError> {
        Executor::new(
            self.compiled,
            bytemuck::cast_slice_mut(&mut self.arena),
            bytemuck::cast_slice_mut(&mut self.state),
        )
    }
}

fn info(tensor: &TensorDesc) -> TensorInfo<'_> {
    TensorInfo {
        name: &tensor.name,
        dtype: tensor.dtype,
        shape: &tensor.shape,
        scale: tensor.scale,
        zero_point: tensor.zero_point,
        operand: tensor.operand,
    }
}

impl Compiled {
    fn step(&self, setup: bool, index: usize) -> Option<&PlannedStep> {
        let (once, every_run) = self.layout.steps.split_at_checked(self.layout.setup)?;
        if setup { once.get(index) } else { every_run.get(index) }
    }
}

impl Program for Compiled {
    fn len(&self) -> usize {
        self.layout.steps.len() - self.layout.setup
    }
    fn setup_len(&self) -> usize {
        self.layout.setup
    }
    fn arena_bytes(&self) -> u32 {
        self.layout.arena_bytes as u32
    }
    fn state_bytes(&self) -> u32 {
        self.layout.state_bytes as u32
    }
    fn weights(&self) -> &[u8] {
        &self.layout.weights
    }
    fn input_count(&self) -> usize {
        self.inputs.len()
    }
    fn output_count(&self) -> usize {
        self.outputs.len()
    }
    fn input(&self, index: usize) -> Option<TensorInfo<'_>> {
        self.inputs.get(index).map(info)
    }
    fn output(&self, index: usize) -> Option<TensorInfo<'_>> {
        self.outputs.get(index).map(info)
    }
    fn fill(&self, index: usize) -> Option<Fill> {
        let (operand, pattern) = self.layout.fills.get(index)?;
        let mut bytes = [0; 8];
        for (byte, &value) in bytes.iter_mut().zip(pattern) {
            *byte = value;
        }
        Some(Fill { operand: *operand, pattern: bytes, period: pattern.len() as u8 })
    }
    fn info(&self, setup: bool, index: usize) -> Option<StepInfo> {
        let step = self.step(setup, index)?;
        let output = step.operands.first().copied().unwrap_or(Operand::ABSENT);
        Some(StepInfo { index: index as u16, layer: step.layer as u16, output })
    }
    fn run_step(&self, setup: bool, index: usize, memory: &mut Memory<'_>) -> Result<Flow, RunError> {
        let step = self.step(setup, index).ok_or(RunError::ControlFlow)?;
        step.operator.run(&mut Io::new(memory, &step.operands))
    }
}
