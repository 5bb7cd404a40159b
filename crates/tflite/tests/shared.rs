//! Every model of the shared collection, where it stands beside the workspace: sound ones are read and come
//! back the same from the builder, broken ones are read or refused.

use std::fs;
use std::path::{Path, PathBuf};

use tflite::build::{Layout, build};
use tflite::{BuiltinOp, Fault, Model, Options};

/// The models in a folder of the collection; none, with a note, where there is no collection.
fn models(folder: &str) -> Vec<(String, Vec<u8>)> {
    let place: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../../shared/models", folder].iter().collect();
    let Ok(entries) = fs::read_dir(&place) else {
        eprintln!("skipped: no models at {}", place.display());
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "tflite")).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().expect("a file name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read(path).expect("a readable file"))).collect()
}

#[test]
fn sound_models_are_read_and_written_back() {
    for (name, bytes) in models("networks").into_iter().chain(models("operators")) {
        let model = Model::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        for layout in [Layout::Aligned, Layout::Packed, Layout::Outside] {
            let written = build(&model, layout);
            assert_eq!(Model::parse(&written).as_ref(), Ok(&model), "{name} {layout:?}");
        }
        for operator in model.subgraphs.iter().flat_map(|subgraph| &subgraph.operators) {
            assert!(!matches!(operator.op, BuiltinOp::Unknown(_)), "{name}: {}", operator.op);
            if operator.op == BuiltinOp::Conv2D {
                assert!(matches!(operator.options, Options::Conv2D { .. }), "{name}: {:?}", operator.options);
            }
        }
    }
}

#[test]
fn broken_models_are_read_or_refused() {
    // What is wrong with a file stands in its name. These are wrong as files; most others only as models.
    let structural = [
        ("bad_identifier", "where a model has `TFL3`"),
        ("buffer_index_past_end", "buffer is 99, and the number of buffers is"),
        ("conv_activation_77", "activation is 77"),
        ("four_bytes", "4 bytes is too short"),
        ("no_subgraphs", "it has no subgraphs"),
        ("not_a_model_text", "this is text"),
        ("op_output_past_end", "and the number of tensors is"),
        ("opcode_index_past_end", "and the number of operator codes is"),
        ("truncated_1096", "it was cut off or damaged; copy it again"),
        ("type_99", "element type is 99"),
    ];
    let mut refused = Vec::new();
    for (name, bytes) in models("broken") {
        match Model::parse(&bytes) {
            Ok(_) => assert!(structural.iter().all(|(broken, _)| *broken != name), "{name} was read"),
            Err(error) => {
                assert!(!name.starts_with("ok_"), "{name}: {error}");
                assert!(!matches!(error.fault, Fault::TooManyItems { .. }), "{name}: {error}");
                println!("{name}: {error}");
                refused.push((name, error.to_string()));
            }
        }
    }
    if refused.is_empty() {
        return;
    }
    for (broken, message) in structural {
        let found = refused.iter().find(|(name, _)| name == broken);
        assert!(found.is_some_and(|(_, found)| found.contains(message)), "{broken}: {found:?}");
    }
}
