//! Which model an argument means.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use compiler::{CompileError, CompileOptions, Compiled, compile};
use serde::Serialize;

use crate::Usage;

/// A model's file.
#[derive(Clone, Debug)]
pub struct Model {
    /// What it is called: the folder's name for a shipped one, else the file's.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A model as JSON names it.
#[derive(Debug, Serialize)]
pub struct Identity<'m> {
    name: &'m str,
    sha256: String,
}

impl Identity<'_> {
    /// What it is called.
    pub fn name(&self) -> &str {
        self.name
    }
}

impl Model {
    /// The model that an argument names: a file, or one that is shipped.
    ///
    /// # Errors
    /// Wrong usage, when there is none.
    pub fn find(workspace: &Path, argument: &str) -> Result<Self> {
        let path = Path::new(argument);
        if path.is_file() {
            return Self::read(path);
        }
        if let Some(path) = shipped_file(workspace, argument) {
            return Self::read(&path);
        }
        let known: Vec<_> = shipped(workspace)?.into_iter().map(|model| model.name).collect();
        Err(Usage::error(format!(
            "no model `{argument}`: there is no such file, and shipped are {}",
            known.join(", ")
        )))
    }

    /// Reads a model's file.
    ///
    /// # Errors
    /// Wrong usage, when it cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path)
            .map_err(|error| Usage::error(format!("cannot read {}: {error}", path.display())))?;
        Ok(Self { name: name(path), path: path.to_path_buf(), bytes })
    }

    /// Who it is.
    pub fn identity(&self) -> Identity<'_> {
        Identity { name: &self.name, sha256: golden::sha256(&self.bytes) }
    }

    /// Compiles it.
    ///
    /// # Errors
    /// Why it cannot run.
    pub fn compile(&self, options: CompileOptions) -> Result<Compiled, CompileError> {
        compile(&self.name, &self.bytes, options)
    }
}

/// Every model that comes with the workspace, by name.
///
/// # Errors
/// When the folder of models cannot be read.
pub fn shipped(workspace: &Path) -> Result<Vec<Model>> {
    let folder = workspace.join("models");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    names.iter().filter_map(|name| shipped_file(workspace, name)).map(|path| Model::read(&path)).collect()
}

fn shipped_file(workspace: &Path, name: &str) -> Option<PathBuf> {
    let is_plain = Path::new(name).components().count() == 1;
    let path = workspace.join("models").join(name).join("model.tflite");
    (is_plain && path.is_file()).then_some(path)
}

/// `models/kws/model.tflite` is `kws`; any other file is called by its own name.
fn name(path: &Path) -> String {
    let stem = path.file_stem().filter(|stem| *stem != "model");
    let folder = path.parent().and_then(Path::file_name);
    stem.or(folder).unwrap_or("model".as_ref()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn models_are_called_by_their_file_or_their_folder() {
        assert_eq!(name(Path::new("models/kws/model.tflite")), "kws");
        assert_eq!(name(Path::new("/a/b/vww.tflite")), "vww");
        assert_eq!(name(Path::new("model.tflite")), "model");
    }

    #[test]
    fn a_shipped_name_and_its_file_are_the_same_model() {
        let named = Model::find(&workspace(), "kws").unwrap();
        let file = workspace().join("models/kws/model.tflite");
        let read = Model::find(&workspace(), &file.display().to_string()).unwrap();
        assert_eq!((named.name.as_str(), &named.bytes), ("kws", &read.bytes));
    }

    #[test]
    fn a_model_that_is_not_there_is_wrong_usage_and_names_what_is() {
        for argument in ["no_such", "../models/kws", ""] {
            let error = Model::find(&workspace(), argument).unwrap_err();
            assert!(crate::is_usage(&error), "{argument}");
            assert!(error.to_string().ends_with("shipped are digits, kws"), "{error}");
        }
    }
}
