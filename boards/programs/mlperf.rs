//! A model that MLPerf Tiny's runner drives over a serial line. The environment's `MICROJOULE_MODEL` names it when the
//! image is built; its shapes tell which of the benchmarks it is for.
#![no_std]
#![no_main]

use microjoule::Executor;
use support::{
    Room,
    serial::{Task, serve_mlperf},
};

microjoule::include_model!(model);
include!(concat!(env!("OUT_DIR"), "/serial.rs"));

const TASK: Task = Task::of(&model::INPUTS, &model::OUTPUTS);

static BUFFER: Room<{ TASK.kept_bytes() }> = Room::new();

/// The program.
#[support::entry]
fn main() -> ! {
    let (arena, state) = support::memories!(model);
    let mut model = Executor::begin(&model::PLAN, arena, state);
    serve_mlperf::<Uart, _>((WIRING, ears()), NAME, &mut model, TASK, BUFFER.take())
}
