//! The loop.

use crate::{
    Fill, Flow, Io, Memory, Operand, Plan, RunError, Space, TensorInfo,
    memory::{view, view_mut},
};

/// A plan in a form that can be run: compiled in, or read from a blob.
pub trait Program {
    /// Steps of a run.
    fn len(&self) -> usize;
    /// Whether a run has no step.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Steps that run once, before the first run.
    fn setup_len(&self) -> usize;
    /// Bytes of arena that a run needs.
    fn arena_bytes(&self) -> u32;
    /// Bytes that persist from run to run.
    fn state_bytes(&self) -> u32;
    /// Constants.
    fn weights(&self) -> &[u8];
    /// How many inputs the model takes.
    fn input_count(&self) -> usize;
    /// How many outputs the model gives.
    fn output_count(&self) -> usize;
    /// Where an input lies.
    fn input(&self, index: usize) -> Option<TensorInfo<'_>>;
    /// Where an output lies.
    fn output(&self, index: usize) -> Option<TensorInfo<'_>>;
    /// What the state begins as, row by row.
    fn fill(&self, index: usize) -> Option<Fill>;
    /// Which step stands at `index`: of the set-up when `setup`, else of a run.
    fn info(&self, setup: bool, index: usize) -> Option<StepInfo>;
    /// Runs that step.
    ///
    /// # Errors
    /// As [`RunError`] says.
    fn run_step(&self, setup: bool, index: usize, memory: &mut Memory<'_>) -> Result<Flow, RunError>;
    /// Runs all steps, of the set-up when `setup`, else of a run, and tells `observer` of each.
    ///
    /// # Errors
    /// As [`RunError`] says.
    fn run_steps<O: Observer>(
        &self,
        setup: bool,
        memory: &mut Memory<'_>,
        observer: &mut O,
    ) -> Result<(), RunError> {
        let len = if setup { self.setup_len() } else { self.len() };
        let mut index = 0;
        for _ in 0..MAX_STEPS {
            if index >= len {
                return Ok(());
            }
            let info = if O::ACTIVE { self.info(setup, index) } else { None };
            if let Some(info) = info {
                observer.before(info);
            }
            let flow = self.run_step(setup, index, memory)?;
            if let Some(info) = info {
                observer.after(info, memory.bytes(info.output).unwrap_or_default());
            }
            index = match flow {
                Flow::Next => index + 1,
                Flow::Jump(to) => usize::from(to),
            };
        }
        Err(RunError::ControlFlow)
    }
}

/// Steps that a run may take at most, loops included. A WHILE that never ends stops here.
const MAX_STEPS: u32 = 1 << 24;

/// What an observer is told of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepInfo {
    /// Position in the plan.
    pub index: u16,
    /// Index of the model's operator that the step belongs to.
    pub layer: u16,
    /// What the step writes.
    pub output: Operand,
}

/// Is told of every step; for profiles, traces and layer-by-layer comparison.
///
/// `()` observes nothing, and costs nothing.
pub trait Observer {
    /// The step is about to run.
    #[inline]
    fn before(&mut self, _step: StepInfo) {}
    /// The step has run; `output` is what it wrote.
    #[inline]
    fn after(&mut self, _step: StepInfo, _output: &[u8]) {}
    /// Whether it needs to be called at all.
    const ACTIVE: bool = true;
}

impl Observer for () {
    const ACTIVE: bool = false;
}

/// A program that is lent is a program.
macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),*) -> $out:ty;)*) => {
        impl<P: Program> Program for &P {
            $(fn $name(&self, $($argument: $type),*) -> $out { (**self).$name($($argument),*) })*
            fn run_steps<O: Observer>(
                &self,
                setup: bool,
                memory: &mut Memory<'_>,
                observer: &mut O,
            ) -> Result<(), RunError> {
                (**self).run_steps(setup, memory, observer)
            }
        }
    };
}

forward! {
    len() -> usize;
    setup_len() -> usize;
    arena_bytes() -> u32;
    state_bytes() -> u32;
    weights() -> &[u8];
    input_count() -> usize;
    output_count() -> usize;
    input(index: usize) -> Option<TensorInfo<'_>>;
    output(index: usize) -> Option<TensorInfo<'_>>;
    fill(index: usize) -> Option<Fill>;
    info(setup: bool, index: usize) -> Option<StepInfo>;
    run_step(setup: bool, index: usize, memory: &mut Memory<'_>) -> Result<Flow, RunError>;
}

impl Program for Plan<'_> {
    fn len(&self) -> usize {
        self.steps.len()
    }
    fn setup_len(&self) -> usize {
        self.setup.len()
    }
    fn arena_bytes(&self) -> u32 {
        self.arena_bytes
    }
    fn state_bytes(&self) -> u32 {
        self.state_bytes
    }
    fn weights(&self) -> &[u8] {
        self.weights
    }
    fn input_count(&self) -> usize {
        self.inputs.len()
    }
    fn output_count(&self) -> usize {
        self.outputs.len()
    }
    fn input(&self, index: usize) -> Option<TensorInfo<'_>> {
        self.inputs.get(index).copied()
    }
    fn output(&self, index: usize) -> Option<TensorInfo<'_>> {
        self.outputs.get(index).copied()
    }
    fn fill(&self, index: usize) -> Option<Fill> {
        self.fills.get(index).copied()
    }
    fn info(&self, setup: bool, index: usize) -> Option<StepInfo> {
        let step = if setup { self.setup } else { self.steps }.get(index)?;
        let output = step.operands.first().copied().unwrap_or(Operand::ABSENT);
        Some(StepInfo { index: index as u16, layer: step.layer, output })
    }
    fn run_step(&self, setup: bool, index: usize, memory: &mut Memory<'_>) -> Result<Flow, RunError> {
        let step = if setup { self.setup } else { self.steps }.get(index).ok_or(RunError::ControlFlow)?;
        step.operator.run(&mut Io::new(memory, step.operands))
    }
}

