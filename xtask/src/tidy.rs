//! `tidy`: what the documents say against what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use clap::CommandFactory;
use serde::Deserialize;

use crate::{Cli, codegen, print, stage::cargo};

/// Compares what the documents say with what is there: crates and what they use, files with `unsafe`, generated
/// files, verbs that documents name, what boards have been run on, and leftovers in the sources.
///
/// Example: cargo xtask tidy
#[derive(clap::Args)]
pub struct Args {}

/// Something that is not as it should be, and where.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Finding {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A file of the workspace, named from its root.
struct Text {
    name: String,
    text: String,
}

impl Text {
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { file: self.name.clone(), line, what: what.into() }
    }
}

/// Runs the verb; whether nothing was found.
pub fn run(_: &Args, workspace: &Path) -> Result<bool> {
    let findings = findings(workspace)?;
    print::text(&findings.iter().map(|finding| format!("{finding}\n")).collect::<String>())?;
    eprintln!("{} findings", findings.len());
    Ok(findings.is_empty())
}

/// Everything that is not as it should be.
///
/// # Errors
/// When the workspace cannot be read.
pub fn findings(workspace: &Path) -> Result<Vec<Finding>> {
    let sources = read_all(workspace, "rs")?;
    let documents = read_all(workspace, "md")?;
    let house = documents.iter().find(|it| it.name == "ARCHITECTURE.md").context("no ARCHITECTURE.md")?;
    let mut findings = crates(house, &used(workspace)?);
    findings.extend(unsafe_files(house, &sources));
    findings.extend(leftovers(&sources));
    findings.extend(verbs(&documents));
    findings.extend(boards(&documents));
    findings.extend(codegen::stale(workspace).into_iter().map(|file| Finding {
        file: file.to_owned(),
        line: 1,
        what: "is stale: run `cargo xtask codegen`".into(),
    }));
    findings.sort();
    Ok(findings)
}

/// Every file of one kind, but for what is built or hidden.
fn read_all(workspace: &Path, extension: &str) -> Result<Vec<Text>> {
    let mut folders = vec![workspace.to_path_buf()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_own = !name.starts_with('.') && name != "target";
            match entry? {
                kind if kind.is_dir() && is_own => folders.push(path),
                kind if kind.is_file() && path.extension().is_some_and(|it| it == extension) => {
                    files.push(read(workspace, path)?);
                }
                _ => {}
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn read(workspace: &Path, path: PathBuf) -> Result<Text> {
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let name = path.strip_prefix(workspace).unwrap_or(&path).to_string_lossy().replace('\\', "/");
    Ok(Text { name, text })
}

/// What each crate of the workspace uses of the others, by the short names.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn used(workspace: &Path) -> Result<Uses> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        dependencies: Vec<Dependency>,
    }
    #[derive(Deserialize)]
    struct Dependency {
        name: String,
        kind: Option<String>,
    }
    let output = cargo(workspace, &["metadata", "--format-version", "1", "--no-deps"]).output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let names: BTreeSet<_> = metadata.packages.iter().map(|package| package.name.clone()).collect();
    let uses = |package: &Package| {
        let mut own: BTreeSet<_> = package
            .dependencies
            .iter()
            .filter(|it| it.kind.as_deref() != Some("dev") && names.contains(&it.name))
            .map(|it| short(&it.name))
            .collect();
        own.remove(&short(&package.name));
        (short(&package.name), own)
    };
    Ok(metadata.packages.iter().map(uses).collect())
}

/// `microjoule-quant` is `quant`; the tests keep their whole name.
fn short(package: &str) -> String {
    let short = package.strip_prefix("microjoule-").filter(|short| *short != "tests");
    short.unwrap_or(package).to_owned()
}

/// A row of the table of crates.
struct Room<'t> {
    line: usize,
    name: &'t str,
    is_device: bool,
    /// What the last column says.
    uses: &'t str,
}

