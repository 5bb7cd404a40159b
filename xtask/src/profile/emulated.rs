//! A board that is emulated: builds, runs, counts.

use anyhow::{Context, Result};
use emulator::{Emulator, Job, Session, Timing};
use firmware::{Contents, build_host_library};

use super::{
    layers::layers,
    record,
    request::{Measured, Request},
};
use crate::{
    Usage,
    firmware::{RUN_LIMIT, Ready, infer},
};

/// The library that counts.
const PLUGIN: &str = "microjoule-emulator-plugin";

/// Measures a model on a board, or tells why that cannot be done here.
///
/// Two images: what is flashed tells the sizes and the stack, one with marks is counted.
///
/// # Errors
/// When the firmware does not build or fails; wrong usage, when there is no such timing table.
pub fn measure(request: &Request<'_>) -> Result<Result<Measured, String>> {
    let Request { board, model, compiled, inputs, .. } = *request;
    let timing = match request.timing {
        Some(name) => Timing::named(name).map_err(Usage::of)?,
        None => Timing::of(&board.core).map_err(Usage::of)?,
    };
    let emulator = match Emulator::find(board) {
        Ok(emulator) => emulator,
        Err(absent) => return Ok(Err(absent.to_string())),
    };
    let ready = match Ready::new(board.clone()) {
        Ok(ready) => ready.planned(request.planning),
        Err(error @ firmware::Error::NoToolchain { .. }) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let expected = golden::run(compiled, &[inputs.to_vec(), inputs.to_vec()], &mut ())?;
    let case = inputs.concat();

    eprintln!("{} on {}: the image that is flashed", model.name, board.name);
    let flashed = ready.image(&model.path, request.profile, false)?;
    let contents = Contents::read(&flashed.path)?;
    let cases = vec![case.clone(); expected.len()];
    let reply = infer(&emulator, &flashed, &Job { cases: &cases, steps: false, reset: false })?;

    eprintln!("{} on {}: the image that is counted", model.name, board.name);
    let marked = ready.image_with(&model.path, request.profile, &["marks", "steps"])?;
    let plugin = build_host_library(request.workspace, PLUGIN, &mut |_| ())?;
    let session = Session { image: &marked.path, plugin: &plugin, timing, limit: RUN_LIMIT };
    let profile = emulator.profile(&session, &case).with_context(|| board.name.clone())?;

    let outputs =
        |reply: &emulator::Reply| reply.cases.iter().map(|case| case.outputs.clone()).collect::<Vec<_>>();
    let same_bytes = outputs(&reply) == expected && outputs(&profile.reply) == expected;
    let record = record::record(
        request,
        &record::Counted {
            timing,
            qemu: emulator.version(),
            contents: &contents,
            reply: &reply,
            profile: &profile,
            layers: &layers(model, compiled)?,
            same_bytes,
        },
    );
    Ok(Ok(Measured { record, same_bytes }))
}
