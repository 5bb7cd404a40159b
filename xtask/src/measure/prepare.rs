//! What comes before a board behind a debug probe is measured: it is timed, it gets its energy image, and the probe lets go of it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use firmware::{Board, Profile, Windows};
use lab::recording::Identity;

use super::{Args, kernels};
use crate::{
    Usage,
    desk::{place, prefix},
    firmware::{Ready, fitting},
    flash::writing_and_letting_go,
    infer::refused,
    model::Model,
    probe::{Lab, chip},
    profile,
};

/// Windows are planned to be longer than asked for by this share: an inference that is timed does not put its input in place.
const MARGIN: f64 = 0.01;

/// A board that only needs to be switched on.
#[derive(Debug)]
pub struct Prepared {
    /// The image in its flash; nothing where nobody knows.
    pub image: Option<Identity>,
    /// What it does by itself.
    pub windows: Windows,
    /// How long an inference takes, in seconds, as far as is known beforehand.
    pub inference: f64,
    /// What was found on the way, for the record.
    pub notes: Vec<String>,
}

/// A board that somebody has prepared before.
pub fn trusted(args: &Args) -> Result<Prepared> {
    let inferences = args.inferences.ok_or_else(|| Usage::error("--no-flash takes --inferences as well"))?;
    let note = "the image was flashed before: nobody has looked at which it is".to_owned();
    eprintln!("warning: {note}");
    Ok(Prepared {
        image: None,
        windows: Windows { count: args.windows, inferences },
        inference: args.seconds / f64::from(inferences),
        notes: vec![note],
    })
}

/// Times the board, gives it its energy image, and lets go of it; nothing where that cannot be done here, which was said.
///
/// # Errors
/// With the state in which the board is.
pub fn prepare(args: &Args, workspace: &Path, board: &Board, model: &Model) -> Result<Option<Prepared>> {
    let probe = args.probe.as_deref();
    let prefix = prefix(probe);
    let name = &board.name;
    let options = args.planning.image_options(board, Profile::Release);
    let compiled = match model.compile(options) {
        Ok(compiled) => compiled,
        Err(error) => return refused(model, &error).map(|_| None),
    };
    let inputs = golden::lcg_inputs(&compiled.inputs, golden::Lcg::SEED);
    let request = profile::Request {
        workspace,
        board,
        model,
        compiled: &compiled,
        inputs: &inputs,
        planning: args.planning.firmware(),
        profile: Profile::Release,
        timing: None,
    };

    eprintln!(
        "{prefix}step 1 of 4: {name} runs {} with its debugger attached, for its bytes and its time",
        model.name
    );
    let timed = match profile::measure_by_probe(&request, probe).with_context(|| {
        format!("step 1 of 4: {name} holds the profile image or a part of it; nothing was measured")
    })? {
        Ok(timed) => timed,
        Err(why) => {
            let next = "a board that has its energy image is measured with --no-flash";
            eprintln!("skipped: {why}; nothing was flashed and nothing measured; {next}");
            return Ok(None);
        }
    };
    if !timed.same_bytes {
        bail!(
            "{name} gives OTHER bytes than the host: the energy of wrong answers is not worth measuring. It holds the profile \
             image; `cargo xtask profile {}` shows more",
            model.name
        );
    }
    let inference = timed.record.total.microseconds.context("the board told no time")? * 1e-6;
    let inferences = args.inferences.unwrap_or_else(|| fill(args.seconds, inference));
    let windows = Windows { count: args.windows, inferences };

    eprintln!("{prefix}step 2 of 4: the energy image, {} windows of {inferences} inferences", windows.count);
    let holds = || format!("step 2 of 4: {name} holds the profile image; nothing was measured");
    let ready = Ready::new(board.clone())?.planned(args.planning.firmware());
    let profiled = ready.image(&model.path, Profile::Release, false).with_context(holds)?;
    let energy = match fitting(ready.energy(&model.path, windows)).with_context(holds)? {
        Ok(energy) => energy,
        Err(why) => bail!("{}: {why}", holds()),
    };
    kernels::quiet(&energy.path).with_context(holds)?;
    let notes = vec![kernels::same(&profiled.path, &energy.path).with_context(holds)?];

    eprintln!("{prefix}step 3 of 4: into {name}, and the probe lets go of it");
    let to = place(board, chip(board)?, &energy.path, probe);
    if !Lab::ready(workspace)?.aside(&writing_and_letting_go(board, &to))? {
        bail!(
            "step 3 of 4: {name} did not get its energy image, and nothing was measured. What it holds is said above; once the \
             cause is gone, the same command starts anew"
        );
    }
    Ok(Some(Prepared { image: Some(kernels::identity(&energy.path)?), windows, inference, notes }))
}

/// How many inferences fill a window.
fn fill(seconds: f64, inference: f64) -> u32 {
    // No number, where an inference takes no time, becomes 0 and then 1.
    ((seconds * (1.0 + MARGIN) / inference).ceil() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_filled_and_a_little_more() {
        assert_eq!(fill(10.0, 0.1), 101);
        assert_eq!(fill(1.0, 30.0), 1);
        assert_eq!(fill(10.0, 1e-12), u32::MAX);
        assert!(fill(0.0, 0.0) >= 1);
    }
}
