use microjoule::{Executor, Observer, Program, StepInfo};
use telemetry::{
    exit, files,
    wire::{FLAG_RESET, FLAG_STEPS, Failure, FrameHeader, Hello, JobHeader, Kind, StackUse, VERSION},
};

use crate::{
    machine,
    semihosting::{self, File, HostError, Mode},
    stack,
};

/// Does the host's job, and ends.
pub fn serve<P: Program>(model: &mut Executor<'_, P>) -> ! {
    machine::start();
    stack::paint();
    let code = match File::open(files::REPLY, Mode::Write) {
        Ok(reply) => match work(model, Reply(reply)) {
            Ok(()) => exit::DONE,
            Err(HostError) => exit::FAILED,
        },
        Err(HostError) => exit::FAILED,
    };
    semihosting::exit(code)
}

#[derive(Clone, Copy)]
struct Reply(File);

impl Reply {
    fn frame(self, kind: Kind, subject: usize, detail: u32, payload: &[u8]) -> Result<(), HostError> {
        let header =
            FrameHeader { kind, subject: subject as u32, detail, payload_bytes: payload.len() as u32 };
        self.0.write(&header.to_bytes())?;
        if payload.is_empty() { Ok(()) } else { self.0.write(payload) }
    }

    /// The last frame: names what went wrong. The error is what the caller returns in any case.
    fn fail(self, failure: Failure, case: u32) -> HostError {
        defmt::error!("{=str}, case {=u32}", reason(failure), case);
        let _ = self.frame(Kind::Failed, failure as usize, case, &[]);
        HostError
    }
}

fn work<P: Program>(model: &mut Executor<'_, P>, reply: Reply) -> Result<(), HostError> {
    let (inputs, outputs) = (model.program().input_count(), model.program().output_count());
    let hello = Hello {
        arena_bytes: model.program().arena_bytes(),
        state_bytes: model.program().state_bytes(),
        input_bytes: (0..inputs).map(|index| model.input_mut(index).len()).sum::<usize>() as u32,
        output_bytes: (0..outputs).map(|index| model.output(index).len()).sum::<usize>() as u32,
    };
    reply.frame(Kind::Hello, VERSION as usize, 0, &hello.to_bytes())?;

    let mut bytes = [0; JobHeader::BYTES];
    let job = File::open(files::JOB, Mode::Read).map_err(|_| reply.fail(Failure::BadJob, 0))?;
    job.read(&mut bytes).map_err(|_| reply.fail(Failure::BadJob, 0))?;
    let header = JobHeader::from_bytes(&bytes).map_err(|_| reply.fail(Failure::BadJob, 0))?;
    if header.input_bytes != hello.input_bytes {
        return Err(reply.fail(Failure::OtherModel, 0));
    }
    let observed = header.flags & FLAG_STEPS != 0;
    if observed && !cfg!(feature = "steps") {
        return Err(reply.fail(Failure::NoSteps, 0));
    }
    defmt::info!("{=u32} cases, arena {=u32} B", header.cases, hello.arena_bytes);

    let mut measured = StackUse { available_bytes: stack::available_bytes() as u32, ..StackUse::default() };
    for case in 0..header.cases {
        if case == 0 || header.flags & FLAG_RESET != 0 {
            model.reset();
        }
        for index in 0..inputs {
            job.read(model.input_mut(index)).map_err(|_| reply.fail(Failure::ShortJob, case))?;
        }
        reply.frame(Kind::Case, case as usize, 0, &[])?;
        let depth = run(model, observed, reply).ok_or_else(|| reply.fail(Failure::Run, case))?;
        measured.deepest_bytes = measured.deepest_bytes.max(depth.deepest_bytes);
        measured.model_bytes = measured.model_bytes.max(depth.model_bytes);
        for index in 0..outputs {
            reply.frame(Kind::Output, index, 0, model.output(index))?;
        }
    }
    measured.deepest_bytes = measured.deepest_bytes.max(stack::deepest_bytes() as u32);
    defmt::info!(
        "stack: {=u32} B at the deepest, {=u32} B of it the model's",
        measured.deepest_bytes,
        measured.model_bytes
    );
    reply.frame(Kind::Stack, 0, 0, &measured.to_bytes())?;
    reply.frame(Kind::Done, header.cases as usize, 0, &[])
}

/// Runs once on fresh paint. Without `observed`, what is measured is the model's alone.
#[inline(never)]
fn run<P: Program>(model: &mut Executor<'_, P>, observed: bool, reply: Reply) -> Option<StackUse> {
    let before = stack::deepest_bytes();
    stack::paint();
    let used = stack::used_bytes();
    if cfg!(feature = "steps") && observed {
        let mut steps = Steps { reply, written: Ok(()) };
        model.run_observed(&mut steps).ok()?;
        steps.written.ok()?;
    } else {
        begin();
        model.run().ok()?;
        end();
    }
    let deepest = stack::deepest_bytes();
    Some(StackUse {
        deepest_bytes: deepest.max(before) as u32,
        model_bytes: deepest.saturating_sub(used) as u32,
        available_bytes: 0,
    })
}

fn begin() {
    #[cfg(feature = "marks")]
    crate::mark::microjoule_mark_begin();
}

fn end() {
    #[cfg(feature = "marks")]
    crate::mark::microjoule_mark_end();
}

/// Hands on what every step wrote.
struct Steps {
    reply: Reply,
    written: Result<(), HostError>,
}

impl Observer for Steps {
    fn before(&mut self, _: StepInfo) {
        begin();
    }

    fn after(&mut self, step: StepInfo, output: &[u8]) {
        end();
        let Self { reply, written } = self;
        *written = written
            .and_then(|()| reply.frame(Kind::Step, usize::from(step.index), u32::from(step.layer), output));
    }
}

/// The short form of the host's message, which needs no formatting on the device.
fn reason(failure: Failure) -> &'static str {
    match failure {
        Failure::BadJob => "not a job of this version",
        Failure::OtherModel => "a job for another model",
        Failure::ShortJob => "the job ended early",
        Failure::NoSteps => "steps asked of an image without them",
        _ => "the model refused to run",
    }
}
