//! Every refusal, with its whole message, and what must not be refused.

use tflite::build::{Fields, Layout, Value, root, write};
use tflite::{
    Activation, BuiltinOp, DType, Model, Operator, Options, OptionsTag, Padding, Place, Quantization,
    QuantizationDetails, Signature, Subgraph, Tensor,
};

/// A convolution with weights: tensors `in`, `weights` and `out`.
fn model() -> Model<'static> {
    let tensor = |name: &str, shape: &[i32], data| Tensor {
        name: name.into(),
        shape: shape.into(),
        shape_signature: vec![],
        dtype: DType::Int8,
        data,
        quantization: Some(Quantization {
            scales: vec![0.5],
            zero_points: vec![0],
            dimension: 0,
            details: QuantizationDetails::None,
        }),
        is_variable: false,
        has_sparsity: false,
        has_rank: false,
    };
    let conv = Operator {
        op: BuiltinOp::Conv2D,
        custom_code: None,
        version: 3,
        inputs: vec![Some(0), Some(1), None],
        outputs: vec![2],
        intermediates: vec![],
        options: Options::Conv2D {
            padding: Padding::Valid,
            stride_w: 2,
            stride_h: 1,
            activation: Activation::Relu6,
            dilation_w: 1,
            dilation_h: 1,
            quantized_bias_type: DType::Float32,
        },
        custom_options: &[],
    };
    let graph = Subgraph {
        name: "main".into(),
        tensors: vec![
            tensor("in", &[1, 4, 4, 1], None),
            tensor("weights", &[2, 1, 1, 1], Some(&[1, 2])),
            tensor("out", &[1, 4, 2, 2], None),
        ],
        inputs: vec![0],
        outputs: vec![2],
        operators: vec![conv],
    };
    let signature = Signature {
        key: "serving_default".into(),
        subgraph: 0,
        inputs: vec![("x".into(), 0)],
        outputs: vec![("y".into(), 2)],
    };
    Model {
        version: 3,
        description: "by hand".into(),
        subgraphs: vec![graph],
        metadata: vec![("min_runtime_version".into(), b"1.14.0")],
        signatures: vec![signature],
    }
}

/// Where things stand in the tables, by the schema.
const MODEL_VERSION: usize = 0;
const MODEL_CODES: usize = 1;
const MODEL_SUBGRAPHS: usize = 2;
const MODEL_BUFFERS: usize = 4;
const MODEL_METADATA: usize = 6;
const MODEL_SIGNATURES: usize = 7;
const GRAPH_TENSORS: usize = 0;
const GRAPH_OPERATORS: usize = 3;

fn set(fields: &mut Fields, slot: usize, value: Value) {
    fields.retain(|(at, _)| *at != slot);
    fields.push((slot, value));
}

/// The `index`-th table of a vector of tables.
fn entry(fields: &mut Fields, slot: usize, index: usize) -> &mut Fields {
    match fields.iter_mut().find(|(at, _)| *at == slot) {
        Some((_, Value::Tables(tables))) => &mut tables[index],
        other => panic!("no tables in slot {slot}: {other:?}"),
    }
}

fn tensor(root: &mut Fields, index: usize) -> &mut Fields {
    entry(entry(root, MODEL_SUBGRAPHS, 0), GRAPH_TENSORS, index)
}

fn operator(root: &mut Fields) -> &mut Fields {
    entry(entry(root, MODEL_SUBGRAPHS, 0), GRAPH_OPERATORS, 0)
}

fn file(change: impl FnOnce(&mut Fields)) -> Vec<u8> {
    let mut root = root(&model(), Layout::Aligned);
    change(&mut root);
    write(root, Layout::Aligned)
}

#[track_caller]
fn refused(bytes: &[u8], message: &str) {
    match Model::parse(bytes) {
        Ok(model) => panic!("read: {model:?}"),
        Err(error) => assert_eq!(error.to_string(), message),
    }
}

/// The message for a model with one change.
#[track_caller]
fn changed(change: impl FnOnce(&mut Fields), message: &str) {
    refused(&file(change), message);
}

#[test]
fn the_model_itself_is_sound() {
    assert_eq!(Model::parse(&file(|_| {})), Ok(model()));
}