fn rooms(house: &Text) -> impl Iterator<Item = Room<'_>> {
    house.lines().filter_map(|(line, text)| {
        let cells: Vec<_> = text.trim().strip_prefix('|')?.split('|').map(str::trim).collect();
        let [name, side @ ("D" | "H"), _, uses, ..] = cells[..] else { return None };
        let name = name.strip_prefix('`')?.strip_suffix('`')?;
        Some(Room { line, name, is_device: side == "D", uses })
    })
}

/// The table of crates against the manifests.
fn crates(house: &Text, uses: &Uses) -> Vec<Finding> {
    let rooms: Vec<_> = rooms(house).collect();
    let mut findings = Vec::new();
    for room in &rooms {
        let Some(used) = uses.get(room.name) else {
            findings.push(house.finding(room.line, format!("there is no crate `{}`", room.name)));
            continue;
        };
        let named: Vec<_> = room.uses.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let is_host = |name: &str| rooms.iter().any(|it| it.name == name && !it.is_device);
        let may = |name: &String| {
            named.contains(&"any")
                || named.contains(&name.as_str())
                || named.contains(&"any H") && is_host(name)
        };
        for name in used.iter().filter(|name| !may(name)) {
            findings.push(
                house
                    .finding(room.line, format!("`{}` uses `{name}`, which its row does not say", room.name)),
            );
        }
        for name in named.iter().filter(|name| !name.starts_with("any")) {
            if !uses.contains_key(*name) {
                findings.push(house.finding(room.line, format!("`{name}` is no crate")));
            }
        }
    }
    for name in uses.keys().filter(|name| rooms.iter().all(|room| room.name != name.as_str())) {
        findings.push(house.finding(1, format!("the crate `{name}` has no row")));
    }
    findings
}

/// The list of files that may use `unsafe` against those that allow it.
fn unsafe_files(house: &Text, sources: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listed = listed_unsafe(house);
    let allows = |line: &str| {
        let attribute = line.trim_start();
        (attribute.starts_with("#![") || attribute.starts_with("#["))
            && attribute.contains("allow(unsafe_code)")
    };
    let allowing: BTreeMap<_, _> = sources
        .iter()
        .filter_map(|it| Some((it.name.as_str(), (it, it.lines().find(|(_, line)| allows(line))?.0))))
        .collect();
    for (line, name) in &listed {
        if !allowing.contains_key(name.as_str()) {
            findings.push(house.finding(*line, format!("{name} is listed and allows no `unsafe`")));
        }
    }
    for (name, (file, line)) in &allowing {
        if !listed.iter().any(|(_, listed)| listed == name) {
            findings.push(file.finding(*line, "allows `unsafe` and is not listed in ARCHITECTURE.md"));
        }
    }
    findings
}

/// The rows under "Files that may use `unsafe`". A name without a folder is in the folder of the one before.
fn listed_unsafe(house: &Text) -> Vec<(usize, String)> {
    let mut listed = Vec::new();
    let rows = house.lines().skip_while(|(_, line)| !line.starts_with("Files that may use `unsafe`")).skip(1);
    for (line, row) in
        rows.skip_while(|(_, row)| row.trim().is_empty()).take_while(|(_, row)| row.starts_with('-'))
    {
        let mut folder = "";
        for name in row.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs")) {
            let (own, file) = name.rsplit_once('/').unwrap_or((folder, name));
            folder = own;
            listed.push((line, format!("{folder}/{file}")));
        }
    }
    listed
}

/// Code that says of itself that it is not done.
fn leftovers(sources: &[Text]) -> Vec<Finding> {
    // Put together here, so that this file does not find itself.
    let macros = ["todo", "unimplemented", "dbg"].map(|name| format!("{name}!("));
    let mut findings = Vec::new();
    for file in sources {
        for (line, text) in file.lines() {
            let code = text.split("//").next().unwrap_or_default();
            for name in macros.iter().filter(|name| code.contains(name.as_str())) {
                findings.push(file.finding(line, format!("`{}` is left over", name.trim_end_matches('('))));
            }
        }
    }
    findings
}

