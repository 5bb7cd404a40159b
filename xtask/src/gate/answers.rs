//! A model's answers as real numbers.

use anyhow::{Context, Result, ensure};
use compiler::{CompileOptions, TensorDesc, compile};
use engine::DType;

/// Runs a model of one input on rows of real numbers, each from a fresh start; its first output, in real numbers.
///
/// # Errors
/// A model that cannot run, or rows that are not its input.
pub fn answers(name: &str, model: &[u8], rows: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
    let compiled = compile(name, model, CompileOptions::HOST)?;
    ensure!(compiled.inputs.len() == 1, "the model has {} inputs, rows are for one", compiled.inputs.len());
    let input = compiled.inputs.first().context("the model has no input")?;
    let output = compiled.outputs.first().context("the model has no output")?;
    let case = |row: &Vec<f64>| -> Result<Vec<Vec<u8>>> {
        let bytes = bytes(input, row)?;
        ensure!(
            bytes.len() == input.operand.bytes(),
            "a row of {} values, the model's input has {}",
            row.len(),
            input.operand.bytes() / input.dtype.bytes()
        );
        Ok(vec![bytes])
    };
    let cases = rows.iter().map(case).collect::<Result<Vec<_>>>()?;
    let first = |outputs: &Vec<Vec<u8>>| {
        let bytes = outputs.first().context("the model gave no output")?;
        reals(output, bytes)
    };
    golden::run_each(&compiled, &cases)?.iter().map(first).collect()
}

/// Real numbers as a tensor's elements: the nearest, and the limits beyond them.
fn bytes(tensor: &TensorDesc, row: &[f64]) -> Result<Vec<u8>> {
    let quantised = |value: f64| {
        let scale = f64::from(tensor.scale);
        let units = if scale > 0.0 { value / scale } else { value };
        units.round() + f64::from(tensor.zero_point)
    };
    // A conversion from float saturates.
    Ok(match tensor.dtype {
        DType::Int8 => row.iter().map(|&value| quantised(value) as i8 as u8).collect(),
        DType::Uint8 => row.iter().map(|&value| quantised(value) as u8).collect(),
        DType::Int16 => row.iter().flat_map(|&value| (quantised(value) as i16).to_le_bytes()).collect(),
        DType::Float32 => row.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect(),
        other => anyhow::bail!("an input of {other:?} cannot be given as real numbers"),
    })
}

fn reals(tensor: &TensorDesc, bytes: &[u8]) -> Result<Vec<f64>> {
    let scale = if tensor.scale > 0.0 { f64::from(tensor.scale) } else { 1.0 };
    let real = |units: i64| (units - i64::from(tensor.zero_point)) as f64 * scale;
    Ok(match tensor.dtype {
        DType::Int8 => bytes.iter().map(|&byte| real(i64::from(byte as i8))).collect(),
        DType::Uint8 => bytes.iter().map(|&byte| real(i64::from(byte))).collect(),
        DType::Int16 => {
            let (pairs, _) = bytes.as_chunks::<2>();
            pairs.iter().map(|pair| real(i64::from(i16::from_le_bytes(*pair)))).collect()
        }
        DType::Float32 => {
            let (words, _) = bytes.as_chunks::<4>();
            words.iter().map(|word| f64::from(f32::from_le_bytes(*word))).collect()
        }
        other => anyhow::bail!("an output of {other:?} is no answer in real numbers"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits() -> Vec<u8> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits/model.tflite");
        std::fs::read(path).unwrap()
    }

    #[test]
    fn real_numbers_become_elements_and_answers_real_numbers_again() {
        // The recorded bytes of the first case, by way of real numbers.
        let compiled = compile("digits", &digits(), CompileOptions::DEVICE).unwrap();
        let inputs = golden::lcg_inputs(&compiled.inputs, golden::Lcg::SEED);
        let row = reals(&compiled.inputs[0], &inputs[0]).unwrap();
        assert_eq!(bytes(&compiled.inputs[0], &row).unwrap(), inputs[0]);
        let expected = golden::run(&compiled, &[inputs], &mut ()).unwrap();
        let found = answers("digits", &digits(), &[row]).unwrap();
        assert_eq!(found, [reals(&compiled.outputs[0], &expected[0][0]).unwrap()]);
    }

    #[test]
    fn values_beyond_the_range_are_its_limits() {
        let mut tensor = compile("digits", &digits(), CompileOptions::DEVICE).unwrap().inputs.remove(0);
        (tensor.scale, tensor.zero_point) = (0.5, -128);
        assert_eq!(bytes(&tensor, &[0.0, 0.5, 1e9, -1e9]).unwrap(), [0x80, 0x81, 0x7f, 0x80]);
        tensor.dtype = DType::Uint8;
        tensor.zero_point = 3;
        assert_eq!(bytes(&tensor, &[0.0, -9.0]).unwrap(), [3, 0]);
        tensor.dtype = DType::Bool;
        assert!(bytes(&tensor, &[0.0]).is_err());
    }

    #[test]
    fn a_row_of_the_wrong_length_is_named() {
        let error = answers("digits", &digits(), &[vec![0.0; 3]]).unwrap_err().to_string();
        assert_eq!(error, "a row of 3 values, the model's input has 256");
    }
}
