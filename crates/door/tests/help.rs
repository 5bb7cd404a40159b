//! The door as it is typed, where nothing can be built.

use std::process::{Command, Output};

fn door(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_door"));
    command.env("CARGO", "/nowhere/cargo").args(arguments).output().expect("the door opens")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

#[test]
fn help_needs_nothing_to_be_built() {
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        let output = door(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("Usage: cargo xtask <COMMAND>"), "{arguments:?}");
    }
    for arguments in [&["flash", "--help"][..], &["flash", "-h"], &["help", "flash"]] {
        let output = door(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("Usage: cargo xtask flash [OPTIONS] --board"), "{arguments:?}");
    }
}

#[test]
fn without_a_verb_the_short_page_is_wrong_usage() {
    let output = door(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Usage: cargo xtask <COMMAND>") && output.stdout.is_empty());
}

#[test]
fn everything_else_is_for_the_program_behind() {
    for arguments in [&["boards"][..], &["run", "--help", "--model"], &["infer", "kws", "--input"]] {
        let output = door(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains("cannot start /nowhere/cargo"), "{arguments:?}");
    }
}

#[test]
fn what_no_page_of_help_has_is_refused_before_anything_is_built() {
    for (arguments, said) in [
        (&["flsh"][..], "error: unrecognized subcommand 'flsh'\n"),
        (&["flash", "--bord", "nrf52840-dk"], "error: unexpected argument '--bord' found\n"),
        (&["--chip"], "error: unexpected argument '--chip' found\n"),
    ] {
        let output = door(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = text(&output.stderr);
        assert!(told.starts_with(said) && told.ends_with("For more information, try '--help'.\n"), "{told}");
        assert!(output.stdout.is_empty() && told.contains("\nUsage: cargo xtask "), "{told}");
    }
}

#[test]
fn it_depends_on_nothing() {
    let manifest = include_str!("../Cargo.toml");
    assert!(
        !manifest.lines().any(|line| line.starts_with('[') && line.contains("dependencies")),
        "{manifest}"
    );
}
