//! What the build scripts of all boards share: the linker's scripts, and the model.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The model that is compiled in when nobody names another.
const DEFAULT_MODEL: &str = "../../models/digits/model.tflite";

/// Puts `memory.x` where the linker looks, names the linker's scripts, and compiles the model that the environment's
/// `MICROJOULE_MODEL` names, for `microjoule::include_model!(model)`.
///
/// # Panics
/// When the model cannot run, with every reason, and when it is not called from a build script.
pub fn image() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy("memory.x", out.join("memory.x")).expect("memory.x beside Cargo.toml");
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    model(&out);
}

fn model(out: &Path) {
    println!("cargo::rerun-if-env-changed=MICROJOULE_MODEL");
    let model = env::var_os("MICROJOULE_MODEL").map_or_else(|| PathBuf::from(DEFAULT_MODEL), PathBuf::from);
    println!("cargo::rerun-if-changed={}", model.display());
    compiler::emit::build_model(&model, "model", out).unwrap_or_else(|error| panic!("{error}"));
}
