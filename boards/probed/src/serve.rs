//! The loop that serves the host: jobs in, replies with times out.

use embedded_hal::digital::OutputPin;
use microjoule::{Executor, Observer, Program, StepInfo};
use support::{kept, machine, stack};
use telemetry::{
    trace::{Counter, Recorder},
    wire::{FLAG_RESET, FLAG_TIMES, Failure, FrameHeader, Hello, JobHeader, Kind, StackUse, VERSION},
};

use crate::{Desk, cycles::Cycles, link::Link};

/// Steps that are kept of a run.
const EVENTS: usize = 256;

/// Does the host's jobs, for ever.
pub fn serve<P: Program, W: OutputPin, L>(mut desk: Desk<W, L>, model: &mut Executor<'_, P>) -> ! {
    machine::start();
    stack::paint();
    let mut link = Link::new();
    if let Some(last) = kept::start(desk.watchdog).filter(|last| last.starts == 1) {
        defmt::warn!("the last run ended with a {=str}: `cargo xtask attach` tells more", last.cause.name());
    }
    let cycles = Cycles::start();
    let mut times = Times { cycles, steps: Recorder::new(cycles) };
    defmt::info!(
        "{=u32} Hz, arena {=u32} B, state {=u32} B",
        desk.clock_hz,
        model.program().arena_bytes(),
        model.program().state_bytes()
    );
    loop {
        defmt::info!("waiting for a job");
        if let Err((failure, case)) = job(&mut desk, model, &mut link, &mut times) {
            defmt::error!("failure {=u32} in case {=u32}", failure as u32, case);
            frame(&mut link, Kind::Failed, failure as u32, case, &[]);
        }
    }
}

/// Puts off the watchdog that the image started, if it did.
fn feed<W, L>(desk: &Desk<W, L>) {
    #[cfg(feature = "watchdog")]
    (desk.feed)();
    #[cfg(not(feature = "watchdog"))]
    let _ = desk;
}

/// What measures.
struct Times {
    cycles: Cycles,
    steps: Recorder<Cycles, EVENTS>,
}

fn job<P: Program, W: OutputPin, L>(
    desk: &mut Desk<W, L>,
    model: &mut Executor<'_, P>,
    link: &mut Link,
    times: &mut Times,
) -> Result<(), (Failure, u32)> {
    let mut bytes = [0; JobHeader::BYTES];
    link.receive(&mut bytes, || feed(desk));
    let header = JobHeader::from_bytes(&bytes).map_err(|_| (Failure::BadJob, 0))?;
    let (inputs, outputs) = (model.program().input_count(), model.program().output_count());
    let hello = Hello {
        arena_bytes: model.program().arena_bytes(),
        state_bytes: model.program().state_bytes(),
        input_bytes: (0..inputs).map(|index| model.input_mut(index).len()).sum::<usize>() as u32,
        output_bytes: (0..outputs).map(|index| model.output(index).len()).sum::<usize>() as u32,
    };
    frame(link, Kind::Hello, VERSION, 0, &hello.to_bytes());
    if header.input_bytes != hello.input_bytes {
        return Err((Failure::OtherModel, 0));
    }
    frame(link, Kind::Clock, desk.clock_hz, times.steps.cost(), &[]);
    defmt::info!("{=u32} cases", header.cases);
    for case in 0..header.cases {
        if case == 0 || header.flags & FLAG_RESET != 0 {
            model.reset();
        }
        for index in 0..inputs {
            link.receive(model.input_mut(index), || feed(desk));
        }
        frame(link, Kind::Case, case, 0, &[]);
        feed(desk);
        kept::running(case, None);
        let taken = run(desk, model, times, (header.flags & FLAG_TIMES != 0).then_some(case));
        kept::idle();
        let taken = taken.ok_or((Failure::Run, case))?;
        for index in 0..outputs {
            frame(link, Kind::Output, index as u32, 0, model.output(index));
        }
        frame(link, Kind::Run, taken, times.steps.lost(), &[]);
        for event in times.steps.events() {
            let time = event.cycles.to_le_bytes();
            frame(link, Kind::Time, event.step.into(), event.layer.into(), &time);
        }
        times.steps.clear();
    }
    let depth = StackUse {
        deepest_bytes: stack::deepest_bytes() as u32,
        model_bytes: 0,
        available_bytes: stack::available_bytes() as u32,
    };
    frame(link, Kind::Stack, 0, 0, &depth.to_bytes());
    frame(link, Kind::Done, header.cases, 0, &[]);
    Ok(())
}

/// Times steps, and leaves word which one runs.
struct Traced<'t> {
    steps: &'t mut Recorder<Cycles, EVENTS>,
    case: u32,
}

impl Observer for Traced<'_> {
    fn before(&mut self, step: StepInfo) {
        kept::running(self.case, Some(step.index.into()));
        self.steps.before(step);
    }

    fn after(&mut self, step: StepInfo, output: &[u8]) {
        self.steps.after(step, output);
    }
}

/// The cycles of one run; with a case, the steps are timed.
fn run<P: Program, W: OutputPin, L>(
    desk: &mut Desk<W, L>,
    model: &mut Executor<'_, P>,
    times: &mut Times,
    timed: Option<u32>,
) -> Option<u32> {
    let Times { cycles, steps } = times;
    // A pin that does not move spoils a measurement of energy and no run.
    let _ = desk.window.set_high();
    let started = cycles.now();
    let done = match timed {
        Some(case) => model.run_observed(&mut Traced { steps, case }),
        None => model.run(),
    };
    let taken = cycles.now().wrapping_sub(started);
    let _ = desk.window.set_low();
    done.ok().map(|()| taken)
}

fn frame(link: &mut Link, kind: Kind, subject: u32, detail: u32, payload: &[u8]) {
    let header = FrameHeader { kind, subject, detail, payload_bytes: payload.len() as u32 };
    link.send(&header.to_bytes());
    link.send(payload);
}
