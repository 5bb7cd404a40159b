//! A model compiled in: its steps as a tape, which says of each step only what the last one did not.
//!
//! A step is a *record* of 32-bit words: place and length of each operand, then the operator's parameters as they lie
//! in memory. On the tape stands one byte for the step's [`Kind`], and then, for every eight words of the record, a byte
//! whose bits say which of them change, lowest first, followed by the new values of those. A value is written seven
//! bits to a byte, high bits first, the top bit of a byte set where more follow; of the first byte, bit 6 is the sign.
//!
//! Most of what a network's steps are made of stays as it was or is small, so a step takes about a quarter of the flash
//! that its words would. Steps can only be read one behind the other: plans that jump are compiled in as a
//! [`Plan`](crate::Plan).

use core::marker::PhantomData;

use bytemuck::{Pod, Zeroable};

use crate::{Fill, Flow, Io, Memory, Observer, Operand, Operator, Program, RunError, StepInfo, TensorInfo};

/// An operator whose parameters are what their bytes say: it can be used where they lie in a record.
pub trait Plain: Operator + Pod {}

/// Runs a step on the record that holds its operands and parameters.
pub type Kind = fn(&[u32], &mut Memory<'_>) -> Result<(), RunError>;

/// Words that an operand takes of a record.
pub const OPERAND_WORDS: usize = size_of::<Operand>() / size_of::<u32>();

/// The [`Kind`] of an operator whose parameters are in the record, behind so many operands.
///
/// # Errors
/// As [`RunError`] says.
pub fn plain<O: Plain, const OPERANDS: usize>(
    record: &[u32],
    memory: &mut Memory<'_>,
) -> Result<(), RunError> {
    let parameters = record
        .get(OPERANDS * OPERAND_WORDS..)
        .and_then(|words| bytemuck::cast_slice::<u32, u8>(words).get(..size_of::<O>()))
        .and_then(|bytes| bytemuck::try_from_bytes::<O>(bytes).ok());
    fixed::<O, OPERANDS>(parameters.ok_or(RunError::Corrupt)?, record, memory)
}

/// A step of an operator that is no part of the record, as for the [`Kind`] of one that stands in the program.
///
/// # Errors
/// As [`RunError`] says.
pub fn fixed<O: Operator, const OPERANDS: usize>(
    operator: &O,
    record: &[u32],
    memory: &mut Memory<'_>,
) -> Result<(), RunError> {
    let operands =
        record.get(..OPERANDS * OPERAND_WORDS).and_then(|words| bytemuck::try_cast_slice(words).ok());
    match operator.run(&mut Io::new(memory, operands.ok_or(RunError::Corrupt)?))? {
        Flow::Next => Ok(()),
        Flow::Jump(_) => Err(RunError::ControlFlow),
    }
}

/// What the compiler knows of a model. Constants, so that what a program does not ask for is not in it.
pub trait Network {
    /// Bytes of arena that a run needs, scratch included.
    const ARENA_BYTES: u32;
    /// Bytes that persist from run to run.
    const STATE_BYTES: u32;
    /// What the caller writes before a run.
    const INPUTS: &'static [TensorInfo<'static>];
    /// What the caller reads after a run.
    const OUTPUTS: &'static [TensorInfo<'static>];
    /// What the state begins as; bytes that no row names begin as 0.
    const FILLS: &'static [Fill];
    /// The kinds of steps, by their numbers.
    const KINDS: &'static [Kind];
    /// Steps that run once, before the first run.
    const SETUP: &'static [u8];
    /// Steps of a run.
    const STEPS: &'static [u8];
    /// The model's operators that the steps belong to: of the set-up, and of a run.
    const LAYERS: [&'static [u16]; 2];
    /// The words of a step.
    type Record: AsRef<[u32]> + AsMut<[u32]> + Zeroable;
    /// Constants, aligned to 16 bytes.
    fn weights() -> &'static [u8];
}

/// A network as a program.
#[derive(Debug)]
pub struct Compiled<N>(PhantomData<N>);

impl<N> Compiled<N> {
    /// The program.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<N> Default for Compiled<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads what changes of a record; what is left of the tape.
#[inline(never)]
fn read<'t>(mut tape: &'t [u8], record: &mut [u32]) -> &'t [u8] {
    for eight in record.chunks_mut(8) {
        let mut changes = next(&mut tape);
        for word in eight {
            if changes & 1 == 1 {
                *word = value(&mut tape);
            }
            changes >>= 1;
            if changes == 0 {
                break;
            }
        }
    }
    tape
}

