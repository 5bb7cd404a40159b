//! A board that is driven over a serial line, as MLPerf Tiny's runner does.

use std::{
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use anyhow::Result;
use mlperf::{Dataset, Device, Plan, open};
use telemetry::mlperf::{Mode as Build, Task};

use super::Args;

/// A board that was just switched on starts in this time.
pub const START: Duration = Duration::from_secs(3);
/// After an answer, until all samples up to it have come from any instrument.
pub const SETTLE: Duration = Duration::from_millis(500);

/// What the thread that drives the board tells.
#[derive(Debug)]
pub enum Turn {
    /// A window begins.
    Asked(u32),
    /// The board had answered, and all its samples had come.
    Answered(u32),
    /// All windows, with so many inferences each.
    Done(u32),
    /// Why it did not.
    Failed(String),
}

/// Drives the board over its line, from a thread of its own.
pub fn driver(args: &Args, line: &str, task: Task) -> Receiver<Turn> {
    let (told, turns) = channel();
    let line = line.to_owned();
    let plan = args.plan();
    thread::spawn(move || {
        let mut tell = |turn| drop(told.send(turn));
        if let Err(error) = drive(&line, task, plan, &mut tell) {
            tell(Turn::Failed(error.to_string()));
        }
    });
    turns
}

fn drive(line: &str, task: Task, plan: Plan, tell: &mut impl FnMut(Turn)) -> Result<()> {
    thread::sleep(START);
    let mut device = Device::connect(open(line, Build::Energy.baud())?, Duration::from_secs(5))?;
    let set = Dataset::made(task, plan.windows);
    let mut open = None;
    let outcome = mlperf::measure(&mut device, task, &set, plan, &mut |done, of| {
        if let Some(window) = open.take() {
            // Its last samples may still be on their way.
            thread::sleep(SETTLE);
            tell(Turn::Answered(window));
        }
        if done < of {
            open = Some(done as u32);
            tell(Turn::Asked(done as u32));
        }
    })?;
    let inferences = outcome.windows.first().map_or(1, |window| window.iterations);
    tell(Turn::Done(inferences));
    Ok(())
}
