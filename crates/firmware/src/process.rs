use std::{
    env,
    ffi::OsStr,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A program that ended, by itself or because its time was up.
#[derive(Debug)]
pub struct Finished {
    /// How it ended; nothing when its time was up.
    pub status: Option<ExitStatus>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// How long it ran.
    pub elapsed: Duration,
}

impl Finished {
    /// Whether it ended by itself and was content.
    #[must_use]
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// Runs a program with nothing on its input, and ends it when `limit` has passed.
///
/// # Errors
/// When it could not be started or waited for.
pub fn run_bounded(command: &mut Command, limit: Duration) -> io::Result<Finished> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().map(Collector::start);
    let stderr = child.stderr.take().map(Collector::start);
    let status = wait(&mut child, started, limit)?;
    let elapsed = started.elapsed();
    let collected = |collector: Option<Collector>| collector.map(Collector::finish).unwrap_or_default();
    Ok(Finished { status, stdout: collected(stdout), stderr: collected(stderr), elapsed })
}

/// Waits in steps that start small, so that a short program costs little more than it takes.
fn wait(child: &mut Child, started: Instant, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Reads a pipe while its program runs, which would stand still if nobody did.
struct Collector {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Collector {
    fn start(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = pipe.read(&mut chunk) {
                let mut bytes = shared.lock().unwrap_or_else(PoisonError::into_inner);
                bytes.extend(chunk.iter().take(read));
            }
        });
        Self { bytes, reader }
    }

    /// What came, without waiting for a child of the program that still holds the pipe open.
    fn finish(self) -> Vec<u8> {
        let patience = Instant::now() + Duration::from_secs(1);
        while !self.reader.is_finished() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a program stands on this machine's PATH.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    find_on(name, &env::var_os("PATH")?)
}

/// Where a program stands on a PATH.
pub(crate) fn find_on(name: &str, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_status_come_back() {
        let finished =
            run_bounded(&mut shell("echo out; echo err >&2; exit 3"), Duration::from_secs(20)).unwrap();
        assert_eq!(finished.stdout, b"out\n");
        assert_eq!(finished.stderr, b"err\n");
        assert_eq!(finished.status.and_then(|status| status.code()), Some(3));
        assert!(!finished.success());
    }

    #[test]
    fn more_output_than_a_pipe_holds_does_not_stop_the_program() {
        let finished = run_bounded(&mut shell("head -c 300000 /dev/zero"), Duration::from_secs(20)).unwrap();
        assert!(finished.success());
        assert_eq!(finished.stdout.len(), 300_000);
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_what_it_said_is_kept() {
        let finished =
            run_bounded(&mut shell("echo before; exec sleep 60"), Duration::from_millis(300)).unwrap();
        assert_eq!(finished.status, None);
        assert_eq!(finished.stdout, b"before\n");
        assert!(finished.elapsed < Duration::from_secs(30));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        assert!(run_bounded(&mut Command::new("no-such-program"), Duration::from_secs(1)).is_err());
        assert_eq!(find_program("no-such-program"), None);
        assert!(find_program("sh").is_some());
    }
}
