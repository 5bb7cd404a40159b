use std::{
    env, fs,
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Board, Contents, Error, Network, Toolchain,
    fit::{overflows, stack_shortage},
};

/// How much of cargo's output an error repeats.
const TAIL_LINES: usize = 40;

/// What an image is optimised for. No profile changes an output byte.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// Speed.
    #[default]
    Release,
    /// Flash.
    Small,
}

impl Profile {
    /// As cargo knows it, and the folder that it writes to.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Small => "small",
        }
    }
}

/// How the compiler plans the model that is compiled in; beside the instruction set, which is the target's.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Planning {
    /// Run also what no input can change.
    pub keep_dead_work: bool,
    /// Bytes that the arena may take at most.
    pub ram_budget: Option<u32>,
    /// Of them, bytes that may lie in the memory of stack and variables; where nothing is said, [`Board::fast_ram`].
    pub fast_ram: Option<u32>,
}

/// The windows of an energy image that runs by itself.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Windows {
    /// How many windows.
    pub count: u32,
    /// Inferences in each.
    pub inferences: u32,
}

/// What to build.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The board.
    pub board: &'a Board,
    /// The program among the board's; nothing is the one named like the board.
    pub program: Option<&'a str>,
    /// The model to compile in; a program that takes one says so when there is none.
    pub model: Option<&'a Path>,
    /// How it is planned.
    pub planning: Planning,
    /// Optimised for what.
    pub profile: Profile,
    /// Cargo features of the program.
    pub features: &'a [&'a str],
    /// What an energy image does by itself, where it is one that does.
    pub windows: Option<Windows>,
}

/// A firmware image.
#[derive(Clone, Debug)]
pub struct Image {
    /// The ELF file; stays until the same request is built again.
    pub path: PathBuf,
}

