use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

use firmware::{Board, Contents, Finished, Qemu, find_program, run_bounded};
use telemetry::{exit, files};

use crate::{Absent, Counts, Error, Job, LogLine, Reply, decode_log, error::Death};

/// The oldest that emulates what the boards need. Tried: 7.2.
const OLDEST: Version = Version { major: 7, minor: 0 };

/// A program that only tells its version is quick, or broken.
const QUESTION_LIMIT: Duration = Duration::from_secs(20);

/// Where the emulator writes what the firmware says on its console.
pub(crate) const CONSOLE: &str = "console.txt";

/// Where the counting plugin writes.
const COUNTS: &str = "counts.txt";

/// The functions of the firmware between which is counted.
pub(crate) const MARKS: [&str; 2] = ["microjoule_mark_begin", "microjoule_mark_end"];

/// QEMU, set up for one board.
#[derive(Clone, Debug)]
pub struct Emulator {
    program: PathBuf,
    version: Version,
    qemu: Qemu,
}

/// QEMU's version.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second.
    pub minor: u32,
}

impl Version {
    /// From what `--version` prints: `QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)`.
    fn parse(text: &str) -> Option<Self> {
        let (_, numbers) = text.lines().next()?.split_once("version ")?;
        let mut numbers = numbers.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        Some(Self { major: numbers.next()?.ok()?, minor: numbers.next()?.ok()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// How an emulation ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Exit {
    /// The firmware ended it.
    Code(u32),
    /// Its time was up.
    TimedOut,
    /// The emulator itself was killed, or gave up: a locked-up core ends so.
    Killed,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::TimedOut => f.write_str("its time up"),
            Self::Killed => f.write_str("the emulator killed"),
        }
    }
}

/// What an emulation left.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub exit: Exit,
    /// What the firmware said in its last words.
    pub console: String,
    /// What the emulator said.
    pub stderr: String,
    /// What the firmware logged.
    pub log: Vec<LogLine>,
    /// What the firmware answered.
    pub reply: Vec<u8>,
    /// What the counting plugin wrote, if it was there.
    pub(crate) counts: Vec<u8>,
    /// How long it took, on the host's clock.
    pub elapsed: Duration,
}

impl Emulator {
    /// Looks on the PATH for the emulator that a board asks for.
    ///
    /// # Errors
    /// [`Absent`] tells what to install.
    pub fn find(board: &Board) -> Result<Self, Absent> {
        let Some(qemu) = board.qemu.clone() else {
            return Err(Absent::NotEmulated { board: board.name.clone() });
        };
        let Some(program) = find_program(&qemu.program) else {
            return Err(Absent::NoProgram { program: qemu.program, package: qemu.package });
        };
        Self::at(program, qemu)
    }

    fn at(program: PathBuf, qemu: Qemu) -> Result<Self, Absent> {
        let unusable = |said: String| Absent::Unusable { program: program.clone(), said };
        let finished = run_bounded(Command::new(&program).arg("--version"), QUESTION_LIMIT)
            .map_err(|error| unusable(error.to_string()))?;
        let said = String::from_utf8_lossy(&finished.stdout).trim().to_owned();
        let version = Version::parse(&said).filter(|_| finished.success()).ok_or_else(|| unusable(said))?;
        if version < OLDEST {
            return Err(Absent::TooOld { program, found: version, needed: OLDEST });
        }
        Ok(Self { program, version, qemu })
    }

    /// For a record's list of tools.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Runs an image until it ends or `limit` has passed, with `job` as its job file.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Emulator`], [`Error::Log`]. A firmware that fails is no error here: see [`Outcome::exit`].
    pub fn run(&self, image: &Path, job: &[u8], limit: Duration) -> Result<Outcome, Error> {
        self.run_with(image, &[(files::JOB, job)], limit, &[])
    }