/// The next byte; 0 past the end.
#[inline(always)]
fn next(tape: &mut &[u8]) -> u8 {
    tape.split_off_first().copied().unwrap_or(0)
}

/// The next value.
#[inline(always)]
fn value(tape: &mut &[u8]) -> u32 {
    let mut byte = next(tape);
    let mut value = i32::from(byte) << 25 >> 25;
    while byte >= 0x80 {
        byte = next(tape);
        value = value << 7 | i32::from(byte & 0x7f);
    }
    value as u32
}

impl<N: Network> Compiled<N> {
    /// Calls `visit` with every step's number, kind and record, until it has an answer.
    #[inline(always)]
    fn each_step<T>(setup: bool, mut visit: impl FnMut(usize, Kind, &[u32]) -> Option<T>) -> Option<T> {
        let mut tape = if setup { N::SETUP } else { N::STEPS };
        let mut record = N::Record::zeroed();
        let mut index = 0;
        while let Some(&kind) = tape.split_off_first() {
            tape = read(tape, record.as_mut());
            let answer = visit(index, *N::KINDS.get(usize::from(kind))?, record.as_ref());
            if answer.is_some() {
                return answer;
            }
            index += 1;
        }
        None
    }

    fn describe(setup: bool, index: usize, record: &[u32]) -> Option<StepInfo> {
        let [run, once] = N::LAYERS;
        let layer = *if setup { once } else { run }.get(index)?;
        let output =
            record.first_chunk::<OPERAND_WORDS>().map_or(Operand::ABSENT, |&words| bytemuck::cast(words));
        Some(StepInfo { index: index as u16, layer, output })
    }
}