/// Builds an image. `progress` hears each line of cargo's as it comes.
///
/// # Errors
/// [`Error::TooLarge`] when the board is too small, [`Error::Build`] with the end of what cargo said, [`Error::Start`],
/// [`Error::Io`].
pub fn build(
    toolchain: &Toolchain,
    request: &Request<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<Image, Error> {
    let board = request.board;
    let program = request.program.unwrap_or(&board.name);
    let target_folder = target_folder(board)?.join(toolchain.folder());
    let images = target_folder.join("images").join(&board.name);
    fs::create_dir_all(&images).map_err(Error::io(&images))?;
    let model = request.model.map(|model| fs::canonicalize(model).map_err(Error::io(model))).transpose()?;

    // Cargo writes every model's program to one place, so only one build at a time may be between that and the copy.
    let lock = target_folder.join("images/.lock");
    let guard = File::create(&lock).map_err(Error::io(&lock))?;
    guard.lock().map_err(Error::io(&lock))?;

    let mut command = build_command(toolchain, request, program);
    command.env("CARGO_TARGET_DIR", &target_folder);
    match &model {
        Some(model) => command.env("MICROJOULE_MODEL", model),
        None => command.env_remove("MICROJOULE_MODEL"),
    };
    // The names are those that `compiler::emit` reads.
    match request.planning.keep_dead_work {
        true => command.env("MICROJOULE_KEEP_DEAD_WORK", "1"),
        false => command.env_remove("MICROJOULE_KEEP_DEAD_WORK"),
    };
    match request.planning.ram_budget {
        Some(bytes) => command.env("MICROJOULE_RAM_BUDGET", bytes.to_string()),
        None => command.env_remove("MICROJOULE_RAM_BUDGET"),
    };
    match request.planning.fast_ram.or(board.fast_ram()) {
        Some(bytes) => command.env("MICROJOULE_FAST_RAM", bytes.to_string()),
        None => command.env_remove("MICROJOULE_FAST_RAM"),
    };
    // These are those that `boards/probed` reads.
    for (name, value) in [
        ("MICROJOULE_WINDOWS", request.windows.map(|windows| windows.count)),
        ("MICROJOULE_INFERENCES", request.windows.map(|windows| windows.inferences)),
    ] {
        match value {
            Some(value) => command.env(name, value.to_string()),
            None => command.env_remove(name),
        };
    }
    let too_large =
        |shortages| Error::TooLarge { what: subject(request), board: board.name.clone(), shortages };
    match request.profile {
        Profile::Small => command.env("MICROJOULE_KERNELS", "compact"),
        Profile::Release => command.env_remove("MICROJOULE_KERNELS"),
    };
    run(&mut command, &board.name, progress).map_err(|error| match &error {
        Error::Build { tail, .. } => match overflows(board, tail) {
            none if none.is_empty() => error,
            shortages => too_large(shortages),
        },
        _ => error,
    })?;

    let built = target_folder.join(&board.target).join(request.profile.name()).join(program);
    let path = images.join(image_name(request, program, model.as_deref()));
    if let Some(shortage) = stack_shortage(board, &Contents::read(&built)?.sizes) {
        return Err(too_large(vec![shortage]));
    }
    // Renamed into place: an emulator may be running the image that stood there.
    let fresh = path.with_extension("fresh");
    fs::copy(&built, &fresh).map_err(Error::io(&built))?;
    fs::rename(&fresh, &path).map_err(Error::io(&path))?;
    Ok(Image { path })
}

/// Builds a dynamic library of the workspace for the host, and gives its file. `progress` hears each line of cargo's.
///
/// # Errors
/// [`Error::Build`] with the end of what cargo said, [`Error::Start`], [`Error::Io`].
pub fn build_host_library(
    workspace: &Path,
    package: &str,
    progress: &mut dyn FnMut(&str),
) -> Result<PathBuf, Error> {
    let folder = target_base(workspace)?.join("host-libraries");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--release", "--package", package]);
    command.current_dir(workspace).env("CARGO_TARGET_DIR", &folder).env_remove("CARGO_BUILD_TARGET");
    run(&mut command, package, progress)?;
    let file = [env::consts::DLL_PREFIX, &package.replace('-', "_"), env::consts::DLL_SUFFIX].concat();
    Ok(folder.join("release").join(file))
}

/// Builds a program of the workspace for the host, where the workspace's own builds go, and gives its file. `progress` hears
/// each line of cargo's.
///
/// # Errors
/// [`Error::Build`] with the end of what cargo said, [`Error::Start`], [`Error::Io`].
pub fn build_host_program(
    workspace: &Path,
    (package, program): (&str, &str),
    progress: &mut dyn FnMut(&str),
) -> Result<PathBuf, Error> {
    let folder = target_base(workspace)?;
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--package", package, "--bin", program]);
    command.current_dir(workspace).env("CARGO_TARGET_DIR", &folder).env_remove("CARGO_BUILD_TARGET");
    run(&mut command, package, progress)?;
    Ok(folder.join("debug").join([program, env::consts::EXE_SUFFIX].concat()))
}

/// Checks a board's programs and what all boards share for warnings, of which there may be none.
///
/// # Errors
/// [`Error::Build`] with the end of what clippy said, [`Error::Start`], [`Error::Io`].
pub fn lint(toolchain: &Toolchain, board: &Board, progress: &mut dyn FnMut(&str)) -> Result<(), Error> {
    // What boards share is for emulated ones or for those behind a probe: in one image they would be at odds. An energy image
    // and one for MLPerf Tiny leave out what another has.
    let (shared, features) = match (board.runner, &board.serial) {
        (Some(_), _) => {
            ("microjoule-board-probed", &["steps,marks,watchdog", "energy", "mlperf", "mlperf,energy"][..])
        }
        (None, Some(_)) => ("microjoule-board-support", &["steps,marks,faults,plan,mlperf", "energy"][..]),
        // Without a serial line there is no program for one.
        (None, None) => ("microjoule-board-support", &["steps,marks,faults,plan"][..]),
    };
    let folder = target_folder(board)?.join(toolchain.folder());
    for features in features {
        let mut command = cargo(toolchain, board, "clippy");
        command.env("CARGO_TARGET_DIR", &folder).env_remove("MICROJOULE_MODEL");
        command.args(["--release", "--target", &board.target, "--bins", "--features", features]);
        command.args(["--package", &board.name, "--package", shared, "--", "-D", "warnings"]);
        run(&mut command, &board.name, progress)?;
    }
    Ok(())
}

fn build_command(toolchain: &Toolchain, request: &Request<'_>, program: &str) -> Command {
    let mut command = cargo(toolchain, request.board, "build");
    let target = &request.board.target;
    command.args(["--profile", request.profile.name(), "--target", target, "--bin", program]);
    if !request.features.is_empty() {
        command.arg("--features").arg(request.features.join(","));
    }
    command
}

fn cargo(toolchain: &Toolchain, board: &Board, verb: &str) -> Command {
    let mut command;
    match toolchain {
        Toolchain::Sysroot => {
            command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            command.arg(verb);
        }
        Toolchain::BuildStd { rustc, cargo, linker } => {
            command = Command::new(cargo);
            command.args([verb, "-Zbuild-std=core"]).env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
            command.env_remove("CARGO");
            if let Some(linker) = linker {
                // A distribution's compiler on the path of a rustup's cargo would mix the two.
                command.env_remove("RUSTUP_TOOLCHAIN").env(linker_variable(&board.target), linker);
            }
        }
    }
    // The board's own `.cargo/config.toml` has the flags; the environment's would replace them.
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        command.env_remove(variable);
    }
    if Network::from_environment() == Network::Offline {
        command.env("CARGO_NET_OFFLINE", "true");
    }
    command.current_dir(&board.folder);
    command
}

