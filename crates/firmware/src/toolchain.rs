use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    Error,
    process::{Finished, find_on, run_bounded},
};

/// `rustup target add` takes two seconds where it works; where it hangs, nobody waits longer than this.
const RUSTUP_LIMIT: Duration = Duration::from_secs(90);

/// A question to the compiler is answered at once, but for a rustup that installs a toolchain first.
const QUESTION_LIMIT: Duration = Duration::from_secs(120);

/// How a device target can be compiled for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Toolchain {
    /// The target's `core` is in the sysroot: plain cargo will do.
    Sysroot,
    /// `core` is compiled from source, along with the firmware.
    BuildStd {
        /// The compiler whose sources are there.
        rustc: PathBuf,
        /// The cargo that belongs to it.
        cargo: PathBuf,
        /// The linker, where the compiler would not find its own.
        linker: Option<PathBuf>,
    },
}

impl Toolchain {
    /// The folder under `target/` of what this way of compiling leaves; two ways never share one.
    #[must_use]
    pub fn folder(&self) -> &'static str {
        match self {
            Self::Sysroot => "firmware",
            Self::BuildStd { .. } => "firmware-build-std",
        }
    }
}

/// A toolchain and what was done to have it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolved {
    /// The toolchain.
    pub toolchain: Toolchain,
    /// Whether the target was installed just now.
    pub installed: bool,
}

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Network {
    /// What is missing may be downloaded.
    Online,
    /// Take what is there.
    Offline,
}

impl Network {
    /// `CARGO_NET_OFFLINE`, as cargo reads it.
    #[must_use]
    pub fn from_environment() -> Self {
        match env::var("CARGO_NET_OFFLINE").as_deref() {
            Ok("true" | "1") => Self::Offline,
            _ => Self::Online,
        }
    }
}

/// What of a machine decides how a target is compiled for.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Where programs are looked for.
    pub path: OsString,
    /// The distribution's own programs, which stand behind a rustup on the PATH.
    pub system: PathBuf,
    /// Whether the network may be used.
    pub network: Network,
    /// How long `rustup target add` may take.
    pub rustup_limit: Duration,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn this() -> Self {
        Self {
            path: env::var_os("PATH").unwrap_or_default(),
            system: PathBuf::from("/usr/bin"),
            network: Network::from_environment(),
            rustup_limit: RUSTUP_LIMIT,
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", &self.path);
        command
    }

    fn ask(&self, rustc: &Path, question: &[&str]) -> Option<String> {
        let finished = run_bounded(self.command(rustc).args(question), QUESTION_LIMIT).ok()?;
        let answer = String::from_utf8(finished.stdout.clone()).ok()?;
        finished.success().then(|| answer.trim().to_owned())
    }

    /// The compiler prints where a target's libraries would stand even when they don't, so this looks.
    fn has_core(&self, rustc: &Path, target: &str) -> bool {
        let Some(folder) = self.ask(rustc, &["--print", "target-libdir", "--target", target]) else {
            return false;
        };
        fs::read_dir(folder).is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
            })
        })
    }

    fn has_source(&self, rustc: &Path) -> bool {
        self.ask(rustc, &["--print", "sysroot"]).is_some_and(|sysroot| {
            Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").is_file()
        })
    }

    fn add_target(&self, rustup: &Path, target: &str) -> Result<Finished, std::io::Error> {
        let mut command = self.command(rustup);
        command
            .args(["target", "add", target])
            .env("RUSTUP_DOWNLOAD_TIMEOUT", "20")
            .env("RUSTUP_MAX_RETRIES", "1");
        run_bounded(&mut command, self.rustup_limit)
    }
}

/// Finds the way to compile for `target` here: its `core` in the sysroot, else `rustup target add`, else a
/// compiler whose library sources are there. `progress` hears of anything that takes time.
///
/// # Errors
/// [`Error::NoToolchain`] tells what was tried and what to install.
pub fn resolve(machine: &Machine, target: &str, progress: &mut dyn FnMut(&str)) -> Result<Resolved, Error> {
    let mut tried = Vec::new();
    let rustc = find_on("rustc", &machine.path);
    if let Some(rustc) = &rustc {
        if machine.has_core(rustc, target) {
            return Ok(Resolved { toolchain: Toolchain::Sysroot, installed: false });
        }
        tried.push(format!("  {}: its sysroot has no `core` for the target", rustc.display()));
    } else {
        tried.push("  no rustc on the PATH".to_owned());
    }
    if let (Some(rustup), Some(rustc)) = (find_on("rustup", &machine.path), &rustc) {
        match add_target(machine, &rustup, rustc, target, progress) {
            Ok(()) => return Ok(Resolved { toolchain: Toolchain::Sysroot, installed: true }),
            Err(why) => tried.push(why),
        }
    }
    for candidate in rustc.into_iter().chain([machine.system.join("rustc")]) {
        match build_std(machine, &candidate) {
            Ok(toolchain) => return Ok(Resolved { toolchain, installed: false }),
            Err(why) => tried.push(why),
        }
    }
    tried.dedup();
    Err(Error::NoToolchain { target: target.to_owned(), tried, advice: advice(target) })
}

fn add_target(
    machine: &Machine,
    rustup: &Path,
    rustc: &Path,
    target: &str,
    progress: &mut dyn FnMut(&str),
) -> Result<(), String> {
    if machine.network == Network::Offline {
        return Err("  rustup target add: not tried, CARGO_NET_OFFLINE is set".to_owned());
    }
    progress(&format!("rustup target add {target}"));
    let finished = machine.add_target(rustup, target).map_err(|error| format!("  rustup: {error}"))?;
    if finished.success() && machine.has_core(rustc, target) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&finished.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(match finished.status {
        None => format!("  rustup target add: no end after {} s", machine.rustup_limit.as_secs()),
        Some(_) => format!("  rustup target add: {}", last.trim()),
    })
}

fn build_std(machine: &Machine, rustc: &Path) -> Result<Toolchain, String> {
    let name = rustc.display();
    if !rustc.is_file() {
        return Err(format!("  {name}: not there"));
    }
    if !machine.has_source(rustc) {
        return Err(format!("  {name}: no library sources to compile `core` from"));
    }
    let cargo = rustc.with_file_name("cargo");
    if !cargo.is_file() {
        return Err(format!("  {name}: no cargo beside it"));
    }
    // A distribution's compiler does not carry the linker that rustup's brings along.
    let linker = if rustc.starts_with(&machine.system) {
        let known = ["rust-lld", "ld.lld-22", "ld.lld"].map(|linker| machine.system.join(linker));
        let found = known.into_iter().find(|linker| linker.is_file());
        Some(found.ok_or_else(|| format!("  {name}: no linker for the target, install `lld-22`"))?)
    } else {
        None
    };
    Ok(Toolchain::BuildStd { rustc: rustc.to_path_buf(), cargo, linker })
}

fn advice(target: &str) -> String {
    format!(
        "With a network, `rustup target add {target}` is all it takes. Without rustup, on Debian 12: \
         `apt-get install rustc-web cargo-web rust-web-src lld-22`."
    )
}

#[cfg(test)]
mod tests;
