//! Lists the shipped machines and networks, so that adding one is adding a file.
use std::{env, fs, path::Path};

fn list(folder: &str, extension: &str) -> String {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let path = Path::new(&root).join(folder);
    println!("cargo:rerun-if-changed={}", path.display());
    let mut files: Vec<_> = fs::read_dir(&path)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|have| have == extension))
        .collect();
    files.sort();
    let rows = files.iter().map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("    ({:?}, include_str!({:?})),\n", format!("{folder}/{name}"), path.display().to_string())
    });
    format!("&[\n{}]", rows.collect::<String>())
}

fn main() {
    let out = env::var("OUT_DIR").unwrap_or_default();
    for (folder, extension) in [("machines", "toml"), ("networks", "json")] {
        let text = list(folder, extension);
        if let Err(error) = fs::write(Path::new(&out).join(format!("{folder}.rs")), text) {
            println!("cargo::error=cannot write the list of {folder}: {error}");
        }
    }
}