fn linker_variable(target: &str) -> String {
    format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace(['-', '.'], "_"))
}

fn run(command: &mut Command, board: &str, progress: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = started.map_err(|source| Error::Start { program: program.clone(), source })?;
    let mut tail = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            progress(&line);
            tail.push(line);
            if tail.len() > TAIL_LINES {
                tail.remove(0);
            }
        }
    }
    let status = child.wait().map_err(|source| Error::Start { program, source })?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Build { board: board.to_owned(), status: status.to_string(), tail: tail.join("\n") })
}

fn target_folder(board: &Board) -> Result<PathBuf, Error> {
    target_base(board.folder.ancestors().nth(2).unwrap_or(&board.folder))
}

/// Where cargo's own output goes, beside which firmware gets its folder.
fn target_base(workspace: &Path) -> Result<PathBuf, Error> {
    let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    std::path::absolute(&folder).map_err(Error::io(folder))
}

/// What an image is built around.
fn subject(request: &Request<'_>) -> String {
    request.model.map_or_else(|| request.program.unwrap_or(&request.board.name).to_owned(), model_name)
}

/// `models/kws/model.tflite` is `kws`; any other file is called by its own name.
#[must_use]
pub fn model_name(model: &Path) -> String {
    let stem = model.file_stem().filter(|stem| *stem != "model");
    let folder = model.parent().and_then(Path::file_name);
    stem.or(folder).unwrap_or_default().to_string_lossy().into_owned()
}

