//! Compiles the shipped models, as firmware would.

fn main() {
    for name in ["digits", "kws"] {
        let model = format!("../models/{name}/model.tflite");
        println!("cargo::rerun-if-changed={model}");
        let folder = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
        compiler::emit::build_model(model.as_ref(), name, folder.as_ref())
            .unwrap_or_else(|error| panic!("{error}"));
    }
}
