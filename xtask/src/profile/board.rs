//! Measures on a board behind a debug probe: by the core's own counter, with what timing costs taken away.

use std::fs;

use anyhow::{Context, Result, bail};
use budget::Obtained;
use emulator::{CaseReply, Job, Reply};
use firmware::Contents;
use telemetry::wire::{FrameHeader, Hello, Kind, StackUse, VERSION};

use super::{
    layers::layers,
    record,
    request::{Measured, Request},
};
use crate::{
    desk::{is_simulated, place, prefix},
    firmware::Ready,
    flash::writing,
    probe::{Lab, chip},
};

/// What a simulated target's counter is said to stand at behind a step that took nothing.
const SIMULATED_COST: u32 = 20;
/// Cycles that are made up for each step of a simulated target.
const SIMULATED_STEP: u32 = 1000;

/// Flashes the board, has it run the model, and reads its times.
///
/// Two runs: one whole, whose cycles are the total, and one with every step timed.
///
/// # Errors
/// When the firmware does not build, or fails.
pub fn measure(request: &Request<'_>, probe: Option<&str>) -> Result<Result<Measured, String>> {
    let Request { board, model, compiled, inputs, .. } = *request;
    let (chip, simulated) = (chip(board)?, prefix(probe));
    let lab = Lab::ready(request.workspace)?;
    if !lab.finds(probe)? {
        return Ok(Err(format!("{simulated}no debug probe to reach {} with", board.name)));
    }
    let ready = match Ready::new(board.clone()) {
        Ok(ready) => ready.planned(request.planning),
        Err(error @ firmware::Error::NoToolchain { .. }) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let expected = golden::run(compiled, &[inputs.to_vec()], &mut ())?;
    eprintln!("{simulated}{} for {}: building", model.name, board.name);
    let image = ready.image(&model.path, request.profile, false)?;
    let contents = Contents::read(&image.path)?;
    let to = place(board, chip, &image.path, probe);
    if !lab.aside(&writing(board, &to))? {
        bail!("{simulated}{} was not flashed, and not measured", board.name);
    }
    let cases = [inputs.concat()];
    let job = Job { cases: &cases, steps: false, reset: true };
    let talk = |bytes: Vec<u8>, timed: bool| -> Result<Reply> {
        let reply = is_simulated(probe).then(|| scripted(request, &expected[0], timed));
        let said = converse(&lab, &to, &bytes, reply.as_deref())?;
        let said = said.with_context(|| format!("{simulated}the board was flashed, and not measured"))?;
        Ok(Reply::parse(&said, &job)?)
    };
    let whole = talk(job.to_bytes()?, false)?;
    let timed = talk(job.to_timed_bytes()?, true)?;
    let same = |reply: &Reply| reply.cases.iter().map(|case| &case.outputs).eq(expected.iter());
    let same_bytes = same(&whole) && same(&timed);
    let run = |reply: &Reply| reply.cases.first().and_then(|case: &CaseReply| case.run);
    let (Some(clock), Some(alone), Some(with_steps)) = (timed.clock, run(&whole), run(&timed)) else {
        bail!("{simulated}{} told no times", board.name);
    };
    if with_steps.lost > 0 {
        eprintln!(
            "{simulated}the board had no room for the times of {} steps: they are missing",
            with_steps.lost
        );
    }
    let figures = record::Timed {
        contents: &contents,
        reply: &whole,
        clock,
        whole: alone.cycles.into(),
        whole_timed: with_steps.cycles.into(),
        steps: &timed.cases[0].times,
        layers: &layers(model, compiled)?,
        same_bytes,
        obtained: if is_simulated(probe) { Obtained::Simulated } else { Obtained::Measured },
    };
    Ok(Ok(Measured { record: record::timed(request, &figures), same_bytes }))
}

/// Hands over a job, and gives the bytes of the answer; nothing where there was none.
fn converse(lab: &Lab, to: &[String], job: &[u8], reply: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes)
            .with_context(|| path.display().to_string())
            .map(|()| path.display().to_string())
    };
    let mut arguments = vec!["talk".to_owned(), format!("--job={}", write("job", job)?)];
    arguments.extend_from_slice(to);
    if let Some(reply) = reply {
        arguments.push(format!("--reply={}", write("reply", reply)?));
    }
    lab.bytes(&arguments)
}

/// What a simulated target's firmware says: the host's own outputs, and times that are made up.
fn scripted(request: &Request<'_>, outputs: &[Vec<u8>], timed: bool) -> Vec<u8> {
    let layout = &request.compiled.layout;
    let mut bytes = Vec::new();
    let mut frame = |kind, subject: u32, detail: u32, payload: &[u8]| {
        let header = FrameHeader { kind, subject, detail, payload_bytes: payload.len() as u32 };
        bytes.extend(header.to_bytes());
        bytes.extend(payload);
    };
    let hello = Hello {
        arena_bytes: layout.arena_bytes as u32,
        state_bytes: 0,
        input_bytes: request.inputs.iter().map(Vec::len).sum::<usize>() as u32,
        output_bytes: outputs.iter().map(Vec::len).sum::<usize>() as u32,
    };
    let steps: Vec<_> = layout.steps.iter().skip(layout.setup).collect();
    let whole = steps.len() as u32 * SIMULATED_STEP;
    frame(Kind::Hello, VERSION, 0, &hello.to_bytes());
    frame(Kind::Clock, request.board.core_hz.unwrap_or(1), SIMULATED_COST, &[]);
    frame(Kind::Case, 0, 0, &[]);
    for (index, output) in (0..).zip(outputs) {
        frame(Kind::Output, index, 0, output);
    }
    frame(Kind::Run, whole, 0, &[]);
    for (index, step) in (0..).zip(&steps).filter(|_| timed) {
        let cycles = SIMULATED_STEP + SIMULATED_COST;
        frame(Kind::Time, index, step.layer as u32, &cycles.to_le_bytes());
    }
    frame(Kind::Stack, 0, 0, &StackUse::default().to_bytes());
    frame(Kind::Done, 1, 0, &[]);
    bytes
}