#[test]
fn files_of_other_kinds() {
    refused(
        b"",
        "model: 0 bytes is too short for a model, which takes at least 16: it was cut off or is another file; copy it again",
    );
    refused(
        b"\x10",
        "model: 1 byte is too short for a model, which takes at least 16: it was cut off or is another file; copy it again",
    );
    refused(
        b"\x10\0\0\0TFL3",
        "model: 8 bytes is too short for a model, which takes at least 16: it was cut off or is another file; copy it again",
    );
    refused(
        b"PK\x03\x04\x14\0\0\0",
        "model: bytes 4 to 8 are `\\x14\\x00\\x00\\x00` where a model has `TFL3`: this is a zip archive; unpack it and give the .tflite inside",
    );
    refused(
        b"\x89HDF\r\n\x1a\n",
        "model: bytes 4 to 8 are `\\r\\n\\x1a\\n` where a model has `TFL3`: this is a saved Keras model; convert it to .tflite first",
    );
    refused(
        b"version https://git-lfs.github.com/spec/v1",
        "model: bytes 4 to 8 are `ion ` where a model has `TFL3`: this is a pointer left by Git LFS; fetch the file with `git lfs pull`",
    );
    refused(
        b"<!DOCTYPE html>",
        "model: bytes 4 to 8 are `CTYP` where a model has `TFL3`: this is text; give the .tflite file itself",
    );
    refused(
        &[0; 64],
        "model: bytes 4 to 8 are `\\x00\\x00\\x00\\x00` where a model has `TFL3`: this is not a .tflite file, or its beginning is damaged",
    );
}

#[test]
fn other_versions() {
    changed(
        |root| set(root, MODEL_VERSION, Value::U32(4)),
        "model: schema version 4, but only version 3 can be read: convert the model again with a current converter",
    );
}

#[test]
fn files_that_were_cut_off() {
    let whole = file(|_| {});
    let end = whole.len();
    refused(
        &whole[..20],
        "model: the file is 20 bytes, but the end of its root table is at 36: it was cut off or damaged; copy it again",
    );
    for end in 8..end {
        let error = Model::parse(&whole[..end]).expect_err("a beginning");
        assert!(error.to_string().ends_with("; copy it again"), "{end}: {error}");
    }
    let mut far = whole.clone();
    far[..4].copy_from_slice(&1_234_567u32.to_le_bytes());
    let message = format!(
        "model: the file is {end} bytes, but the end of its root table is at 1,234,571: it was cut off or damaged; copy it again"
    );
    // The file is below or above a thousand bytes as the builder sees fit.
    refused(&far, &message.replace(&format!("is {end} "), &format!("is {} ", grouped(end))));
}

fn grouped(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}

#[test]
fn damaged_tables() {
    let mut nowhere = file(|_| {});
    nowhere[..4].copy_from_slice(&[0; 4]);
    refused(
        &nowhere,
        "model: root table at byte 0: an offset of 0; the file is damaged: copy it again or convert the model again",
    );

    let mut before = file(|_| {});
    let root = u32::from_le_bytes([before[0], before[1], before[2], before[3]]) as usize;
    before[root..root + 4].copy_from_slice(&i32::MAX.to_le_bytes());
    refused(
        &before,
        &format!(
            "model: root table at byte {root}: its list of fields would start before the file; the file is damaged: copy it again or convert the model again"
        ),
    );

    for length in [0, 2, 21] {
        let mut bad = file(|_| {});
        bad[8] = length;
        refused(
            &bad,
            &format!(
                "model: root table at byte {root}: its list of fields has an impossible length; the file is damaged: copy it again or convert the model again"
            ),
        );
    }
}

#[test]
fn absent_parts() {
    let message =
        "model: it has no subgraphs: the file is damaged or was never finished; convert the model again";
    changed(|root| set(root, MODEL_SUBGRAPHS, Value::Tables(vec![])), message);
    changed(|root| root.retain(|(slot, _)| *slot != MODEL_SUBGRAPHS), message);
}