impl<N: Network> Program for Compiled<N> {
    fn len(&self) -> usize {
        N::LAYERS[0].len()
    }
    fn setup_len(&self) -> usize {
        N::LAYERS[1].len()
    }
    fn arena_bytes(&self) -> u32 {
        N::ARENA_BYTES
    }
    fn state_bytes(&self) -> u32 {
        N::STATE_BYTES
    }
    fn weights(&self) -> &[u8] {
        N::weights()
    }
    fn input_count(&self) -> usize {
        N::INPUTS.len()
    }
    fn output_count(&self) -> usize {
        N::OUTPUTS.len()
    }
    fn input(&self, index: usize) -> Option<TensorInfo<'_>> {
        N::INPUTS.get(index).copied()
    }
    fn output(&self, index: usize) -> Option<TensorInfo<'_>> {
        N::OUTPUTS.get(index).copied()
    }
    fn fill(&self, index: usize) -> Option<Fill> {
        N::FILLS.get(index).copied()
    }
    fn info(&self, setup: bool, index: usize) -> Option<StepInfo> {
        Self::each_step(
            setup,
            |at, _, record| if at == index { Self::describe(setup, at, record) } else { None },
        )
    }
    fn run_step(&self, setup: bool, index: usize, memory: &mut Memory<'_>) -> Result<Flow, RunError> {
        let ran = Self::each_step(setup, |at, kind, record| (at == index).then(|| kind(record, memory)));
        ran.unwrap_or(Err(RunError::ControlFlow)).map(|()| Flow::Next)
    }

    #[inline(never)]
    fn run_steps<O: Observer>(
        &self,
        setup: bool,
        memory: &mut Memory<'_>,
        observer: &mut O,
    ) -> Result<(), RunError> {
        let stopped = Self::each_step(setup, |index, kind, record| {
            let info = if O::ACTIVE { Self::describe(setup, index, record) } else { None };
            if let Some(info) = info {
                observer.before(info);
            }
            if let Err(error) = kind(record, memory) {
                return Some(error);
            }
            if let Some(info) = info {
                observer.after(info, memory.bytes(info.output).unwrap_or_default());
            }
            None
        });
        stopped.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Executor;

    /// Places as they stand on a tape.
    const WEIGHTS: u8 = 1;
    const ARENA: u8 = 2;
    const STATE: u8 = 3;
    const ARENA_8: u8 = 8 << 2 | ARENA;

    /// Adds its parameters to every byte of the input.
    #[derive(Clone, Copy, Pod, Zeroable)]
    #[repr(C)]
    struct Add {
        much: i32,
        more: u16,
        unused: u16,
    }

    impl Operator for Add {
        fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
            let ([output], [input]) = io.split([0], [1])?;
            for (to, from) in output.iter_mut().zip(input) {
                *to = from.wrapping_add((self.much + i32::from(self.more)) as u8);
            }
            Ok(Flow::Next)
        }
    }

    impl Plain for Add {}

    struct Three;

    impl Network for Three {
        const ARENA_BYTES: u32 = 16;
        const STATE_BYTES: u32 = 16;
        const INPUTS: &'static [TensorInfo<'static>] = &[tensor(Operand::arena(0, 2))];
        const OUTPUTS: &'static [TensorInfo<'static>] = &[tensor(Operand::arena(0, 2))];
        const FILLS: &'static [Fill] = &[];
        const KINDS: &'static [Kind] = &[plain::<Add, 2>, |record, memory| {
            fixed::<_, 2>(&const { Add { much: 5, more: 0, unused: 0 } }, record, memory)
        }];
        // The state is the constants and 7.
        const SETUP: &'static [u8] = &[0, 0b11111, STATE, 2, WEIGHTS, 2, 7];
        // Behind the input comes the state, and -100 and 300 more; the output is 5 more than that.
        const STEPS: &'static [u8] =
            &[0, 0b111111, ARENA_8, 2, STATE, 2, 0xff, 0x1c, 0x82, 0x2c, 1, 0b101, ARENA, ARENA_8];
        const LAYERS: [&'static [u16]; 2] = [&[4, 9], &[1]];
        type Record = [u32; 6];
        fn weights() -> &'static [u8] {
            &[1, 2]
        }
    }

    const fn tensor(operand: Operand) -> TensorInfo<'static> {
        TensorInfo { name: "", dtype: crate::DType::Uint8, shape: &[2], scale: 0.0, zero_point: 0, operand }
    }

    #[derive(Default)]
    struct Seen([Option<(StepInfo, [u8; 2])>; 4], usize);

    impl Observer for Seen {
        fn after(&mut self, step: StepInfo, output: &[u8]) {
            self.0[self.1] = Some((step, [output[0], output[1]]));
            self.1 += 1;
        }
    }

    #[test]
    fn a_tape_says_what_changes_from_step_to_step() {
        let (mut arena, mut state) = (crate::Arena::<16>::new(), crate::Arena::<16>::new());
        let mut executor = Executor::new(Compiled::<Three>::new(), &mut arena.0, &mut state.0).unwrap();
        for _ in 0..2 {
            executor.run().unwrap();
            assert_eq!(executor.output(0), [213, 214]);
        }
        let mut seen = Seen::default();
        executor.run_observed(&mut seen).unwrap();
        let first = StepInfo { index: 0, layer: 4, output: Operand::arena(8, 2) };
        let second = StepInfo { index: 1, layer: 9, output: Operand::arena(0, 2) };
        assert_eq!(seen.0, [Some((first, [208, 209])), Some((second, [213, 214])), None, None]);
    }

    #[test]
    fn any_step_can_be_asked_for() {
        let (mut arena, mut state) = ([0; 16], [0; 16]);
        let mut memory = Memory::new(&[1, 2], &mut arena, &mut state);
        let program = Compiled::<Three>::new();
        assert_eq!((program.setup_len(), program.len()), (1, 2));
        assert_eq!(
            program.info(true, 0).map(|info| (info.layer, info.output)),
            Some((1, Operand::state(0, 2)))
        );
        assert_eq!(program.info(false, 1).map(|info| info.layer), Some(9));
        assert_eq!(program.info(false, 2), None);
        assert_eq!(program.run_step(true, 0, &mut memory), Ok(Flow::Next));
        assert_eq!(program.run_step(false, 1, &mut memory), Ok(Flow::Next));
        assert_eq!(memory.bytes(Operand::state(0, 2)), Some(&[8, 9][..]));
        assert_eq!(memory.bytes(Operand::arena(0, 2)), Some(&[5, 5][..]));
        assert_eq!(program.run_step(false, 2, &mut memory), Err(RunError::ControlFlow));
    }

    #[test]
    fn values_are_as_wide_as_they_need_to_be() {
        for (bytes, expected) in [
            (&[0x3f][..], 63),
            (&[0x40], -64),
            (&[0x80, 0x40], 64),
            (&[0x87, 0xff, 0xff, 0xff, 0x7f], i32::MAX),
            (&[0xf8, 0x80, 0x80, 0x80, 0], i32::MIN),
            // What no compiler writes: too long, or cut short.
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], 1),
            (&[0x81], 128),
            (&[], 0),
        ] {
            let mut tape = bytes;
            assert_eq!(value(&mut tape), expected as u32, "{bytes:x?}");
            assert!(tape.is_empty());
        }
    }
}
