//! What a model is run on: files, or bytes from a seed.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, Result};
use compiler::Compiled;
use engine::DType;
use samples::{Card, Input, Sample, to_input};

use crate::{Usage, model::Model};

/// What `--input` names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// A file: PNG, WAV, NPY or raw bytes.
    File(PathBuf),
    /// The generator of the records, from this seed, over all inputs.
    Lcg(u32),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(seed) = text.strip_prefix("lcg:") else { return Ok(Self::File(text.into())) };
        let wrong = || format!("`{seed}` is not a seed: a number from 0 to {} is", u32::MAX);
        seed.parse().map(Self::Lcg).map_err(|_| wrong())
    }
}

/// The bytes of every input of a model.
///
/// # Errors
/// Wrong usage, when a file cannot be read or does not fit, or there are too few or too many.
pub fn bytes(model: &Model, compiled: &Compiled, sources: &[Source]) -> Result<Vec<Vec<u8>>> {
    let files: Vec<&PathBuf> = match sources {
        [Source::Lcg(seed)] => return Ok(golden::lcg_inputs(&compiled.inputs, *seed)),
        sources => sources.iter().map(file).collect::<Option<_>>().ok_or_else(|| {
            Usage::error(
                "`--input lcg:SEED` makes all inputs of a model: give it once, and no file beside it",
            )
        })?,
    };
    let needed = compiled.inputs.len();
    if files.len() != needed {
        let takes =
            compiled.inputs.iter().map(|input| format!("{} {:?} {:?}", input.name, input.dtype, input.shape));
        let takes: Vec<_> = takes.collect();
        return Err(Usage::error(format!(
            "{} inputs given, the model takes {needed}: {}. Give `--input FILE` for each, in this order, or `--input \
             lcg:SEED` once",
            files.len(),
            takes.join(", ")
        )));
    }
    let card = Card::beside(&model.path).map_err(Usage::of)?.filter(|_| needed == 1);
    files.iter().enumerate().map(|(index, file)| one(compiled, index, card.as_ref(), file)).collect()
}

fn file(source: &Source) -> Option<&PathBuf> {
    match source {
        Source::File(path) => Some(path),
        Source::Lcg(_) => None,
    }
}

fn one(compiled: &Compiled, index: usize, card: Option<&Card>, file: &Path) -> Result<Vec<u8>> {
    let desc = &compiled.inputs[index];
    let input = Input {
        shape: desc.shape.iter().map(|&size| size as usize).collect(),
        dtype: dtype(desc.dtype).to_lowercase(),
        scale: desc.scale,
        zero_point: desc.zero_point,
    };
    let features = card.and_then(|card| card.features.as_ref());
    let sample = Sample::read(file).map_err(Usage::of)?;
    let bytes = to_input(&input, features, &sample).with_context(|| file.display().to_string());
    bytes.map_err(Usage::of)
}

/// An element type as records and converters write it.
pub fn dtype(dtype: DType) -> String {
    format!("{dtype:?}").to_uppercase()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use compiler::CompileOptions;

    use super::*;

    fn digits() -> (Model, Compiled, PathBuf) {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let model = Model::find(&workspace, "digits").unwrap();
        let compiled = model.compile(CompileOptions::DEVICE).unwrap();
        (model, compiled, workspace.join("models/digits/samples/7_test1265.png"))
    }

    #[test]
    fn a_seed_or_a_file() {
        assert_eq!("lcg:12345".parse(), Ok(Source::Lcg(12345)));
        assert_eq!("a/b.png".parse(), Ok(Source::File("a/b.png".into())));
        assert!("lcg:-1".parse::<Source>().unwrap_err().contains("is not a seed"));
        assert!("lcg:".parse::<Source>().is_err());
    }

    #[test]
    fn a_picture_goes_through_the_models_card() {
        let (model, compiled, picture) = digits();
        let inputs = bytes(&model, &compiled, &[Source::File(picture)]).unwrap();
        assert_eq!(inputs.len(), 1);
        assert_eq!(inputs[0].len(), 16 * 16);
        assert!(inputs[0].iter().any(|&byte| byte != inputs[0][0]));
    }

    #[test]
    fn wrong_counts_and_missing_files_are_wrong_usage() {
        let (model, compiled, picture) = digits();
        let file = Source::File(picture);
        for sources in [vec![], vec![file.clone(), file.clone()], vec![file, Source::Lcg(1)]] {
            let error = bytes(&model, &compiled, &sources).unwrap_err();
            assert!(crate::is_usage(&error), "{error}");
        }
        let missing = [Source::File("no/such.png".into())];
        let error = bytes(&model, &compiled, &missing).unwrap_err();
        assert!(crate::is_usage(&error) && error.to_string().contains("no/such.png"), "{error}");
    }
}
