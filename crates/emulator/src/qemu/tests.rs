use super::*;

fn qemu() -> Qemu {
    Qemu {
        program: "no-such-emulator".to_owned(),
        package: "such-a-package".to_owned(),
        machine: "mps2-an386".to_owned(),
        core: None,
        arguments: vec!["-icount".to_owned(), "shift=0".to_owned()],
    }
}

/// A program that prints its first argument's answer; written by another process so that it can be run at once.
fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("emulator");
    let mut writer = Command::new("sh");
    writer.args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#]);
    assert!(writer.arg(&path).arg(script).status().unwrap().success());
    path
}

#[test]
fn versions_are_read_from_what_distributions_print() {
    for (text, major, minor) in [
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright", 7, 2),
        ("QEMU emulator version 10.0.2", 10, 0),
        ("QEMU emulator version 9.1.0-rc2-dirty", 9, 1),
    ] {
        assert_eq!(Version::parse(text), Some(Version { major, minor }), "{text}");
    }
    for text in ["", "qemu: command not found", "QEMU emulator version ten"] {
        assert_eq!(Version::parse(text), None, "{text}");
    }
    assert!(Version { major: 10, minor: 0 } > Version { major: 7, minor: 2 });
}

#[test]
fn what_is_absent_is_named_with_what_to_install() {
    let absent =
        Absent::NoProgram { program: "qemu-system-arm".to_owned(), package: "qemu-system-arm".to_owned() };
    assert_eq!(
        absent.to_string(),
        "no qemu-system-arm; install with `apt-get install --no-install-recommends qemu-system-arm`"
    );
}

#[test]
fn an_old_emulator_and_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let old = program(folder.path(), "echo 'QEMU emulator version 4.2.1'");
    let message = Emulator::at(old, qemu()).unwrap_err().to_string();
    assert!(message.ends_with("is version 4.2, and 7.0 is the oldest that will do"), "{message}");
    let other = program(folder.path(), "echo hello");
    let message = Emulator::at(other, qemu()).unwrap_err().to_string();
    assert!(message.ends_with("does not tell its version: hello"), "{message}");
    let broken = program(folder.path(), "echo 'QEMU emulator version 8.0.0'; exit 1");
    assert!(matches!(Emulator::at(broken, qemu()), Err(Absent::Unusable { .. })));
}

#[test]
fn the_boards_arguments_reach_the_emulator() {
    let emulator = Emulator { program: "q".into(), version: OLDEST, qemu: qemu() };
    let command = emulator.command(Path::new("/a.elf"), Path::new("/folder"), "none");
    let arguments: Vec<_> =
        command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let line = arguments.join(" ");
    assert!(line.starts_with("-M mps2-an386 ") && line.ends_with("-icount shift=0 -kernel /a.elf"), "{line}");
    assert_eq!(command.get_current_dir(), Some(Path::new("/folder")));
}

#[test]
fn an_emulator_that_refuses_its_arguments_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    fs::write(&image, "").unwrap();
    let script = "case $1 in --version) echo 'QEMU emulator version 8.1.0';; *) echo 'no such machine' >&2; exit 1;; esac";
    let emulator = Emulator::at(program(folder.path(), script), qemu()).unwrap();
    assert_eq!(emulator.version(), Version { major: 8, minor: 1 });
    let message = emulator.run(&image, b"", Duration::from_secs(20)).unwrap_err().to_string();
    assert!(message.ends_with("did not run the image: no such machine"), "{message}");
}

#[test]
fn a_core_that_locks_up_is_told_in_one_line() {
    let stderr =
        "qemu-system-arm: warning: nic has no peer\nqemu: fatal: Lockup: can't escalate\n\nR00=00000000";
    let outcome = Outcome {
        exit: Exit::Killed,
        console: "said before\n".to_owned(),
        stderr: stderr.to_owned(),
        log: Vec::new(),
        reply: Vec::new(),
        counts: Vec::new(),
        elapsed: Duration::ZERO,
    };
    assert_eq!(last_words(&outcome), "said before\nqemu: fatal: Lockup: can't escalate");
}
