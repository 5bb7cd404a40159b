//! The shipped models' samples become the very bytes that the training scripts made of them.

use samples::{Card, Features, Sample, to_input};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn samples_give_the_training_scripts_bytes() {
    for (model, least) in [("digits", 10), ("kws", 6)] {
        let folder = models().join(model);
        let card = Card::beside(&folder.join("model.tflite")).unwrap().unwrap();
        let expected = std::fs::read_to_string(folder.join("samples/expected.json")).unwrap();
        let expected: Vec<Value> = serde_json::from_str(&expected).unwrap();
        assert!(expected.len() >= least);
        for row in expected {
            let file = row["file"].as_str().unwrap();
            let sample = Sample::read(&folder.join("samples").join(file)).unwrap();
            let bytes = to_input(&card.input, card.features.as_ref(), &sample).unwrap();
            assert_eq!(sha256(&bytes), row["input_sha256"].as_str().unwrap(), "{model} {file}");
            assert!(card.labels.iter().any(|label| label == row["answer"].as_str().unwrap()));
            assert!(file.starts_with(row["label"].as_str().unwrap()));
        }
    }
}

#[test]
fn cards_are_about_the_models_beside_them() {
    for model in ["digits", "kws"] {
        let path = models().join(model).join("model.tflite");
        let card = Card::beside(&path).unwrap().unwrap();
        assert_eq!(card.sha256, sha256(&std::fs::read(&path).unwrap()));
        assert_eq!(card.name, model);
        assert!(!card.task.is_empty());
        let golden = std::fs::read_to_string(path.with_file_name("golden.json")).unwrap();
        let golden: Value = serde_json::from_str(&golden).unwrap();
        assert_eq!(golden["sha256"].as_str().unwrap(), card.sha256);
        let input = &golden["inputs"][0];
        let shape: Vec<usize> = serde_json::from_value(input["shape"].clone()).unwrap();
        assert_eq!(shape, card.input.shape);
        assert_eq!(input["scale"].as_f64().unwrap() as f32, card.input.scale);
        assert_eq!(input["zero_point"].as_i64().unwrap(), i64::from(card.input.zero_point));
        let outputs: usize = golden["outputs"][0]["shape"][1].as_u64().unwrap() as usize;
        assert_eq!(outputs, card.labels.len());
        let zero_point = match card.features.unwrap() {
            Features::Audio(audio) => audio.zero_point,
            Features::Image(image) => image.zero_point,
            _ => panic!("features of a new kind"),
        };
        assert_eq!(i32::from(zero_point), card.input.zero_point);
    }
    assert_eq!(Card::beside(&models().join("digits/other.tflite")).unwrap(), None);
    assert_eq!(Card::beside(Path::new("/nowhere/model.tflite")).unwrap(), None);
}
