//! What the tests of whole paths share: boards that firmware can be built for, and a thread for each processor.

use std::{
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use compiler::CompileOptions;
use emulator::Emulator;
use firmware::{Board, Error, Machine, Planning, Profile, Request, Toolchain, build, resolve};

/// Time that one emulation may take.
pub const LIMIT: Duration = Duration::from_secs(300);

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What an image is built around.
#[derive(Clone, Copy, Debug)]
pub enum Program<'p> {
    /// The board's own program, with this model in it.
    Of(&'p Path),
    /// One of the programs without a model, by its name.
    Named(&'p str),
}

/// A board that firmware can be built for here.
#[derive(Debug)]
pub struct Ready {
    /// The board.
    pub board: Board,
    /// Its emulator, where it is here.
    pub emulator: Option<Emulator>,
    toolchain: Toolchain,
    plan_image: OnceLock<PathBuf>,
}

impl Ready {
    /// Looks for the way to build for a board and to run it, and says aloud what is not here.
    pub fn new(board: Board) -> Option<Self> {
        let resolved = resolve(&Machine::this(), &board.target, &mut |line| eprintln!("{line}"))
            .inspect_err(|error| eprintln!("skipped: {}: {error}", board.name))
            .ok()?;
        let emulator =
            Emulator::find(&board).inspect_err(|absent| eprintln!("skipped: {}: {absent}", board.name)).ok();
        Some(Self { board, emulator, toolchain: resolved.toolchain, plan_image: OnceLock::new() })
    }

    /// Builds an image, planned as the board is by default, and gives its file.
    ///
    /// # Errors
    /// As [`build`].
    pub fn image(&self, program: Program<'_>, profile: Profile, features: &[&str]) -> Result<PathBuf, Error> {
        self.planned(program, Planning::default(), profile, features)
    }

    /// Builds an image around a model that is planned so, and gives its file.
    ///
    /// # Errors
    /// As [`build`].
    pub fn planned(
        &self,
        program: Program<'_>,
        planning: Planning,
        profile: Profile,
        features: &[&str],
    ) -> Result<PathBuf, Error> {
        let (program, model) = match program {
            Program::Of(model) => (None, Some(model)),
            Program::Named(program) => (Some(program), None),
        };
        let request =
            Request { board: &self.board, program, model, planning, profile, features, windows: None };
        Ok(build(&self.toolchain, &request, &mut |line| eprintln!("{line}"))?.path)
    }

    /// The image that runs any plan and tells of its steps, built once for all tests.
    ///
    /// # Panics
    /// When it does not build.
    pub fn plan_image(&self) -> &Path {
        self.plan_image.get_or_init(|| {
            let features = ["plan", "steps"];
            self.image(Program::Named("plan"), Profile::Release, &features).expect("an image that runs plans")
        })
    }

    /// How models are compiled for the board.
    pub fn options(&self) -> CompileOptions {
        CompileOptions::DEVICE.for_target(&self.board.target, &self.board.core)
    }
}

/// The boards that can be built for; the others are named and skipped. Looked for once.
///
/// # Panics
/// When the boards cannot be read, or are not all there.
pub fn boards() -> &'static [Ready] {
    static BOARDS: OnceLock<Vec<Ready>> = OnceLock::new();
    BOARDS.get_or_init(|| {
        let boards = Board::all(&workspace()).expect("boards");
        assert!(boards.iter().any(|board| board.name == "qemu-an386"), "{boards:?}");
        boards.into_iter().filter_map(Ready::new).collect()
    })
}

/// Does something on every board, on as many at a time as there are processors.
///
/// # Panics
/// When `work` does, on any of them.
pub fn on_each_board(work: impl Fn(&Ready) + Sync) {
    on_each(boards(), work);
}

/// Does something with each of several things, with as many at a time as there are processors.
///
/// # Panics
/// When `work` does, with any of them.
pub fn on_each<T: Sync>(things: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let worker = || {
        while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(thing);
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 1..processors {
            scope.spawn(worker);
        }
        worker();
    });
}
