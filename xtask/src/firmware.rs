//! Images for boards: built with a progress line, measured, and held against their budgets.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use emulator::{Absent, Emulator, Job, Reply};
use firmware::{
    Board, Contents, Image, Machine, Network, Planning, Profile, Request, Sizes, Toolchain, Windows, build,
    lint, model_name, resolve,
};
use serde::Serialize;

/// The largest model of the collection takes a few seconds; ten times a slow machine's.
pub const RUN_LIMIT: Duration = Duration::from_secs(300);

/// What an image is optimised for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum For {
    /// Speed.
    Release,
    /// Flash.
    Small,
}

impl From<For> for Profile {
    fn from(profile: For) -> Self {
        match profile {
            For::Release => Self::Release,
            For::Small => Self::Small,
        }
    }
}

/// What an image with a model in it takes of a board.
#[derive(Debug, Serialize)]
pub struct Footprint {
    /// The board.
    pub board: String,
    /// The model's name.
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
    /// Flash without vectors, weights and what the board needs without any network.
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
    planning: Planning,
}

impl Ready {
    /// Finds the way to compile for a board.
    ///
    /// # Errors
    /// A target that nothing here compiles for; says what to install.
    pub fn new(board: Board) -> Result<Self, firmware::Error> {
        Self::on(&Machine::this(), board)
    }

    /// The same without installing anything, for figures that are welcome where they cost little.
    ///
    /// # Errors
    /// A target that nothing here compiles for; says what to install.
    pub fn if_there(board: Board) -> Result<Self, firmware::Error> {
        Self::on(&Machine { network: Network::Offline, ..Machine::this() }, board)
    }

    fn on(machine: &Machine, board: Board) -> Result<Self, firmware::Error> {
        let resolved = resolve(machine, &board.target, &mut |line| eprintln!("{line}"))?;
        Ok(Self { board, toolchain: resolved.toolchain, planning: Planning::default() })
    }

    /// Plans models as the caller says.
    #[must_use]
    pub fn planned(self, planning: Planning) -> Self {
        Self { planning, ..self }
    }

    /// Builds the board's program around a model. With `steps`, the image can show what every step wrote.
    ///
    /// # Errors
    /// When cargo fails; the end of what it said is in the error.
    pub fn image(&self, model: &Path, profile: Profile, steps: bool) -> Result<Image> {
        self.image_with(model, profile, if steps { &["steps"] } else { &[] })
    }

    /// The same with features of the board's program.
    ///
    /// # Errors
    /// When cargo fails; the end of what it said is in the error.
    pub fn image_with(&self, model: &Path, profile: Profile, features: &[&str]) -> Result<Image> {
        self.program(None, model, profile, features)
    }

    /// Builds another program of the board around a model.
    ///
    /// # Errors
    /// When cargo fails; the end of what it said is in the error.
    pub fn program(
        &self,
        program: Option<&str>,
        model: &Path,
        profile: Profile,
        features: &[&str],
    ) -> Result<Image> {
        self.build(Request { program, profile, features, ..self.request(model) })
    }

    /// Builds the board's energy image around a model, which runs these windows by itself.
    ///
    /// # Errors
    /// When cargo fails; the end of what it said is in the error.
    pub fn energy(&self, model: &Path, windows: Windows) -> Result<Image> {
        let windows = Some(windows);
        self.build(Request { features: &["energy"], windows, ..self.request(model) })
    }

    fn request<'a>(&'a self, model: &'a Path) -> Request<'a> {
        Request {
            board: &self.board,
            program: None,
            model: Some(model),
            planning: self.planning,
            profile: Profile::Release,
            features: &[],
            windows: None,
        }
    }

    fn build(&self, request: Request<'_>) -> Result<Image> {
        let progress = indicatif::ProgressBar::new_spinner();
        progress.enable_steady_tick(Duration::from_millis(120));
        let image =
            build(&self.toolchain, &request, &mut |line| progress.set_message(line.trim().to_owned()));
        progress.finish_and_clear();
        Ok(image?)
    }

    /// Checks the board's programs for warnings; not where `core` is compiled from source, which has no clippy.
    ///
    /// # Errors
    /// When there is a warning; the end of what clippy said is in the error.
    pub fn lint(&self) -> Result<()> {
        match self.toolchain {
            Toolchain::Sysroot => Ok(lint(&self.toolchain, &self.board, &mut |_| ())?),
            _ => Ok(()),
        }
    }

