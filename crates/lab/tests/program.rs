//! What the program says, and how it ends.

use std::{path::Path, process::Command};

/// An ELF file with one segment, as small as it goes.
fn elf(folder: &Path, address: u32, bytes: &[u8]) -> String {
    let mut file = b"\x7fELF\x01\x01\x01".to_vec();
    file.resize(16, 0);
    let half = |file: &mut Vec<u8>, value: u16| file.extend(value.to_le_bytes());
    let word = |file: &mut Vec<u8>, value: u32| file.extend(value.to_le_bytes());
    // An executable for ARM, with one program header behind this one.
    half(&mut file, 2);
    half(&mut file, 40);
    [1, address | 1, 52, 0, 0x0500_0000].into_iter().for_each(|value| word(&mut file, value));
    [52, 32, 1, 40, 0, 0].into_iter().for_each(|value| half(&mut file, value));
    let length = bytes.len() as u32;
    [1, 84, address, address, length, length, 5, 4].into_iter().for_each(|value| word(&mut file, value));
    file.extend_from_slice(bytes);
    let path = folder.join("image.elf");
    std::fs::write(&path, file).unwrap();
    path.display().to_string()
}

/// Vectors and a little more for an STM32.
fn image(folder: &Path, length: usize) -> String {
    let mut bytes = vec![0x5a; length];
    bytes[..4].copy_from_slice(&0x2000_8000_u32.to_le_bytes());
    bytes[4..8].copy_from_slice(&0x0800_0401_u32.to_le_bytes());
    elf(folder, 0x0800_0000, &bytes)
}

fn lab(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lab")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn flash(image: &str, chip: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let arguments = ["flash", "--board", "desk", "--chip", chip, "--image", image];
    lab(&[&arguments[..], more].concat())
}

#[test]
fn every_line_about_a_simulated_target_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path(), 9000);
    let (code, out, said) =
        flash(&image, "STM32L4R5ZITx", &["--probe", "simulated", "--verify", "--chip-erase"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        out.starts_with("simulated: desk (STM32L4R5ZITx): all of it erased, 9000 B written and verified in "),
        "{out}"
    );
    assert!(out.lines().chain(said.lines()).all(|line| line.starts_with("simulated: ")), "{out}{said}");
}

#[test]
fn a_chip_that_was_let_go_of_has_nothing_on_that_debugging_needs() {
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path(), 900);
    for (more, expected) in [(&["--detach"][..], true), (&[], false)] {
        let (code, out, said) = flash(&image, "STM32L4R5ZITx", &[&["--probe", "simulated"], more].concat());
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(out.contains("the probe let go"), expected, "{out}");
        assert_eq!(said.contains("debug power off, 0 cores with debug on"), expected, "{said}");
    }
}

#[test]
fn each_trouble_has_its_message_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path(), 9000);
    for (wrong, told) in [
        ("locked", "STM32L4R5ZITx is locked"),
        ("stuck-erase", "does not erase"),
        ("worn-out", "verifying failed"),
        ("unplugged", "the chip has no firmware that could run"),
        ("other-chip", "and not STM32L4R5ZITx"),
    ] {
        let probe = format!("simulated:{wrong}");
        let (code, out, said) = flash(&image, "STM32L4R5ZITx", &["--probe", &probe, "--verify"]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{wrong}: {said}");
        assert!(said.contains(told), "{wrong}: {said}");
    }
    let (code, out, said) = flash(&image, "STM32L4R5ZITx", &["--probe", "simulated:disconnect"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("trying once more") && out.contains("9000 B written"), "{said}");
}

#[test]
fn what_is_too_large_for_the_board_is_refused_before_any_probe_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path(), 9000);
    let (code, _, said) = flash(&image, "STM32L4R5ZITx", &["--flash", "0x08000000:8192"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("it takes 9000 B") && said.contains("this board has 8192 B"), "{said}");
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path(), 900);
    for (chip, more) in [
        ("STM32L4R5ZITx", &["--probe", "simulated:on-fire"][..]),
        ("STM99", &["--probe", "simulated"]),
        ("STM32L4R5ZITx", &["--flash", "everywhere"]),
    ] {
        let (code, _, said) = flash(&image, chip, more);
        assert_eq!(code, Some(2), "{said}");
    }
    let (code, _, said) = flash("nothing.elf", "STM32L4R5ZITx", &["--probe", "simulated"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("nothing.elf"), "{said}");
}

#[test]
fn a_desk_without_a_probe_gets_one_screen_of_help() {
    // On a desk with a probe there is nothing to test here.
    if !lab::probes::list().is_empty() {
        eprintln!("skipped: a probe is plugged in");
        return;
    }
    let (code, out, said) = lab(&["find"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.starts_with("skipped: no debug probe found"), "{said}");
    assert!(said.contains("/etc/udev/rules.d/") && said.lines().count() <= 24, "{said}");
}
