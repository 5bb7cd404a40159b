//! Runs a program with a bound on its steps and its memory.

use engine::{Executor, Flow, Memory, Program, RunError};

/// Most bytes that a program may ask for, arena or state, and be run.
const MOST_BYTES: u32 = 1 << 20;
/// Steps of one run after which a loop is taken to be endless.
const MOST_STEPS: u32 = 512;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// All outputs, run after run.
    Outputs(Vec<Vec<u8>>),
    /// It took more steps than are allowed here.
    Endless,
    /// It asks for more memory than is given here.
    TooLarge,
    /// The engine stopped.
    Stopped(RunError),
}

/// A program's memory, kept from program to program.
#[derive(Default)]
pub struct Machine {
    arena: Vec<u128>,
    state: Vec<u128>,
}

impl Machine {
    /// Sets a program up, runs it twice, and gives the outputs of both runs.
    ///
    /// Memory begins as `fill` in all bytes, so that two runs with two fills show a step that reads what
    /// nothing wrote. `input` writes the bytes of an input.
    pub fn run<P: Program>(
        &mut self,
        program: &P,
        fill: u8,
        mut input: impl FnMut(usize, &mut [u8]),
    ) -> Ending {
        if program.arena_bytes().max(program.state_bytes()) > MOST_BYTES {
            return Ending::TooLarge;
        }
        let words = |bytes: u32| (bytes as usize).div_ceil(16);
        for (memory, bytes) in
            [(&mut self.arena, program.arena_bytes()), (&mut self.state, program.state_bytes())]
        {
            memory.clear();
            memory.resize(words(bytes), u128::from_le_bytes([fill; 16]));
        }
        let (arena, state): (&mut [u8], &mut [u8]) =
            (bytemuck::cast_slice_mut(&mut self.arena), bytemuck::cast_slice_mut(&mut self.state));
        let mut outputs = Vec::new();
        for repeat in 0..2 {
            let executor = if repeat == 0 {
                Executor::new(program, &mut *arena, &mut *state)
            } else {
                Ok(Executor::resume(program, &mut *arena, &mut *state))
            };
            let mut executor = match executor {
                Ok(executor) => executor,
                Err(error) => return Ending::Stopped(error),
            };
            (0..program.input_count().min(64)).for_each(|index| input(index, executor.input_mut(index)));
            let mut memory = Memory::new(program.weights(), &mut *arena, &mut *state);
            let ended = if repeat == 0 { steps(program, true, &mut memory) } else { Ok(true) };
            match ended.and_then(|ended| Ok(ended && steps(program, false, &mut memory)?)) {
                Ok(true) => {}
                Ok(false) => return Ending::Endless,
                Err(error) => return Ending::Stopped(error),
            }
            for index in 0..program.output_count().min(64) {
                let Some(output) = program.output(index) else { continue };
                outputs.push(memory.bytes(output.operand).unwrap_or_default().to_vec());
            }
        }
        Ending::Outputs(outputs)
    }
}

/// The engine's loop with a lower bound; whether it came to its end.
fn steps<P: Program>(program: &P, setup: bool, memory: &mut Memory<'_>) -> Result<bool, RunError> {
    let len = if setup { program.setup_len() } else { program.len() };
    let mut index = 0;
    for _ in 0..MOST_STEPS {
        if index >= len {
            return Ok(true);
        }
        index = match program.run_step(setup, index, memory)? {
            Flow::Next => index + 1,
            Flow::Jump(to) => usize::from(to),
        };
    }
    Ok(index >= len)
}