    /// Looks for the board's emulator.
    ///
    /// # Errors
    /// [`Absent`]; prints well after `skipped: `.
    pub fn emulator(&self) -> Result<Emulator, Absent> {
        Emulator::find(&self.board)
    }
}

/// What an image that does not fit its board asks of it; every other error stays one.
///
/// # Errors
/// Those of `built`, but for that one.
pub fn fitting<T>(built: Result<T>) -> Result<Result<T, String>> {
    match built {
        Ok(built) => Ok(Ok(built)),
        Err(error) if matches!(error.downcast_ref(), Some(firmware::Error::TooLarge { .. })) => {
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error),
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
    Ok(weigh(&ready.board, (model_name(model), profile), &contents, stack_bytes, skipped))
}

/// What of an image exceeds the board's budget, with both figures; a stack that is not known does not.
pub fn over_budget(board: &Board, sizes: &Sizes, stack_bytes: Option<u32>) -> Vec<String> {
    let taken = [
        ("flash", Some(sizes.flash_bytes()), board.budget.flash),
        ("RAM", Some(sizes.ram_bytes()), board.budget.ram),
        ("stack", stack_bytes.map(u64::from), board.budget.stack),
    ];
    let over = taken.into_iter().filter_map(|(what, taken, budget)| {
        let taken = taken.filter(|taken| *taken > budget.0)?;
        Some(format!("{what}: {taken} B of {budget}"))
    });
    over.collect()
}

fn weigh(
    board: &Board,
    (model, profile): (String, Profile),
    contents: &Contents,
    stack_bytes: Option<u32>,
    skipped: Option<String>,
) -> Footprint {
    let sizes = contents.sizes;
    Footprint {
        board: board.name.clone(),
        model,
        profile: profile.name(),
        sizes,
        flash_bytes: sizes.flash_bytes(),
        ram_bytes: sizes.ram_bytes(),
        code_bytes: sizes.code_bytes(),
        stack_bytes,
        skipped,
        forbidden: if board.may_panic.is_some() { Vec::new() } else { contents.forbidden() },
        over_budget: over_budget(board, &sizes, stack_bytes),
    }
}

/// The head of the table that [`row`] fills.
pub const HEADER: &str = "board          model                profile     text  rodata weights    data     bss   flash    code   stack";

/// One line for a person.
pub fn row(footprint: &Footprint) -> String {
    let sizes = &footprint.sizes;
    let stack = footprint.stack_bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
    format!(
        "{:14} {:20} {:8} {:7} {:7} {:7} {:7} {:7} {:7} {:7} {:>7}",
        footprint.board,
        footprint.model,
        footprint.profile,
        sizes.text_bytes,
        sizes.rodata_bytes.saturating_sub(sizes.weights_bytes),
        sizes.weights_bytes,
        sizes.data_bytes,
        sizes.bss_bytes,
        footprint.flash_bytes,
        footprint.code_bytes,
        stack,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Board {
        Board::find(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), "qemu-an386").unwrap()
    }

    fn contents(text_bytes: u64) -> Contents {
        let sizes = Sizes { text_bytes, rodata_bytes: 300, weights_bytes: 200, ..Sizes::default() };
        Contents { sizes, ..Contents::default() }
    }

    #[test]
    fn what_exceeds_the_budget_is_named_with_both_figures() {
        let board = board();
        let of = |text, stack| weigh(&board, ("m".to_owned(), Profile::Small), &contents(text), stack, None);
        let fits = of(1000, Some(100));
        assert!(fits.is_good() && fits.over_budget.is_empty());
        assert_eq!((fits.flash_bytes, fits.code_bytes, fits.profile), (1300, 1100, "small"));
        let flash = of(board.budget.flash.0, None);
        assert!(!flash.is_good());
        assert_eq!(
            flash.over_budget,
            [format!("flash: {} B of {}", board.budget.flash.0 + 300, board.budget.flash)]
        );
        let stack = of(0, Some(board.budget.stack.0 as u32 + 1));
        assert_eq!(stack.over_budget.len(), 1);
    }

    #[test]
    fn the_table_lines_up_and_an_unknown_stack_is_a_dash() {
        let footprint = weigh(&board(), ("digits".to_owned(), Profile::Release), &contents(1000), None, None);
        let row = row(&footprint);
        assert_eq!(row.len(), HEADER.len());
        assert!(row.ends_with(" -"), "{row}");
        let fields: Vec<_> = row.split_whitespace().collect();
        assert_eq!(
            fields,
            ["qemu-an386", "digits", "release", "1000", "100", "200", "0", "0", "1300", "1100", "-"]
        );
    }
}