#[test]
fn indices_out_of_range() {
    let wrong = |part: &str| format!("{part}: the file is damaged; convert the model again");
    changed(
        |root| set(tensor(root, 1), 2, Value::U32(99)),
        &wrong("subgraph 0, tensor 1 `weights`: buffer is 99, and the number of buffers is 3"),
    );
    changed(
        |root| set(entry(root, MODEL_SUBGRAPHS, 0), 1, Value::I32s(vec![0, 3])),
        &wrong("subgraph 0: inputs[1] is 3, and the number of tensors is 3"),
    );
    changed(
        |root| set(entry(root, MODEL_SUBGRAPHS, 0), 2, Value::I32s(vec![-1])),
        &wrong("subgraph 0: outputs[0] is -1, and the number of tensors is 3"),
    );
    changed(
        |root| set(operator(root), 0, Value::U32(7)),
        &wrong("subgraph 0, operator 0 `out`: operator code is 7, and the number of operator codes is 1"),
    );
    changed(
        |root| set(operator(root), 1, Value::I32s(vec![0, -2])),
        &wrong("subgraph 0, operator 0 CONV_2D `out`: inputs[1] is -2, and the number of tensors is 3"),
    );
    changed(
        |root| set(operator(root), 2, Value::I32s(vec![i32::MAX])),
        &wrong("subgraph 0, operator 0 CONV_2D: outputs[0] is 2147483647, and the number of tensors is 3"),
    );
    changed(
        |root| set(operator(root), 8, Value::I32s(vec![1, 2, 3])),
        &wrong("subgraph 0, operator 0 CONV_2D `out`: intermediates[2] is 3, and the number of tensors is 3"),
    );
    changed(
        |root| set(entry(root, MODEL_METADATA, 0), 1, Value::U32(3)),
        &wrong("metadata 0: buffer is 3, and the number of buffers is 3"),
    );
    changed(
        |root| set(entry(root, MODEL_SIGNATURES, 0), 4, Value::U32(1)),
        &wrong("signature 0: subgraph is 1, and the number of subgraphs is 1"),
    );
    changed(
        |root| set(entry(entry(root, MODEL_SIGNATURES, 0), 1, 0), 1, Value::U32(3)),
        &wrong("signature 0: outputs[0] is 3, and the number of tensors is 3"),
    );
}

#[test]
fn unknown_values() {
    let newer = "a newer format or damage; convert the model again with a released converter";
    changed(
        |root| set(tensor(root, 0), 1, Value::I8(99)),
        &format!("subgraph 0, tensor 0 `in`: element type is 99, and the known values are 0 to 22: {newer}"),
    );
    let conv = |slot, value| Value::Table(vec![(1, Value::I32(1)), (slot, Value::I8(value))]);
    changed(
        |root| set(operator(root), 4, conv(3, 77)),
        &format!(
            "subgraph 0, operator 0 CONV_2D `out`: activation is 77, and the known values are 0 to 5: {newer}"
        ),
    );
    changed(
        |root| set(operator(root), 4, conv(0, -1)),
        &format!(
            "subgraph 0, operator 0 CONV_2D `out`: padding is -1, and the known values are 0 to 1: {newer}"
        ),
    );
    changed(
        |root| set(operator(root), 4, conv(6, 23)),
        &format!(
            "subgraph 0, operator 0 CONV_2D `out`: quantized_bias_type is 23, and the known values are 0 to 22: {newer}"
        ),
    );
}

