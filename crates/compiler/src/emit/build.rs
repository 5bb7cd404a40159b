//! Plans made by a build script.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::rust;
use kernels::arch::UnknownIsa;

use crate::{CompileError, CompileOptions, Compiled, Isa, compile};

/// Why a build script could not make a plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The model cannot run.
    #[error("{}: {source}", path.display())]
    Compile {
        /// Which model.
        path: PathBuf,
        /// Why.
        source: Box<CompileError>,
    },
    /// A variable of the environment that says how to plan.
    #[error("{name} is `{value}`, which is not {expected}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The function was not called from a build script.
    #[error("OUT_DIR is not set: call this from a build script (build.rs)")]
    NotABuildScript,
}

/// Compiles a model in a build script: writes `NAME.rs` and `NAME.weights` into `OUT_DIR`, where
/// `microjoule::include_model!(NAME)` finds them. `NAME` is the file's name without its ending.
///
/// ```no_run
/// // build.rs
/// compiler::emit::build_script("model/kws.tflite").unwrap_or_else(|error| panic!("{error}"));
/// ```
///
/// Weights are packed for the target that the firmware is built for. Of the environment, `MICROJOULE_RAM_BUDGET` is
/// the bytes that the arena may take (`36KiB`, `36864`), `MICROJOULE_FAST_RAM` those that it may take of the memory that it lies in,
/// where the rest lies beside the state, `MICROJOULE_KEEP_DEAD_WORK=1` runs also what no input can change, and
/// `MICROJOULE_KERNELS=compact` names kernels by [`Isa`]'s names, whatever the target.
///
/// # Errors
/// As [`BuildError`] says; the message lists every layer that cannot run.
pub fn build_script(model: impl AsRef<Path>) -> Result<(), BuildError> {
    let model = model.as_ref();
    println!("cargo::rerun-if-changed={}", model.display());
    let folder = env::var_os("OUT_DIR").ok_or(BuildError::NotABuildScript)?;
    let name = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    build_model(model, &name, Path::new(&folder)).map(|_| ())
}

/// What a build script is asked for: kernels for cargo's `TARGET` and `-C target-cpu`, and what the environment says.
fn asked() -> Result<CompileOptions, BuildError> {
    let (dead_work, kernels) = ("MICROJOULE_KEEP_DEAD_WORK", "MICROJOULE_KERNELS");
    for name in [dead_work, kernels] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let triple = env::var("TARGET").unwrap_or_default();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let cores = flags.split('\u{1f}').filter_map(|flag| flag.split_once("target-cpu="));
    let core = cores.map(|(_, core)| core).next_back().unwrap_or_default();
    let keep = env::var(dead_work).is_ok_and(|value| value == "1");
    let isa = match env::var(kernels) {
        Ok(value) => value.parse().map_err(|UnknownIsa| {
            let expected = "the name of an instruction set that kernels are written for, or `compact`";
            BuildError::Variable { name: kernels, value, expected }
        })?,
        Err(_) => Isa::of_target(&triple, core),
    };
    let options = CompileOptions::DEVICE.for_isa(isa).dead_work(!keep);
    Ok(options.ram_budget(size("MICROJOULE_RAM_BUDGET")?).fast_ram(size("MICROJOULE_FAST_RAM")?))
}

/// The number of bytes that a variable of the environment gives, if it is set.
fn size(name: &'static str) -> Result<Option<u32>, BuildError> {
    println!("cargo::rerun-if-env-changed={name}");
    let Ok(value) = env::var(name) else { return Ok(None) };
    let expected = "a number of bytes or KiB";
    bytes(&value).map(Some).ok_or(BuildError::Variable { name, value, expected })
}

/// A number of bytes, as people write it: `36864` or `36KiB`.
fn bytes(text: &str) -> Option<u32> {
    match text.trim().strip_suffix("KiB") {
        Some(kibibytes) => kibibytes.trim().parse::<u32>().ok()?.checked_mul(1 << 10),
        None => text.trim().parse().ok(),
    }
}

/// Compiles a model into `NAME.rs` and `NAME.weights` in a folder, as [`build_script`] does; gives what it wrote.
///
/// # Errors
/// As [`BuildError`] says.
pub fn build_model(model: &Path, name: &str, folder: &Path) -> Result<Compiled, BuildError> {
    let bytes = fs::read(model).map_err(|source| BuildError::Io { path: model.into(), source })?;
    let compiled = compile(name, &bytes, asked()?)
        .map_err(|source| BuildError::Compile { path: model.into(), source: Box::new(source) })?;
    let weights_file = format!("{name}.weights");
    let plan = rust(&compiled, &weights_file);
    for (file, bytes) in [(format!("{name}.rs"), plan.source.into_bytes()), (weights_file, plan.weights)] {
        let path = folder.join(file);
        fs::write(&path, bytes).map_err(|source| BuildError::Io { path, source })?;
    }
    Ok(compiled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_in_bytes_or_kibibytes() {
        assert_eq!(
            [bytes("36KiB"), bytes("36864"), bytes(" 1 KiB ")],
            [Some(36_864), Some(36_864), Some(1024)]
        );
        assert_eq!([bytes("36K"), bytes(""), bytes("-1"), bytes("4194304KiB")], [None; 4]);
    }
}
