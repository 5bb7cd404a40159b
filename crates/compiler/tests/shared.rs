//! What is recorded of models beside the workspace: their multiply-adds, and which of them no engine should run.

use std::path::{Path, PathBuf};

use compiler::{CompileError, CompileOptions, compile, ops::total_macs};

fn models(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no {}", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "tflite"));
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The number after `"macs":`.
fn recorded_macs(record: &str) -> Option<u64> {
    let after = record.split_once("\"macs\":")?.1.trim_start();
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after.get(..digits)?.parse().ok()
}

#[test]
fn multiply_adds_are_the_recorded_ones() {
    let mut wrong = Vec::new();
    for path in [models("networks"), models("operators")].concat() {
        let record = std::fs::read_to_string(path.with_extension("json")).expect("a record");
        let Some(recorded) = recorded_macs(&record) else { continue };
        let bytes = std::fs::read(&path).expect("a model");
        // Models that are refused have no count.
        let Ok(compiled) = compile(&name(&path), &bytes, CompileOptions::EVERY_LAYER) else { continue };
        let found = total_macs(&compiled.graph);
        if found != recorded {
            wrong.push(format!("{}: {found}, recorded {recorded}", name(&path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn broken_files_are_refused_and_sound_ones_are_not() {
    let mut wrong = Vec::new();
    for path in models("broken") {
        let bytes = std::fs::read(&path).expect("a file");
        let sound = name(&path).starts_with("ok_");
        // Some random changes hit a name, a weight or padding, and leave a sound model.
        let random = name(&path).starts_with("flip_") || name(&path).starts_with("word_");
        match compile(&name(&path), &bytes, CompileOptions::DEVICE) {
            Ok(_) if !sound && !random => wrong.push(format!("{} is not refused", name(&path))),
            Err(CompileError::Refused(refusals))
                if refusals.iter().any(|refusal| refusal.reason.is_empty()) =>
            {
                wrong.push(format!("{} is refused without a reason", name(&path)));
            }
            Err(error) if sound => wrong.push(format!("{}: {error}", name(&path))),
            Ok(_) | Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
