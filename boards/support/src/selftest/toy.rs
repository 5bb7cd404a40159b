//! A model of two inputs, two steps, two outputs and a memory, whose results can be worked out by hand.
//!
//! `flipped = first ^ 0x5a`; `counted = second + runs`, where `runs` is how often it ran since the last reset. A first
//! byte of 0xff in the first input makes the first step refuse.

use engine::{DType, Executor, Flow, Io, Operand, Operator, Plan, RunError, Step, TensorInfo};
use telemetry::exit;

use crate::{Room, semihosting};

const FIRST: Operand = Operand::arena(0, 4);
const SECOND: Operand = Operand::arena(16, 2);
const FLIPPED: Operand = Operand::arena(32, 4);
const COUNTED: Operand = Operand::arena(48, 2);
const RUNS: Operand = Operand::state(0, 1);

struct Flip;

impl Operator for Flip {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([flipped], [first]) = io.split([0], [1])?;
        if first.first() == Some(&0xff) {
            return Err(RunError::Corrupt);
        }
        for (to, from) in flipped.iter_mut().zip(first) {
            *to = from ^ 0x5a;
        }
        Ok(Flow::Next)
    }
}

struct Count;

impl Operator for Count {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([counted, runs], [second]) = io.split([0, 1], [2])?;
        let runs = runs.first_mut().ok_or(RunError::Operand { index: 1 })?;
        *runs = runs.wrapping_add(1);
        for (to, from) in counted.iter_mut().zip(second) {
            *to = from.wrapping_add(*runs);
        }
        Ok(Flow::Next)
    }
}

const fn tensor(name: &'static str, shape: &'static [u32], operand: Operand) -> TensorInfo<'static> {
    TensorInfo { name, dtype: DType::Uint8, shape, scale: 1.0, zero_point: 0, operand }
}

static PLAN: Plan<'static> = Plan {
    name: "toy",
    inputs: &[tensor("first", &[4], FIRST), tensor("second", &[2], SECOND)],
    outputs: &[tensor("flipped", &[4], FLIPPED), tensor("counted", &[2], COUNTED)],
    arena_bytes: 64,
    state_bytes: 1,
    fills: &[],
    setup: &[],
    steps: &[
        Step { operator: &Flip, operands: &[FLIPPED, FIRST], layer: 3 },
        Step { operator: &Count, operands: &[COUNTED, RUNS, SECOND], layer: 7 },
    ],
    weights: &[],
};

static ARENA: Room<64> = Room::new();
static STATE: Room<16> = Room::new();

pub(super) fn serve() -> ! {
    match Executor::new(PLAN, ARENA.take(), STATE.take()) {
        Ok(mut model) => crate::serve(&mut model),
        Err(_) => semihosting::exit(exit::FAILED),
    }
}