/// `cargo xtask VERB` in a document, where there is no such verb.
fn verbs(documents: &[Text]) -> Vec<Finding> {
    let command = Cli::command();
    let mut findings = Vec::new();
    for document in documents {
        for (line, text) in document.lines() {
            for rest in text.split("cargo xtask ").skip(1) {
                let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '-';
                let verb = rest.split(|letter| !is_part(letter)).next().unwrap_or_default();
                if !verb.is_empty() && !verb.starts_with('-') && command.find_subcommand(verb).is_none() {
                    findings.push(document.finding(line, format!("there is no `cargo xtask {verb}`")));
                }
            }
        }
    }
    findings
}

/// Folders under `boards/` that are no boards.
const SHARED: [&str; 3] = ["build-support", "probed", "support"];

/// A board's README has to say what ran on the hardware itself, if anything did.
fn boards(documents: &[Text]) -> Vec<Finding> {
    let is_board = |name: &str| {
        let parts: Vec<_> = name.split('/').collect();
        matches!(parts[..], ["boards", board, "README.md"] if !SHARED.contains(&board))
    };
    let says = |file: &Text| file.text.to_ascii_lowercase().contains("run on hardware");
    let silent = documents.iter().filter(|file| is_board(&file.name) && !says(file));
    silent.map(|file| file.finding(1, "does not state `run on hardware`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, text: &str) -> Text {
        Text { name: name.into(), text: text.into() }
    }

    fn said(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn this_workspace_is_tidy() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(said(&findings(workspace).unwrap()), [""; 0]);
    }

    #[test]
    fn a_crate_uses_what_its_row_says_and_has_a_row() {
        let house = text(
            "A.md",
            "| crate | | x | may use |\n|---|\n| `a` | D | x | |\n| `b` | H | x | a |\n| `t` | H | x | any |\n| `x` | H | x | any H, c |\n| `gone` | H | x | a |\n| `c` | D | x | |\n",
        );
        let of = |rows: &[(&str, &[&str])]| -> Uses {
            let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            rows.iter().map(|(name, used)| ((*name).to_owned(), set(used))).collect()
        };
        let uses = of(&[
            ("a", &["b"]),
            ("b", &["a"]),
            ("t", &["a", "b"]),
            ("x", &["b", "a", "c"]),
            ("c", &[]),
            ("new", &[]),
        ]);
        assert_eq!(
            said(&crates(&house, &uses)),
            [
                "A.md:3: `a` uses `b`, which its row does not say",
                "A.md:6: `x` uses `a`, which its row does not say",
                "A.md:7: there is no crate `gone`",
                "A.md:1: the crate `new` has no row",
            ]
        );
    }

    #[test]
    fn files_with_unsafe_are_the_listed_ones() {
        let house = text("A.md", "Files that may use `unsafe`:\n\n- `c/a.rs` — x\n- `d/b.rs`, `e.rs` — x\n");
        let allow = "//! x\n#![allow(unsafe_code)]\n";
        let sources =
            [text("c/a.rs", allow), text("d/e.rs", allow), text("c/z.rs", allow), text("d/b.rs", "")];
        assert_eq!(
            said(&unsafe_files(&house, &sources)),
            [
                "A.md:4: d/b.rs is listed and allows no `unsafe`",
                "c/z.rs:2: allows `unsafe` and is not listed in ARCHITECTURE.md",
            ]
        );
    }

    #[test]
    fn leftovers_unknown_verbs_and_silent_boards_are_found() {
        let left = text("a.rs", &format!("fn a() {{\n    {}!()\n}}\n// {}!(x)\n", "todo", "dbg"));
        assert_eq!(said(&leftovers(&[left])), ["a.rs:2: `todo!` is left over"]);
        let document = text("a.md", "`cargo xtask run`, `cargo xtask rum` and\n`cargo xtask --help`\n");
        assert_eq!(said(&verbs(&[document])), ["a.md:1: there is no `cargo xtask rum`"]);
        let documents = [
            text("boards/x/README.md", "| Run on hardware | never |"),
            text("boards/y/README.md", "a board"),
            text("boards/support/README.md", "not a board"),
        ];
        assert_eq!(said(&boards(&documents)), ["boards/y/README.md:1: does not state `run on hardware`"]);
    }
}
