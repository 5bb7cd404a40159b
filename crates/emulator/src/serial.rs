//! Firmware that talks over a serial line, which is a pseudo-terminal of the host.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use telemetry::files;
use tempfile::TempDir;

use crate::{
    Emulator, Error, LogLine, PinMove, PinWrites, decode_log, pin,
    qemu::{CONSOLE, io_error, left, own_words},
};

/// Where the emulator's own complaints go.
const COMPLAINTS: &str = "stderr.txt";

/// How long the emulator has to say where the line is.
const START_LIMIT: Duration = Duration::from_secs(20);

/// An emulated board with a serial line. It runs until it is [ended](Self::end) or dropped.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    folder: TempDir,
    elf: Vec<u8>,
    port: PathBuf,
    pin: Option<PinWrites>,
}

/// What a board left behind.
#[derive(Clone, Debug)]
pub struct Remains {
    /// What the firmware logged.
    pub log: Vec<LogLine>,
    /// What the firmware said in its last words, and the emulator; empty when nothing went wrong.
    pub said: String,
    /// What the pin did that was watched.
    pub pin: Vec<PinMove>,
}

impl Emulator {
    /// Starts an image whose first UART is a pseudo-terminal here.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Emulator`] when no line came of it.
    pub fn serve(&self, image: &Path) -> Result<Serving, Error> {
        self.serve_watched(image, None)
    }

    /// The same, with an eye on a pin.
    ///
    /// # Errors
    /// As [`serve`](Self::serve).
    pub fn serve_watched(&self, image: &Path, pin: Option<PinWrites>) -> Result<Serving, Error> {
        self.start(image, pin, &[])
    }

    /// The same on a board that hears these samples when it listens.
    ///
    /// # Errors
    /// As [`serve`](Self::serve).
    pub fn serve_hearing(&self, image: &Path, samples: &[i16]) -> Result<Serving, Error> {
        self.start(image, None, samples)
    }

    fn start(&self, image: &Path, pin: Option<PinWrites>, samples: &[i16]) -> Result<Serving, Error> {
        let image = std::path::absolute(image).map_err(io_error(image))?;
        let elf = fs::read(&image).map_err(io_error(&image))?;
        let folder = tempfile::tempdir().map_err(io_error(Path::new("a temporary folder")))?;
        if !samples.is_empty() {
            let sound = folder.path().join(files::SOUND);
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            fs::write(&sound, bytes).map_err(io_error(&sound))?;
        }
        let complaints = folder.path().join(COMPLAINTS);
        let stderr = File::create(&complaints).map_err(io_error(&complaints))?;
        let mut command = self.command(&image, folder.path(), "pty");
        if pin.is_some() {
            command.args(pin::ARGUMENTS);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().map_err(io_error(self.program()))?;

        let (told, heard) = channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                lines.filter_map(|line| terminal(&line)).for_each(|port| drop(told.send(port)));
            });
        }
        let port = heard.recv_timeout(START_LIMIT);
        let mut serving = Serving { child, folder, elf, port: PathBuf::new(), pin };
        match port {
            Ok(port) => serving.port = port,
            Err(_) => {
                let said = serving.said();
                return Err(Error::Emulator { program: self.program().to_path_buf(), said });
            }
        }
        Ok(serving)
    }
}

impl Serving {
    /// The line: a file that programs open as they open a serial port.
    #[must_use]
    pub fn port(&self) -> &Path {
        &self.port
    }

    /// Whether it still runs; firmware that panicked or had a fault does not.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it, and gives what is left.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Log`].
    pub fn end(mut self) -> Result<Remains, Error> {
        // Firmware that died by itself has its last words on the console.
        let said = self.said();
        self.stop();
        let log = decode_log(&self.elf, &left(self.folder.path(), files::LOG)?)?;
        let pin = match self.pin {
            Some(pin) => pin.moves(&String::from_utf8_lossy(&left(self.folder.path(), pin::TRACE)?)),
            None => Vec::new(),
        };
        Ok(Remains { log, said, pin })
    }

    fn said(&self) -> String {
        let text =
            |name| String::from_utf8_lossy(&left(self.folder.path(), name).unwrap_or_default()).into_owned();
        own_words(&text(CONSOLE), &text(COMPLAINTS))
    }

    fn stop(&mut self) {
        // Neither can fail but for a program that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop();
    }
}

/// From `char device redirected to /dev/pts/3 (label serial0)`.
fn terminal(line: &str) -> Option<PathBuf> {
    let (_, rest) = line.split_once("redirected to ")?;
    rest.split_whitespace().next().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_where_the_emulator_says() {
        let said = "char device redirected to /dev/pts/3 (label serial0)";
        assert_eq!(terminal(said), Some("/dev/pts/3".into()));
        assert_eq!(terminal("qemu-system-arm: warning"), None);
    }
}