    fn run_with(
        &self,
        image: &Path,
        given: &[(&str, &[u8])],
        limit: Duration,
        extra: &[String],
    ) -> Result<Outcome, Error> {
        let image = std::path::absolute(image).map_err(io_error(image))?;
        let elf = fs::read(&image).map_err(io_error(&image))?;
        let folder = tempfile::tempdir().map_err(io_error(Path::new("a temporary folder")))?;
        let folder = folder.path();
        for (name, bytes) in given {
            fs::write(folder.join(name), bytes).map_err(io_error(&folder.join(name)))?;
        }

        let finished = run_bounded(self.command(&image, folder, "none").args(extra), limit)
            .map_err(io_error(&self.program))?;
        let stderr = String::from_utf8_lossy(&finished.stderr).trim().to_owned();
        let console = String::from_utf8_lossy(&left(folder, CONSOLE)?).into_owned();
        let reply = left(folder, files::REPLY)?;
        let log = left(folder, files::LOG)?;
        let counts = left(folder, COUNTS)?;
        // QEMU's own complaint about its arguments or the image, before anything ran.
        if exit_of(&finished) == Exit::Code(1) && [&reply, &log].iter().all(|file| file.is_empty()) {
            return Err(Error::Emulator { program: self.program.clone(), said: stderr });
        }
        let log = decode_log(&elf, &log)?;
        Ok(Outcome {
            exit: exit_of(&finished),
            console,
            stderr,
            log,
            reply,
            counts,
            elapsed: finished.elapsed,
        })
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    pub(crate) fn command(&self, image: &Path, folder: &Path, serial: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(folder);
        command.args(["-M", &self.qemu.machine, "-nodefaults", "-display", "none", "-monitor", "none"]);
        command.args(["-serial", serial, "-chardev", &format!("file,id=console,path={CONSOLE}")]);
        command.args(["-semihosting-config", "enable=on,target=native,chardev=console"]);
        command.args(&self.qemu.arguments);
        command.arg("-kernel").arg(image);
        command
    }

    /// Runs an image that serves jobs.
    ///
    /// # Errors
    /// Most of [`Error`]: a firmware that died, hung or refused is one here.
    pub fn infer(&self, image: &Path, job: &Job<'_>, limit: Duration) -> Result<(Reply, Outcome), Error> {
        let outcome = self.run(image, &job.to_bytes()?, limit)?;
        Ok((reply_of(&outcome, job, limit)?, outcome))
    }

    /// Runs a plan blob in the image that takes any.
    ///
    /// # Errors
    /// As [`Emulator::infer`].
    pub fn infer_plan(
        &self,
        image: &Path,
        plan: &[u8],
        job: &Job<'_>,
        limit: Duration,
    ) -> Result<(Reply, Outcome), Error> {
        let given = [(files::PLAN, plan), (files::JOB, &job.to_bytes()?)];
        let outcome = self.run_with(image, &given, limit, &[])?;
        Ok((reply_of(&outcome, job, limit)?, outcome))
    }

    /// Runs an image that serves jobs and counts every instruction: of each step when the job asks for steps, else of
    /// each run. `plugin` is the library that counts, see the crate `microjoule-emulator-plugin`.
    ///
    /// # Errors
    /// As [`Emulator::infer`]; [`Error::NoMarks`], [`Error::Counts`].
    pub fn count(
        &self,
        image: &Path,
        job: &Job<'_>,
        plugin: &Path,
        limit: Duration,
    ) -> Result<(Reply, Counts), Error> {
        let contents = Contents::read(image)?;
        let address = |name| contents.function(name).map(|symbol| symbol.address);
        let [Some(begin), Some(end)] = MARKS.map(address) else {
            return Err(Error::NoMarks { image: image.to_path_buf() });
        };
        // QEMU parts arguments at commas; a doubled one stands for itself.
        let plugin = plugin.display().to_string().replace(',', ",,");
        let argument = format!("file={plugin},out={COUNTS},mark={begin:#x},mark={end:#x}");
        let outcome = self.run_with(
            image,
            &[(files::JOB, &job.to_bytes()?)],
            limit,
            &["-plugin".to_owned(), argument],
        )?;
        let reply = reply_of(&outcome, job, limit)?;
        let counts = Counts::parse(&String::from_utf8_lossy(&outcome.counts), begin)?;
        Ok((reply, counts))
    }
}

/// This is where a firmware that died, hung or refused becomes an error.
fn reply_of(outcome: &Outcome, job: &Job<'_>, limit: Duration) -> Result<Reply, Error> {
    let said = || last_words(outcome);
    let how = match outcome.exit {
        Exit::Code(exit::DONE | exit::FAILED) if outcome.reply.is_empty() => Death::Unwritten,
        Exit::Code(exit::DONE | exit::FAILED) => return Reply::parse(&outcome.reply, job),
        Exit::Code(exit::PANIC) => Death::Panic,
        Exit::Code(exit::FAULT) => Death::Fault,
        Exit::TimedOut => return Err(Error::TimedOut { limit, said: said() }),
        other => Death::Other(other),
    };
    Err(Error::Died { how, said: said() })
}

fn exit_of(finished: &Finished) -> Exit {
    match finished.status.as_ref().map(ExitStatus::code) {
        None => Exit::TimedOut,
        Some(Some(code)) => u32::try_from(code).map_or(Exit::Killed, Exit::Code),
        Some(None) => Exit::Killed,
    }
}

/// The console, and what the emulator itself said without the registers that it lists when it gives up.
fn last_words(outcome: &Outcome) -> String {
    own_words(&outcome.console, &outcome.stderr)
}

pub(crate) fn own_words(console: &str, stderr: &str) -> String {
    let own = stderr.lines().filter(|line| line.starts_with("qemu") && !line.contains("warning:"));
    let lines: Vec<_> = console.lines().chain(own).collect();
    lines.join("\n")
}

/// A file that the firmware may have left; nothing when it did not.
pub(crate) fn left(folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::Io { path, source: error }),
    }
}

pub(crate) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Io { path, source }
}

#[cfg(test)]
mod tests;