/// Two models of one name in two folders get two images.
fn image_name(request: &Request<'_>, program: &str, model: Option<&Path>) -> String {
    let mut name = program.to_owned();
    if let Some(model) = model {
        let mut hasher = DefaultHasher::new();
        (model, request.planning, request.windows).hash(&mut hasher);
        let stem = model.file_stem().unwrap_or_default().to_string_lossy();
        name = format!("{name}-{stem}-{:08x}", hasher.finish() >> 32);
    }
    for feature in request.features {
        name = format!("{name}+{feature}");
    }
    format!("{name}-{}.elf", request.profile.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, ByteCount};

    fn board(folder: &Path) -> Board {
        let nothing = ByteCount(0);
        Board {
            name: "one".to_owned(),
            folder: folder.to_path_buf(),
            target: "thumbv8m.main-none-eabi".to_owned(),
            core: String::new(),
            core_hz: None,
            flash_wait_states: None,
            chip: None,
            runner: None,
            not_simulated: None,
            without_probe: None,
            pins: None,
            may_panic: None,
            memory: Vec::new(),
            qemu: None,
            plan: None,
            serial: None,
            budget: Budget { flash: nothing, ram: nothing, stack: nothing },
        }
    }

    fn request(board: &Board) -> Request<'_> {
        Request {
            board,
            program: None,
            model: None,
            planning: Planning::default(),
            profile: Profile::Small,
            features: &["steps"],
            windows: None,
        }
    }

    fn arguments(command: &Command) -> Vec<String> {
        command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect()
    }

    fn variable(command: &Command, name: &str) -> Option<Option<String>> {
        let found = command.get_envs().find(|(key, _)| *key == name)?;
        Some(found.1.map(|value| value.to_string_lossy().into_owned()))
    }

    #[test]
    fn cargo_is_told_profile_target_program_and_features() {
        let board = board(Path::new("/w/boards/one"));
        let command = build_command(&Toolchain::Sysroot, &request(&board), "one");
        assert_eq!(
            arguments(&command).join(" "),
            "build --profile small --target thumbv8m.main-none-eabi --bin one --features steps"
        );
        assert_eq!(command.get_current_dir(), Some(Path::new("/w/boards/one")));
        assert_eq!(variable(&command, "RUSTFLAGS"), Some(None), "it would replace the board's flags");
    }

    #[test]
    fn core_from_source_names_compiler_and_linker() {
        let board = board(Path::new("/w/boards/one"));
        let toolchain = Toolchain::BuildStd {
            rustc: "/usr/bin/rustc".into(),
            cargo: "/usr/bin/cargo".into(),
            linker: Some("/usr/bin/rust-lld".into()),
        };
        let command = build_command(&toolchain, &request(&board), "one");
        assert_eq!(command.get_program(), "/usr/bin/cargo");
        assert!(arguments(&command).contains(&"-Zbuild-std=core".to_owned()));
        assert_eq!(variable(&command, "RUSTC"), Some(Some("/usr/bin/rustc".to_owned())));
        assert_eq!(variable(&command, "RUSTUP_TOOLCHAIN"), Some(None));
        assert_eq!(
            variable(&command, "CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_LINKER"),
            Some(Some("/usr/bin/rust-lld".to_owned()))
        );
        assert_ne!(toolchain.folder(), Toolchain::Sysroot.folder());
    }

    #[test]
    fn images_of_two_models_of_one_name_do_not_meet() {
        let board = board(Path::new("/w/boards/one"));
        let request = request(&board);
        let names = [Some("/a/kws.tflite"), Some("/b/kws.tflite"), None]
            .map(|model| image_name(&request, "one", model.map(Path::new)));
        assert!(names.iter().all(|name| name.ends_with("+steps-small.elf")), "{names:?}");
        assert!(names[0].starts_with("one-kws-") && names[0] != names[1] && names[1] != names[2]);
        let planned =
            Request { planning: Planning { keep_dead_work: true, ..Planning::default() }, ..request };
        assert_ne!(image_name(&planned, "one", Some(Path::new("/a/kws.tflite"))), names[0]);
        let windowed = Request { windows: Some(Windows { count: 5, inferences: 7 }), ..request };
        assert_ne!(image_name(&windowed, "one", Some(Path::new("/a/kws.tflite"))), names[0]);
    }

    #[test]
    fn models_are_called_by_their_file_or_their_folder() {
        assert_eq!(model_name(Path::new("models/kws/model.tflite")), "kws");
        assert_eq!(model_name(Path::new("/a/b/vww.tflite")), "vww");
        assert_eq!(model_name(Path::new("model.tflite")), "");
    }

    #[test]
    fn a_build_that_fails_repeats_the_end_of_what_was_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "for i in $(seq 100); do echo line $i >&2; done; exit 101"]);
        let mut heard = 0;
        let error = run(&mut command, "one", &mut |_| heard += 1).unwrap_err();
        let message = error.to_string();
        assert_eq!(heard, 100);
        assert!(message.contains("firmware for one") && message.contains("101"), "{message}");
        assert!(message.contains("line 61\n") && message.ends_with("line 100"), "{message}");
        assert!(!message.contains("line 60\n"), "{message}");
    }

    #[test]
    fn a_cargo_that_is_not_there_is_named() {
        let error = run(&mut Command::new("no-such-cargo"), "one", &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("`no-such-cargo` could not be started"));
    }
}
