//! Machines made of shell scripts: what is decided must follow from what they answer.

use super::*;

const TARGET: &str = "thumbv7m-none-eabi";

/// A folder that plays a machine: `bin` is its PATH, `usr` its distribution.
struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bin", "usr", "sysroot/lib/rustlib"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    fn at(&self, place: &str) -> PathBuf {
        self.folder.path().join(place)
    }

    /// Written by another process: a file that this one has open for writing while another test starts a program
    /// is inherited by that program, and could then not be run.
    fn program(&self, place: &str, script: &str) {
        let mut writer = Command::new("sh");
        writer.args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#]);
        assert!(writer.arg(self.at(place)).arg(script).status().unwrap().success());
    }

    /// A compiler that answers with the folder's sysroot, and the cargo beside it.
    fn compiler(&self, folder: &str) {
        let sysroot = self.at("sysroot");
        let sysroot = sysroot.display();
        self.program(
            &format!("{folder}/rustc"),
            &format!(
                "case \"$2\" in\n target-libdir) echo {sysroot}/lib/rustlib/$4/lib;;\n sysroot) echo {sysroot};;\n esac"
            ),
        );
        self.program(&format!("{folder}/cargo"), "exit 0");
    }

    fn core(&self) -> String {
        format!("{}/lib/rustlib/{TARGET}/lib", self.at("sysroot").display())
    }

    fn install_core(&self) {
        fs::create_dir_all(self.core()).unwrap();
        fs::write(Path::new(&self.core()).join("libcore-0123.rlib"), "").unwrap();
    }

    fn install_source(&self) {
        let library = self.at("sysroot/lib/rustlib/src/rust/library");
        fs::create_dir_all(&library).unwrap();
        fs::write(library.join("Cargo.lock"), "").unwrap();
    }

    /// Scripts name what they need of the real machine by its whole path.
    fn machine(&self, network: Network) -> Machine {
        let path = self.at("bin").into_os_string();
        Machine { path, system: self.at("usr"), network, rustup_limit: Duration::from_millis(400) }
    }

    fn resolve(&self, network: Network) -> (Result<Resolved, Error>, Vec<String>) {
        let mut said = Vec::new();
        let resolved = resolve(&self.machine(network), TARGET, &mut |line| said.push(line.to_owned()));
        (resolved, said)
    }
}

fn message(resolved: Result<Resolved, Error>) -> String {
    resolved.unwrap_err().to_string()
}

#[test]
fn a_core_in_the_sysroot_is_taken_and_nothing_is_installed() {
    let fake = Fake::new();
    fake.compiler("bin");
    fake.install_core();
    fake.program("bin/rustup", &format!("touch {}", fake.at("called").display()));
    let (resolved, said) = fake.resolve(Network::Online);
    assert_eq!(resolved.unwrap(), Resolved { toolchain: Toolchain::Sysroot, installed: false });
    assert!(said.is_empty() && !fake.at("called").exists());
}

#[test]
fn an_empty_library_folder_is_not_a_core() {
    let fake = Fake::new();
    fake.compiler("bin");
    fs::create_dir_all(fake.core()).unwrap();
    assert!(fake.resolve(Network::Online).0.is_err());
}

#[test]
fn a_missing_core_is_installed_and_said_so() {
    let fake = Fake::new();
    fake.compiler("bin");
    let core = fake.core();
    fake.program("bin/rustup", &format!("/bin/mkdir -p {core}; : > {core}/libcore-1.rlib; exit 0"));
    let (resolved, said) = fake.resolve(Network::Online);
    assert_eq!(resolved.unwrap(), Resolved { toolchain: Toolchain::Sysroot, installed: true });
    assert_eq!(said, [format!("rustup target add {TARGET}")]);
}

#[test]
fn offline_rustup_is_not_asked() {
    let fake = Fake::new();
    fake.compiler("bin");
    fake.program("bin/rustup", &format!(": > {}", fake.at("called").display()));
    let (resolved, said) = fake.resolve(Network::Offline);
    let message = message(resolved);
    assert!(message.contains("not tried, CARGO_NET_OFFLINE is set"), "{message}");
    assert!(said.is_empty() && !fake.at("called").exists());
}

#[test]
fn a_rustup_that_hangs_gives_way_to_the_sources() {
    let fake = Fake::new();
    fake.compiler("bin");
    fake.install_source();
    fake.program("bin/rustup", "exec /bin/sleep 60");
    let started = std::time::Instant::now();
    let (resolved, _) = fake.resolve(Network::Online);
    let expected =
        Toolchain::BuildStd { rustc: fake.at("bin/rustc"), cargo: fake.at("bin/cargo"), linker: None };
    assert_eq!(resolved.unwrap().toolchain, expected);
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn the_distributions_compiler_comes_last_and_needs_its_linker() {
    let fake = Fake::new();
    fake.compiler("usr");
    fake.install_source();
    let without = message(fake.resolve(Network::Online).0);
    assert!(without.contains("install `lld-22`"), "{without}");
    fake.program("usr/rust-lld", "exit 0");
    assert_eq!(
        fake.resolve(Network::Online).0.unwrap().toolchain,
        Toolchain::BuildStd {
            rustc: fake.at("usr/rustc"),
            cargo: fake.at("usr/cargo"),
            linker: Some(fake.at("usr/rust-lld"))
        }
    );
}

#[test]
fn when_all_fails_every_attempt_is_named_with_what_to_install() {
    let fake = Fake::new();
    fake.compiler("bin");
    fake.program("bin/rustup", "echo 'error: 404 for the target' >&2; exit 1");
    let message = message(fake.resolve(Network::Online).0);
    for part in [
        "nothing on this machine compiles for thumbv7m-none-eabi",
        "rustup target add: error: 404 for the target",
        "no library sources",
        "usr/rustc: not there",
        "`rustup target add thumbv7m-none-eabi`",
        "apt-get install rustc-web",
    ] {
        assert!(message.contains(part), "`{part}` is missing from:\n{message}");
    }
}

#[test]
fn a_bare_machine_says_that_it_has_no_compiler() {
    let message = message(Fake::new().resolve(Network::Online).0);
    assert!(message.contains("no rustc on the PATH"), "{message}");
}