#[test]
fn shapes_and_constants() {
    changed(
        |root| set(tensor(root, 0), 0, Value::I32s(vec![1, -8])),
        "subgraph 0, tensor 0 `in`: shape[1] is -8, and a dimension is 0 or more, or -1 when it is not known; convert the model again",
    );
    changed(
        |root| set(tensor(root, 0), 0, Value::I32s(vec![-2])),
        "subgraph 0, tensor 0 `in`: shape[0] is -2, and a dimension is 0 or more, or -1 when it is not known; convert the model again",
    );
    changed(
        |root| set(tensor(root, 0), 7, Value::I32s(vec![i32::MIN])),
        "subgraph 0, tensor 0 `in`: shape signature[0] is -2147483648, and a dimension is 0 or more, or -1 when it is not known; convert the model again",
    );
    changed(
        |root| set(tensor(root, 1), 0, Value::I32s(vec![2, 3000])),
        "subgraph 0, tensor 1 `weights`: it has 2 bytes of data where int8 [2, 3000] takes 6,000: the file is damaged; convert the model again",
    );
    changed(
        |root| set(tensor(root, 1), 1, Value::I8(DType::Int4.code())),
        "subgraph 0, tensor 1 `weights`: it has 2 bytes of data where int4 [2, 1, 1, 1] takes 1: the file is damaged; convert the model again",
    );
    changed(
        |root| set(tensor(root, 1), 0, Value::I32s(vec![-1, 2])),
        "subgraph 0, tensor 1 `weights`: it has 2 bytes, but no count of elements follows from its shape [-1, 2]; convert the model again with fixed shapes",
    );
    changed(
        |root| set(tensor(root, 1), 0, Value::I32s(vec![i32::MAX; 3])),
        "subgraph 0, tensor 1 `weights`: it has 2 bytes, but no count of elements follows from its shape [2147483647, 2147483647, 2147483647]; convert the model again with fixed shapes",
    );
    changed(
        |root| {
            set(tensor(root, 1), 0, Value::I32s(vec![64]));
            set(entry(root, MODEL_METADATA, 0), 0, Value::Bytes(b"COMPRESSION_METADATA".to_vec()));
        },
        "subgraph 0, tensor 1 `weights`: its 2 bytes are compressed by TensorFlow Lite Micro's own tool, which is not supported; use the model as it was before compression",
    );
    changed(
        |root| set(tensor(root, 1), 10, Value::U32(5)),
        "subgraph 0, tensor 1 `weights`: its data stand in another file (external buffer 5), which is not supported; convert the model again with all weights inside",
    );
}

#[test]
fn data_behind_the_flatbuffer() {
    changed(
        |root| {
            let outside = vec![(1, Value::I64(1_000_000)), (2, Value::I64(2))];
            *entry(root, MODEL_BUFFERS, 1) = outside;
        },
        &format!(
            "buffer 1: the file is {} bytes, but the end of its data is at 1,000,002: it was cut off or damaged; copy it again",
            {
                let length = file(|root| {
                    *entry(root, MODEL_BUFFERS, 1) = vec![(1, Value::I64(9)), (2, Value::I64(2))]
                })
                .len();
                grouped(length)
            }
        ),
    );
    for (offset, size) in [(-1, 2), (2, -1), (-1, -1)] {
        let bytes = file(|root| {
            *entry(root, MODEL_BUFFERS, 1) = vec![(1, Value::I64(offset)), (2, Value::I64(size))]
        });
        let error = Model::parse(&bytes).expect_err("an end past 64 bits");
        assert!(
            error.to_string().contains("the end of its data is at 18,446,744,073,709,551,615"),
            "{error}"
        );
    }
    // An offset of 1 marks a place that was never filled in.
    let unfinished =
        file(|root| *entry(root, MODEL_BUFFERS, 1) = vec![(1, Value::I64(1)), (2, Value::I64(2))]);
    assert_eq!(Model::parse(&unfinished).expect("a model").subgraphs[0].tensors[1].data, None);
}

#[test]
fn parts_that_overlap() {
    // Many subgraphs, all of which are the same long one.
    let mut bytes = file(|root| {
        let mut graph = entry(root, MODEL_SUBGRAPHS, 0).clone();
        set(&mut graph, 2, Value::I32s(vec![2; 500]));
        let mut graphs = vec![graph];
        graphs.resize(1_000, vec![]);
        set(root, MODEL_SUBGRAPHS, Value::Tables(graphs));
    });
    let first = bytes.windows(4).position(|word| word == 1_000u32.to_le_bytes()).expect("their count") + 4;
    let target = first
        + u32::from_le_bytes([bytes[first], bytes[first + 1], bytes[first + 2], bytes[first + 3]]) as usize;
    for index in 1..1_000 {
        let at = first + index * 4;
        bytes[at..at + 4].copy_from_slice(&((target - at) as u32).to_le_bytes());
    }
    let length = bytes.len();
    let error = Model::parse(&bytes).expect_err("half a million outputs");
    assert!(matches!(error.place, Place::Subgraph(_)), "{error}");
    let message = format!(
        "reading its outputs would take more than {} bytes of memory, the most that a file of {} bytes may take: parts of it overlap; convert the model again",
        grouped(tflite::memory_bound(length)),
        grouped(length)
    );
    assert!(error.to_string().ends_with(&message), "{error}\n{message}");
}

