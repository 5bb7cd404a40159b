//! The files under `bench/record`: a list of records for each board, a line for each step.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use budget::{Record, baseline_from_json, write_atomically};
use firmware::Profile;
use serde_json::Value;

/// The folder.
const FOLDER: &str = "bench/record";
/// How the files end of what portable kernels took: what every other kernel is held against.
const PORTABLE: &str = ".portable.json";

/// How those end of images built for size.
const SMALL: &str = ".small.json";

/// Keys of a record and of a step that a file can do without.
const LEFT_OUT: [&str; 2] = ["outside_steps_cycles", "board"];

/// What tells records of one board apart: the model, and whether work that no input can change was left out.
pub fn key(record: &Record) -> (&str, &str, bool) {
    let removed = is_reduced(record);
    (&record.model.name, &record.target, removed)
}

/// Whether work was left out.
pub fn is_reduced(record: &Record) -> bool {
    let left = record.extra.get("macs_left").and_then(Value::as_u64);
    left.is_some_and(|left| left != record.total.macs)
}

/// Without what can be had again any time.
pub fn slim(mut record: Record) -> Record {
    record.extra.retain(|key, _| !LEFT_OUT.contains(&key.as_str()));
    if let Some(timing) = record.extra.get_mut("timing").and_then(Value::as_object_mut) {
        timing.remove("source");
    }
    for step in &mut record.steps {
        step.extra.remove("mix");
    }
    record
}

/// The file of a board's records of images that are optimised for something.
fn file(workspace: &Path, board: &str, profile: Profile) -> PathBuf {
    let end = match profile {
        Profile::Release => ".json",
        Profile::Small => SMALL,
    };
    workspace.join(FOLDER).join(format!("{board}{end}"))
}

/// A board's records; none when there is no file.
pub fn read(workspace: &Path, board: &str, profile: Profile) -> Result<Vec<Record>> {
    read_file(&file(workspace, board, profile))
}

/// What the portable kernels took of a board.
pub fn read_portable(workspace: &Path, board: &str) -> Result<Vec<Record>> {
    read_file(&workspace.join(FOLDER).join(format!("{board}{PORTABLE}")))
}

fn read_file(file: &Path) -> Result<Vec<Record>> {
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    Ok(baseline_from_json(&file.display().to_string(), &text)?)
}

/// The boards that have records, by name.
pub fn boards(workspace: &Path) -> Result<Vec<String>> {
    let folder = workspace.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut boards = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // `BOARD.portable.json`, `BOARD.small.json` and `BOARD.fits.json` are no boards.
        if let Some(board) = name.strip_suffix(".json").filter(|board| !board.contains('.')) {
            boards.push(board.to_owned());
        }
    }
    boards.sort();
    Ok(boards)
}

/// Fresh records in place of kept ones of the same key; what was not measured stays.
pub fn merge(mut kept: Vec<Record>, fresh: Vec<Record>) -> Vec<Record> {
    for record in fresh {
        match kept.iter_mut().find(|old| key(old) == key(&record)) {
            Some(old) => *old = record,
            None => kept.push(record),
        }
    }
    kept
}

/// Writes a board's file.
pub fn write(workspace: &Path, board: &str, profile: Profile, records: &[Record]) -> Result<()> {
    let folder = workspace.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let file = file(workspace, board, profile);
    write_atomically(&file, &text(records)?)?;
    eprintln!("wrote {}", file.display());
    Ok(())
}

/// A line for each step, so that a change shows where it is.
fn text(records: &[Record]) -> Result<String> {
    let mut texts = Vec::new();
    for record in records {
        let steps: Result<Vec<_>, _> = record.steps.iter().map(without_nothing).collect();
        let head = without_nothing(&Record { steps: Vec::new(), ..record.clone() })?;
        let empty = "\"steps\":[]";
        anyhow::ensure!(head.matches(empty).count() == 1, "a record has one list of steps");
        texts.push(head.replace(empty, &format!("\"steps\":[\n  {}\n]", steps?.join(",\n  "))));
    }
    Ok(format!("[\n{}\n]\n", texts.join(",\n")))
}

/// As JSON, without what is not known.
fn without_nothing(data: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    let mut value = serde_json::to_value(data)?;
    prune(&mut value);
    serde_json::to_string(&value)
}

fn prune(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(prune);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(name: &str, cycles: u64, left: u64) -> Record {
        let value = json!({
            "schema": 1, "model": {"name": name, "sha256": "0"}, "target": "b", "obtained": "emulated",
            "tools": {}, "clock_hz": null, "macs_left": left, "board": {"name": "b"},
            "timing": {"table": "cortex-m4", "source": "a manual"},
            "total": {"macs": 100, "instructions": 1, "cycles": cycles, "microseconds": null, "microjoules": null,
                      "arena_bytes": 1, "code_bytes": 1, "weight_bytes": 1},
            "steps": [{"index": 0, "operator": "ADD", "kernel": "Add", "macs": 0, "instructions": 1, "cycles": 2,
                       "microseconds": null, "microjoules": null, "mix": {}}],
        });
        Record::from_json("test", &value.to_string()).unwrap()
    }

    #[test]
    fn a_file_keeps_what_was_not_measured_again() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            boards(folder.path()).unwrap().is_empty()
                && read(folder.path(), "b", Profile::Small).unwrap().is_empty()
        );
        let kept = vec![slim(record("one", 5, 100)), slim(record("two", 6, 100)), slim(record("two", 3, 50))];
        write(folder.path(), "b", Profile::Release, &kept).unwrap();
        write(folder.path(), "b", Profile::Small, &kept[..1]).unwrap();
        assert_eq!(read(folder.path(), "b", Profile::Small).unwrap(), kept[..1]);
        let read_again = read(folder.path(), "b", Profile::Release).unwrap();
        assert_eq!(read_again, kept);
        assert_eq!(boards(folder.path()).unwrap(), ["b"]);
        let merged = merge(read_again, vec![slim(record("two", 2, 50)), slim(record("three", 1, 100))]);
        let figures: Vec<_> =
            merged.iter().map(|of| (of.model.name.as_str(), of.total.cycles, is_reduced(of))).collect();
        assert_eq!(
            figures,
            [
                ("one", Some(5), false),
                ("two", Some(6), false),
                ("two", Some(2), true),
                ("three", Some(1), false)
            ]
        );
        let text = text(&merged).unwrap();
        assert_eq!(text.lines().count(), 2 + 4 * 3, "a line for each step:\n{text}");
        assert!(!text.contains("\"mix\"") && !text.contains("a manual") && !text.contains("null"), "{text}");
    }
}