/// A program and the memory it runs in.
#[derive(Debug)]
pub struct Executor<'m, P> {
    program: P,
    arena: &'m mut [u8],
    state: &'m mut [u8],
    is_set_up: bool,
}

impl<'m, P: Program> Executor<'m, P> {
    /// Steps that a run may take at most, loops included. A WHILE that never ends stops here.
    pub const MAX_STEPS: u32 = MAX_STEPS;

    /// Gives a program its memory, and puts the state to where it begins.
    ///
    /// `arena` and `state` may be longer than needed. The arena may be lent to another model between runs;
    /// the state may not.
    ///
    /// # Errors
    /// [`RunError::TooSmall`] when `arena` or `state` is too short; [`RunError::Unaligned`] when one does
    /// not begin at a multiple of 16 (use [`Arena`](crate::Arena)).
    pub fn new(program: P, arena: &'m mut [u8], state: &'m mut [u8]) -> Result<Self, RunError> {
        for (space, needed, memory) in
            [(Space::Arena, program.arena_bytes(), &*arena), (Space::State, program.state_bytes(), &*state)]
        {
            if memory.len() < needed as usize {
                return Err(RunError::TooSmall { space });
            }
            if needed > 0 && !memory.as_ptr().addr().is_multiple_of(16) {
                return Err(RunError::Unaligned { index: 0 });
            }
        }
        Ok(Self::begin(program, arena, state))
    }

    /// As [`new`](Self::new), for memory whose size the caller knows to be right. With memory that is too
    /// short or not aligned, a run ends with an error.
    pub fn begin(program: P, arena: &'m mut [u8], state: &'m mut [u8]) -> Self {
        let mut executor = Self { program, arena, state, is_set_up: false };
        executor.reset();
        executor
    }

    /// Goes on with the state that an earlier executor of the same program left; the arena may have been used
    /// by others meanwhile.
    pub fn resume(program: P, arena: &'m mut [u8], state: &'m mut [u8]) -> Self {
        Self { program, arena, state, is_set_up: true }
    }

    /// The program.
    pub fn program(&self) -> &P {
        &self.program
    }

    /// Forgets what earlier runs left in the state.
    pub fn reset(&mut self) {
        self.state.fill(0);
        let mut memory = Memory::new(&[], &mut [], self.state);
        let mut index = 0;
        while let Some(fill) = self.program.fill(index) {
            memory.fill(&fill);
            index += 1;
        }
        self.is_set_up = false;
    }

    /// The bytes of an input, to be written before a run; empty when there is no such input.
    pub fn input_mut(&mut self, index: usize) -> &mut [u8] {
        let operand = self.program.input(index).map_or(Operand::ABSENT, |tensor| tensor.operand);
        view_mut(operand, self.arena, self.state).unwrap_or_default()
    }

    /// The bytes of an output, valid after a run; empty when there is no such output.
    pub fn output(&self, index: usize) -> &[u8] {
        let operand = self.program.output(index).map_or(Operand::ABSENT, |tensor| tensor.operand);
        view(operand, self.program.weights(), self.arena, self.state).unwrap_or_default()
    }

    /// Runs every step once.
    ///
    /// # Errors
    /// As [`RunError`] says; never, with a plan that the compiler made.
    pub fn run(&mut self) -> Result<(), RunError> {
        self.run_observed(&mut ())
    }

    /// Runs every step once and tells `observer` of each.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_observed<O: Observer>(&mut self, observer: &mut O) -> Result<(), RunError> {
        if !self.is_set_up {
            self.run_steps(true, observer)?;
            self.is_set_up = true;
        }
        self.run_steps(false, observer)
    }

    /// Not inlined where it is called, so that an image's map tells the engine from the program around it.
    #[inline(never)]
    fn run_steps<O: Observer>(&mut self, setup: bool, observer: &mut O) -> Result<(), RunError> {
        let mut memory = Memory::new(self.program.weights(), self.arena, self.state);
        self.program.run_steps(setup, &mut memory, observer)
    }
}
