//! What `cargo xtask` starts. It prints pages of help and refuses what no page has, which a new clone has after a second of
//! compiling, and hands everything else to the program `xtask`, which is built when a verb is first called.

mod pages;
mod refusal;

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    process::{Command, ExitCode},
};

/// The package and the program behind the door.
const PROGRAM: &str = "xtask";

/// What the program says of wrong usage, too.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if arguments.is_empty() {
        return print(&mut io::stderr(), page(pages::SHORT), USAGE);
    }
    let words: Option<Vec<&str>> = arguments.iter().map(|argument| argument.to_str()).collect();
    let words = words.unwrap_or_default();
    if let Some(name) = pages::asked_for(&words) {
        return print(&mut io::stdout(), page(&name), 0);
    }
    match refusal::refusal(&words) {
        Some(told) => print(&mut io::stderr(), &told, USAGE),
        None => hand_over(&arguments),
    }
}

fn page(name: &str) -> &'static str {
    pages::find(name).unwrap_or_default()
}

fn print(to: &mut dyn Write, text: &str, code: u8) -> ExitCode {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Ok(()) => ExitCode::from(code),
        // Whoever reads it has closed the pipe.
        Err(_) => ExitCode::FAILURE,
    }
}

/// Builds the program unless that was done, and becomes it.
fn hand_over(arguments: &[OsString]) -> ExitCode {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.arg("run");
    if is_built() {
        command.arg("--quiet");
    } else {
        eprintln!("building what does the work, once: two minutes on two cores");
    }
    command.args(["--package", PROGRAM, "--"]).args(arguments);
    let error = run(&mut command);
    eprintln!("error: cannot start {}: {error}", cargo.display());
    ExitCode::FAILURE
}

/// Whether the program lies beside this one, in whatever state.
fn is_built() -> bool {
    let own = env::current_exe().ok();
    own.is_some_and(|own| own.with_file_name([PROGRAM, env::consts::EXE_SUFFIX].concat()).is_file())
}

/// Returns only where the command cannot be started: the program gets the terminal, its signals among it.
#[cfg(unix)]
fn run(command: &mut Command) -> io::Error {
    use std::os::unix::process::CommandExt;
    command.exec()
}

/// Returns only where the command cannot be started.
#[cfg(not(unix))]
fn run(command: &mut Command) -> io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
