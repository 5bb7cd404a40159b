//! What is written is what is read.

use proptest::prelude::*;
use tflite::build::{Layout, build, sample, sample_options};
use tflite::mutate::Rng;
use tflite::{BuiltinOp, DType, Model, Operator, Options, Subgraph, Tensor};

const LAYOUTS: [Layout; 3] = [Layout::Aligned, Layout::Packed, Layout::Outside];

proptest! {
    #[test]
    fn a_model_comes_back_the_same(seed: u64) {
        let model = sample(&mut Rng::new(seed));
        for layout in LAYOUTS {
            let file = build(&model, layout);
            let read = Model::parse(&file);
            prop_assert_eq!(read.as_ref(), Ok(&model), "{:?}", layout);
        }
    }

    #[test]
    fn every_options_table_comes_back_the_same(seed: u64) {
        let model = model(sample_options(&mut Rng::new(seed)).into_iter().map(|options| operator(BuiltinOp::Add, options)).collect());
        for layout in LAYOUTS {
            let file = build(&model, layout);
            let read = Model::parse(&file);
            prop_assert_eq!(read.as_ref(), Ok(&model), "{:?}", layout);
        }
    }
}

#[test]
fn every_beginning_of_a_file_is_refused() {
    for seed in 0..8 {
        let file = build(&sample(&mut Rng::new(seed)), Layout::Packed);
        for end in 0..file.len() {
            assert!(Model::parse(&file[..end]).is_err(), "seed {seed}, {end} of {} bytes", file.len());
        }
    }
}

#[test]
fn every_operator_and_type_comes_back_the_same() {
    let mut model = model(BuiltinOp::ALL.iter().map(|&op| operator(op, Options::None)).collect());
    model.subgraphs[0].tensors.extend(DType::ALL.iter().map(|&dtype| Tensor { dtype, ..tensor() }));
    assert_eq!(Model::parse(&build(&model, Layout::Aligned)), Ok(model));
}

fn model(operators: Vec<Operator<'static>>) -> Model<'static> {
    let graph = Subgraph {
        name: "main".into(),
        tensors: vec![tensor()],
        inputs: vec![0],
        outputs: vec![0],
        operators,
    };
    Model {
        version: 3,
        description: String::new(),
        subgraphs: vec![graph],
        metadata: vec![],
        signatures: vec![],
    }
}

fn tensor() -> Tensor<'static> {
    Tensor {
        name: "t".into(),
        shape: vec![1, 4],
        shape_signature: vec![],
        dtype: DType::Int8,
        data: None,
        quantization: None,
        is_variable: false,
        has_sparsity: false,
        has_rank: false,
    }
}

fn operator(op: BuiltinOp, options: Options) -> Operator<'static> {
    Operator {
        op,
        custom_code: (op == BuiltinOp::Custom).then(String::new),
        version: 1,
        inputs: vec![Some(0), None],
        outputs: vec![0],
        intermediates: vec![],
        options,
        custom_options: &[],
    }
}
