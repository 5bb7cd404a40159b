//! The shipped models on the shipped files: from a PNG or WAV to the answer that the training script recorded.

use compiler::{CompileOptions, compile};
use golden::{Verdict, conform, hex, run};
use samples::{Card, Sample, to_input};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(model)
}

#[test]
fn files_give_the_recorded_outputs_and_answers() {
    for (model, least) in [("digits", 10), ("kws", 6)] {
        let path = folder(model).join("model.tflite");
        let card = Card::beside(&path).unwrap().expect("a card beside a shipped model");
        let bytes = std::fs::read(&path).unwrap();
        let compiled = compile(model, &bytes, CompileOptions::DEVICE).unwrap();
        let expected = std::fs::read_to_string(folder(model).join("samples/expected.json")).unwrap();
        let expected: Vec<Value> = serde_json::from_str(&expected).unwrap();
        assert!(expected.len() >= least, "{model} has too few samples");
        for row in &expected {
            let file = row["file"].as_str().unwrap();
            let sample = Sample::read(&folder(model).join("samples").join(file)).unwrap();
            let input = to_input(&card.input, card.features.as_ref(), &sample).unwrap();
            let outputs = run(&compiled, &[vec![input]], &mut ()).unwrap();
            let scores = &outputs[0][0];
            assert_eq!(hex(scores), row["output_hex"].as_str().unwrap(), "{model} {file}");
            let best = scores.iter().map(|&q| q as i8).max().unwrap();
            let answer = scores.iter().position(|&q| q as i8 == best).unwrap();
            assert_eq!(card.labels[answer], row["answer"].as_str().unwrap(), "{model} {file}");
        }
    }
}

#[test]
fn every_layer_is_as_recorded() {
    for (model, layers) in [("digits", 10), ("kws", 12)] {
        let place = tempfile::tempdir().unwrap();
        let copy = place.path().join("model.tflite");
        std::fs::copy(folder(model).join("model.tflite"), &copy).unwrap();
        std::fs::copy(folder(model).join("golden.json"), place.path().join("model.json")).unwrap();
        match conform(&copy, CompileOptions::DEVICE) {
            Verdict::Same { outputs: 4, layers: compared } => assert_eq!(compared, layers, "{model}"),
            other => panic!("{model}: {other:?}"),
        }
    }
}
