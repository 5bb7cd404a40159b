//! Models written by the usual converter, read as another reader reads them: the golden text comes from the
//! code that flatc generates from the schema, so that a slot counted wrongly here shows.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use tflite::Model;

#[test]
fn models_read_as_the_generated_reader_reads_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let golden = fs::read_to_string(folder.join("models.txt")).expect("the golden text");
    let (header, golden) = golden.split_once('\n').expect("a first line");
    assert!(header.starts_with("# "), "{header}");

    let entries = fs::read_dir(&folder).expect("the folder").map(|entry| entry.expect("a file").path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "tflite")).collect();
    paths.sort();
    let mut found = String::new();
    for path in paths {
        let bytes = fs::read(&path).expect("a file");
        let model = Model::parse(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        writeln!(found, "{}", path.file_name().expect("a name").display()).expect("text");
        describe(&mut found, &model).expect("text");
    }
    for (number, (found, golden)) in found.lines().zip(golden.lines()).enumerate() {
        assert_eq!(found, golden, "line {} of models.txt", number + 2);
    }
    assert_eq!(found.lines().count(), golden.lines().count());
}

fn describe(text: &mut String, model: &Model<'_>) -> std::fmt::Result {
    for graph in &model.subgraphs {
        writeln!(text, "  graph {:?} -> {:?}", graph.inputs, graph.outputs)?;
        for tensor in &graph.tensors {
            let data = tensor.data.unwrap_or_default();
            let sum: u64 = data.iter().map(|&byte| u64::from(byte)).sum();
            let dtype = tensor.dtype;
            write!(text, "    {} {dtype} {:?} {} bytes, sum {sum}", tensor.name, tensor.shape, data.len())?;
            if let Some(quantization) = &tensor.quantization {
                let bits: Vec<_> =
                    quantization.scales.iter().map(|scale| format!("{:08x}", scale.to_bits())).collect();
                let zero_points = &quantization.zero_points;
                write!(
                    text,
                    ", scales {} zero points {zero_points:?} axis {}",
                    bits.join(" "),
                    quantization.dimension
                )?;
            }
            writeln!(text)?;
        }
        for operator in &graph.operators {
            let inputs =
                operator.inputs.iter().map(|input| input.map_or("none".into(), |index| index.to_string()));
            let inputs: Vec<_> = inputs.collect();
            let (op, version, options) = (operator.op, operator.version, &operator.options);
            writeln!(text, "    {op} {version} {} -> {:?} {options:?}", inputs.join(" "), operator.outputs)?;
        }
    }
    Ok(())
}
