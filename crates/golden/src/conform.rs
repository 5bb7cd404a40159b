//! Models against their records.

use std::path::{Path, PathBuf};

use compiler::{CompileOptions, Compiled, Isa, compile};

use crate::{Lcg, Record, hex, lcg_inputs, record::Output, run, sha256};

/// What came of comparing one model with its record.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// All recorded bytes are the same.
    Same {
        /// Outputs compared.
        outputs: usize,
        /// Layers compared.
        layers: usize,
    },
    /// Some are not.
    Differs(Vec<Difference>),
    /// The model was refused, and the record has nothing to compare with.
    RefusedAsRecorded {
        /// Why it was refused.
        reason: String,
    },
    /// The model ran, and the record has nothing to compare with.
    NothingRecorded,
    /// The model was refused although outputs are recorded.
    Refused {
        /// Why it was refused.
        reason: String,
    },
    /// The record or the model cannot be used.
    Unusable {
        /// Why.
        reason: String,
    },
}

impl Verdict {
    /// Whether the model does what is recorded.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Same { .. } | Self::RefusedAsRecorded { .. } | Self::NothingRecorded)
    }
}

/// Bytes that are not the recorded ones.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Which bytes: the case and output, or the layer.
    pub what: String,
    /// How many elements of one byte differ; unknown where only a checksum is recorded.
    pub differing: Option<usize>,
    /// Where the first of them is.
    pub first: Option<usize>,
    /// The largest difference between int8 elements.
    pub largest: Option<u8>,
    /// How many bytes were compared.
    pub of: usize,
}

/// The models of a folder that have a record beside them, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn models_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut models = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "tflite") && path.with_extension("json").exists() {
            models.push(path);
        }
    }
    models.sort();
    Ok(models)
}

/// Compares a model, compiled as `options` say, with the record beside it.
pub fn conform(path: &Path, options: CompileOptions) -> Verdict {
    let unusable = |reason: String| Verdict::Unusable { reason };
    let record = match Record::read(&path.with_extension("json")) {
        Ok(record) => record,
        Err(error) => return unusable(error.to_string()),
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return unusable(format!("cannot read {}: {error}", path.display())),
    };
    if sha256(&bytes) != record.sha256 {
        return unusable("the record is of another file: its sha256 differs".into());
    }
    let compiled = match compile(&record.model, &bytes, options) {
        Ok(compiled) => compiled,
        Err(error) if record.cases.is_empty() => {
            return Verdict::RefusedAsRecorded { reason: error.to_string() };
        }
        Err(error) => return Verdict::Refused { reason: error.to_string() },
    };
    if record.cases.is_empty() {
        return Verdict::NothingRecorded;
    }
    compare(&record, &compiled, &bytes).unwrap_or_else(unusable)
}

fn compare(record: &Record, compiled: &Compiled, bytes: &[u8]) -> Result<Verdict, String> {
    let mut differences = Vec::new();
    let mut outputs = 0;
    let mut sequence = Vec::new();
    for case in &record.cases {
        let inputs = lcg_inputs(&compiled.inputs, case.seed);
        let made: Vec<_> = inputs.iter().map(|input| sha256(input)).collect();
        if !case.input_sha256.is_empty() && made != case.input_sha256 {
            return Err(format!("case {}: the generated input is not the recorded one", case.case));
        }
        let found =
            run(compiled, std::slice::from_ref(&inputs), &mut ()).map_err(|error| error.to_string())?;
        let label = format!("case {}", case.case);
        outputs += compare_outputs(&label, &case.outputs, &found[0], &mut differences)?;
        sequence.push(inputs);
    }
    if let Some(stream) = &record.stream {
        let found = run(compiled, &sequence, &mut ()).map_err(|error| error.to_string())?;
        for (index, (recorded, found)) in stream.outputs.iter().zip(&found).enumerate() {
            outputs += compare_outputs(&format!("stream {index}"), recorded, found, &mut differences)?;
        }
    }
    let layers = match &record.layers_case0 {
        Some(layers) => compare_layers(record, layers, (bytes, compiled.options.isa), &mut differences)?,
        None => 0,
    };
    Ok(if differences.is_empty() { Verdict::Same { outputs, layers } } else { Verdict::Differs(differences) })
}

fn compare_outputs(
    label: &str,
    recorded: &[Output],
    found: &[Vec<u8>],
    differences: &mut Vec<Difference>,
) -> Result<usize, String> {
    if recorded.len() != found.len() {
        return Err(format!(
            "{label}: {} outputs are recorded, the model gives {}",
            recorded.len(),
            found.len()
        ));
    }
    for (index, (recorded, found)) in recorded.iter().zip(found).enumerate() {
        if sha256(found) != recorded.sha256 {
            let what = format!("{label}, output {index}");
            differences.push(difference(what, recorded.hex.as_deref(), found));
        }
    }
    Ok(recorded.len())
}

fn difference(what: String, recorded: Option<&str>, found: &[u8]) -> Difference {
    let found_hex = hex(found);
    let recorded = recorded.filter(|recorded| recorded.len() == found_hex.len());
    let Some(recorded) = recorded else {
        return Difference { what, differing: None, first: None, largest: None, of: found.len() };
    };
    let byte =
        |at: usize| recorded.get(2 * at..2 * at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let apart: Vec<(usize, u8)> = found
        .iter()
        .enumerate()
        .filter_map(|(at, &is)| {
            byte(at).filter(|&was| was != is).map(|was| (at, (was as i8).abs_diff(is as i8)))
        })
        .collect();
    Difference {
        what,
        differing: Some(apart.len()),
        first: apart.first().map(|&(at, _)| at),
        largest: apart.iter().map(|&(_, by)| by).max(),
        of: found.len(),
    }
}

fn compare_layers(
    record: &Record,
    layers: &[crate::record::Layer],
    (bytes, isa): (&[u8], Isa),
    differences: &mut Vec<Difference>,
) -> Result<usize, String> {
    let options = CompileOptions::EVERY_LAYER.for_isa(isa);
    let compiled = compile(&record.model, bytes, options).map_err(|error| error.to_string())?;
    let inputs = lcg_inputs(&compiled.inputs, Lcg::SEED);
    let found = crate::layers(&compiled, &inputs).map_err(|error| error.to_string())?;
    let mut compared = 0;
    for layer in layers {
        // A layer with several outputs is recorded once for each, in no stated order.
        let mut outputs = found.iter().filter(|output| output.layer == layer.op).peekable();
        if outputs.peek().is_none() {
            continue;
        }
        compared += 1;
        if !outputs.any(|output| output.sha256() == layer.sha256) {
            let what = format!("layer {} {}", layer.op, layer.name);
            differences.push(Difference { what, differing: None, first: None, largest: None, of: 0 });
        }
    }
    Ok(compared)
}
