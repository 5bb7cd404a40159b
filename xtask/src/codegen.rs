//! `codegen`: the files that are written by a program.

use std::{fs, path::Path};

use anyhow::Result;
use budget::write_atomically;

use crate::{bench, help};

/// Writes the files that are generated.
///
/// SUPPORTED_OPS.md, from the rules that do the refusing; docs/performance.md, from the records of what kernels take; and
/// crates/door/help.txt, from the definitions of the verbs.
///
/// Example: cargo xtask codegen --check
#[derive(clap::Args)]
pub struct Args {
    /// Write nothing; exit with 1 when a file is not what would be written.
    #[arg(long)]
    check: bool,
}

/// Every generated file and what belongs in it. Figures need their records.
fn generated(workspace: &Path) -> Vec<(&'static str, String)> {
    let figures = workspace.join("bench/record").is_dir().then(|| bench::page(workspace));
    let figures = figures.map(|page| (bench::PAGE, page.unwrap_or_else(|error| format!("{error:#}"))));
    let rules = ("SUPPORTED_OPS.md", compiler::ops::document());
    [rules, (help::FILE, help::pages())].into_iter().chain(figures).collect()
}

/// The generated files that are not what would be written.
pub fn stale(workspace: &Path) -> Vec<&'static str> {
    let is_stale = |(file, text): &(&str, String)| {
        fs::read_to_string(workspace.join(file)).ok().is_none_or(|found| found != *text)
    };
    generated(workspace).iter().filter(|file| is_stale(file)).map(|(file, _)| *file).collect()
}

/// Runs the verb; whether nothing is stale.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let stale = stale(workspace);
    if args.check {
        for file in &stale {
            println!("{file} is stale: run `cargo xtask codegen`");
        }
        return Ok(stale.is_empty());
    }
    for (file, text) in generated(workspace) {
        if stale.contains(&file) {
            write_atomically(&workspace.join(file), &text)?;
            eprintln!("wrote {file}");
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_stale_until_it_is_written_and_after_it_was_changed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(help::FILE).parent().unwrap()).unwrap();
        assert_eq!(stale(folder.path()), ["SUPPORTED_OPS.md", help::FILE]);
        assert!(!run(&Args { check: true }, folder.path()).unwrap());
        assert!(run(&Args { check: false }, folder.path()).unwrap());
        assert!(run(&Args { check: true }, folder.path()).unwrap());
        fs::write(folder.path().join("SUPPORTED_OPS.md"), "edited by hand").unwrap();
        assert!(!run(&Args { check: true }, folder.path()).unwrap());
    }
}