#[test]
fn what_must_not_be_refused() {
    let read = |change: &dyn Fn(&mut Fields)| Model::parse(&file(change)).map(|model| format!("{model:?}"));
    let same = format!("{:?}", model());
    // Old files have the old code field only; new files may leave it at the mark for large codes.
    assert_eq!(read(&|root| set(entry(root, MODEL_CODES, 0), 3, Value::I32(0))), Ok(same.clone()));
    assert_eq!(read(&|root| set(entry(root, MODEL_CODES, 0), 0, Value::I8(0))), Ok(same));

    let bytes = file(|root| {
        set(entry(root, MODEL_CODES, 0), 3, Value::I32(9999));
        // Names need not be UTF-8, and options need not be known.
        set(tensor(root, 0), 3, Value::Bytes(b"caf\xe9".to_vec()));
        set(operator(root), 3, Value::I8(-1));
        // Ranges from training, without scales.
        set(tensor(root, 2), 4, Value::Table(vec![(0, Value::F32s(vec![-1.0]))]));
    });
    let model = Model::parse(&bytes).expect("a model");
    let [graph] = &model.subgraphs[..] else { panic!("one graph") };
    assert_eq!(graph.tensors[0].name, "caf\u{fffd}");
    assert_eq!(graph.tensors[2].quantization, None);
    assert_eq!(graph.operators[0].op, BuiltinOp::Unknown(9999));
    assert_eq!(graph.operators[0].op.to_string(), "UNKNOWN(9999)");
    assert_eq!(graph.operators[0].options, Options::Other(OptionsTag::First(255)));

    // A model without constants needs no buffers, not even the empty one.
    let bytes = file(|root| {
        set(root, MODEL_BUFFERS, Value::Tables(vec![]));
        set(root, MODEL_METADATA, Value::Tables(vec![]));
        set(tensor(root, 1), 2, Value::U32(0));
    });
    assert_eq!(Model::parse(&bytes).expect("a model").subgraphs[0].tensors[1].data, None);
}

#[test]
fn absent_options_and_absent_fields() {
    let options = |kind: i8, table: Option<Fields>| {
        let bytes = file(|root| {
            operator(root).retain(|(slot, _)| *slot != 3 && *slot != 4);
            set(operator(root), 3, Value::I8(kind));
            if let Some(table) = table {
                set(operator(root), 4, Value::Table(table));
            }
        });
        Model::parse(&bytes).expect("a model").subgraphs[0].operators[0].options.clone()
    };
    assert_eq!(options(1, None), Options::None);
    assert_eq!(options(0, Some(vec![])), Options::None);
    // The defaults that are not zero.
    let Options::Conv2D { dilation_w: 1, dilation_h: 1, stride_w: 0, .. } = options(1, Some(vec![])) else {
        panic!("{:?}", options(1, Some(vec![])));
    };
    let Options::DepthwiseConv2D { dilation_w: 1, dilation_h: 1, .. } = options(2, Some(vec![])) else {
        panic!("{:?}", options(2, Some(vec![])));
    };
    assert_eq!(
        options(11, Some(vec![])),
        Options::Add { activation: Activation::None, pot_scale_int16: true }
    );
    assert_eq!(
        options(28, Some(vec![])),
        Options::Sub { activation: Activation::None, pot_scale_int16: true }
    );
    assert_eq!(options(80, Some(vec![])), Options::Unique { idx_out_type: DType::Int32 });
    let Options::BidirectionalSequenceLstm { time_major: true, .. } = options(69, Some(vec![])) else {
        panic!("{:?}", options(69, Some(vec![])));
    };
}

#[test]
fn long_names_are_shortened_in_messages() {
    changed(
        |root| {
            set(tensor(root, 0), 3, Value::Bytes(vec![b'n'; 500]));
            set(tensor(root, 0), 1, Value::I8(99));
        },
        &format!(
            "subgraph 0, tensor 0 `{}…`: element type is 99, and the known values are 0 to 22: a newer format or damage; convert the model again with a released converter",
            "n".repeat(64)
        ),
    );
}
