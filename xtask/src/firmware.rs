//! Images for boards: built with a progress line, measured, and held against their budgets.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use emulator::{Absent, Emulator, Job, Reply};
use firmware::{Board, Contents, Image, Machine, Profile, Request, Sizes, Toolchain, build, resolve};
use serde::Serialize;

/// The largest model of the collection takes a few seconds; ten times a slow machine's.
const RUN_LIMIT: Duration = Duration::from_secs(300);

/// What an image with a model in it takes of a board.
#[derive(Debug, Serialize)]
pub struct Footprint {
    /// The board.
    pub board: String,
    /// The model's file, without its extension.
    pub model: String,
    /// `release` or `small`.
    pub profile: &'static str,
    /// Bytes by section.
    #[serde(flatten)]
    pub sizes: Sizes,
    /// All that is written when the board is flashed.
    pub flash_bytes: u64,
    /// Variables, the arena among them; the stack aside.
    pub ram_bytes: u64,
    /// Flash without vectors and weights.
    pub code_bytes: u64,
    /// The deepest that the stack went in a run; nothing where the board could not be run.
    pub stack_bytes: Option<u32>,
    /// Why the stack is not known.
    pub skipped: Option<String>,
    /// What only an image that can panic or allocate contains.
    pub forbidden: Vec<String>,
    /// What exceeds the board's budget.
    pub over_budget: Vec<String>,
}

impl Footprint {
    /// Whether it fits its budget and can neither panic nor allocate.
    pub fn is_good(&self) -> bool {
        self.forbidden.is_empty() && self.over_budget.is_empty()
    }
}

/// A board that firmware can be built for here.
#[derive(Debug)]
pub struct Ready {
    /// The board.
    pub board: Board,
    toolchain: Toolchain,
}

impl Ready {
    /// Finds a board and the way to compile for it.
    ///
    /// # Errors
    /// An unknown board, or a target that nothing here compiles for; says what to install.
    pub fn new(workspace: &Path, name: &str) -> Result<Self> {
        let board = Board::find(workspace, name)?;
        let resolved = resolve(&Machine::this(), &board.target, &mut |line| eprintln!("{line}"))?;
        Ok(Self { board, toolchain: resolved.toolchain })
    }

    /// Builds the board's program around a model. With `steps`, the image can show what every step wrote.
    ///
    /// # Errors
    /// When cargo fails; the end of what it said is in the error.
    pub fn image(&self, model: &Path, profile: Profile, steps: bool) -> Result<Image> {
        let features: &[&str] = if steps { &["steps"] } else { &[] };
        let request = Request { board: &self.board, program: None, model: Some(model), profile, features };
        let progress = indicatif::ProgressBar::new_spinner();
        progress.enable_steady_tick(Duration::from_millis(120));
        let image = build(&self.toolchain, &request, &mut |line| progress.set_message(line.trim().to_owned()));
        progress.finish_and_clear();
        Ok(image?)
    }

    /// Looks for the board's emulator.
    ///
    /// # Errors
    /// [`Absent`]; prints well after `skipped: `.
    pub fn emulator(&self) -> Result<Emulator, Absent> {
        Emulator::find(&self.board)
    }
}

/// Runs cases on a board's image.
///
/// # Errors
/// When the firmware died, hung or refused.
pub fn infer(emulator: &Emulator, image: &Image, job: &Job<'_>) -> Result<Reply> {
    Ok(emulator.infer(&image.path, job, RUN_LIMIT)?.0)
}

/// Builds and measures one model on one board; `input` is one case, for the run that measures the stack.
///
/// # Errors
/// When the image does not build, or does not run where it could.
pub fn footprint(ready: &Ready, model: &Path, profile: Profile, input: &[u8]) -> Result<Footprint> {
    let image = ready.image(model, profile, false)?;
    let contents = Contents::read(&image.path)?;
    let (stack_bytes, skipped) = match ready.emulator() {
        Ok(emulator) => {
            let cases = [input.to_vec()];
            let job = Job { cases: &cases, steps: false, reset: false };
            let reply = infer(&emulator, &image, &job).with_context(|| ready.board.name.clone())?;
            (Some(reply.stack.deepest_bytes), None)
        }
        Err(absent) => (None, Some(absent.to_string())),
    };
    let model = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(weigh(&ready.board, model, profile, &contents, stack_bytes, skipped))
}
