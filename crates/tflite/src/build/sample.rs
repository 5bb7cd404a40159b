//! Models drawn by lot: sound as files, meaningless as networks.

use super::WriteField;
use crate::model::bytes;
use crate::mutate::Rng;
use crate::{
    BuiltinOp, DType, Model, Operator, Options, Quantization, QuantizationDetails, Signature, Subgraph,
    Tensor,
};

/// What constants consist of.
static POOL: [u8; 4096] = {
    let mut pool = [0; 4096];
    let mut index = 0;
    while index < pool.len() {
        pool[index] = (index % 251) as u8;
        index += 1;
    }
    pool
};

/// A model that uses every part of the format now and then.
pub fn sample(rng: &mut Rng) -> Model<'static> {
    let subgraphs: Vec<_> = (0..rng.from_to(1, 3)).map(|_| subgraph(rng)).collect();
    let metadata = rng.list(2, |rng| (String::sample(rng), slice(rng, 40)));
    let signatures = rng.list(2, |rng| {
        let subgraph = rng.below(subgraphs.len());
        let tensors = subgraphs[subgraph].tensors.len();
        let mut names = || rng.list(3, |rng| (String::sample(rng), rng.below(tensors)));
        Signature { inputs: names(), outputs: names(), key: String::sample(rng), subgraph }
    });
    Model { version: 3, description: String::sample(rng), subgraphs, metadata, signatures }
}

/// Every options table once, with fields drawn by lot.
pub fn sample_options(rng: &mut Rng) -> Vec<Options> {
    Options::every(rng)
}

fn slice(rng: &mut Rng, most: usize) -> &'static [u8] {
    let length = rng.from_to(0, most);
    let start = rng.below(POOL.len() - length);
    &POOL[start..start + length]
}

fn subgraph(rng: &mut Rng) -> Subgraph<'static> {
    let tensors: Vec<_> = (0..rng.from_to(1, 8)).map(|_| tensor(rng)).collect();
    let count = tensors.len();
    Subgraph {
        name: String::sample(rng),
        tensors,
        inputs: rng.list(3, |rng| rng.below(count)),
        outputs: rng.list(3, |rng| rng.below(count)),
        operators: rng.list(6, |rng| operator(rng, count)),
    }
}

fn tensor(rng: &mut Rng) -> Tensor<'static> {
    let dtype = if rng.chance(2) { DType::Int8 } else { DType::sample(rng) };
    let shape = rng.list(4, |rng| *rng.pick(&[1, 1, 2, 3, 5, 8, 0, -1]));
    let has_sparsity = rng.chance(10);
    let data = match bytes(dtype, &shape) {
        _ if rng.chance(2) => &[],
        Some(size) if !has_sparsity && size <= 1024 => {
            let start = rng.below(1024);
            &POOL[start..start + size as usize]
        }
        _ if has_sparsity || dtype.bits().is_none() => slice(rng, 64),
        _ => &[],
    };
    Tensor {
        name: String::sample(rng),
        shape_signature: if rng.chance(4) { shape.iter().map(|_| -1).collect() } else { Vec::new() },
        shape,
        dtype,
        data: (!data.is_empty()).then_some(data),
        quantization: rng.chance(2).then(|| quantization(rng)),
        is_variable: rng.chance(8),
        has_sparsity,
        has_rank: rng.chance(2),
    }
}

fn quantization(rng: &mut Rng) -> Quantization {
    let channels = rng.from_to(1, 5);
    Quantization {
        scales: (0..channels).map(|_| f32::sample(rng)).collect(),
        zero_points: if rng.chance(6) {
            Vec::new()
        } else {
            (0..channels).map(|_| i64::sample(rng)).collect()
        },
        dimension: i32::sample(rng),
        details: match rng.below(12) {
            0 => QuantizationDetails::Custom,
            1 => QuantizationDetails::Blockwise,
            2 => QuantizationDetails::MultiAxis,
            3 => QuantizationDetails::Unknown(9),
            _ => QuantizationDetails::None,
        },
    }
}

fn operator(rng: &mut Rng, tensors: usize) -> Operator<'static> {
    let op = match rng.below(10) {
        0 => BuiltinOp::Custom,
        // A negative code is the larger of two fields, one of which is a byte.
        1 => BuiltinOp::Unknown(*rng.pick(&[300, i32::MAX, -1, i8::MIN.into()])),
        _ => *rng.pick(BuiltinOp::ALL),
    };
    let every = Options::every(rng);
    Operator {
        op,
        custom_code: (op == BuiltinOp::Custom).then(|| String::sample(rng)),
        version: *rng.pick(&[1, 1, 2, 7, -1]),
        inputs: rng.list(4, |rng| (!rng.chance(5)).then(|| rng.below(tensors))),
        outputs: rng.list(2, |rng| rng.below(tensors)),
        intermediates: if rng.chance(8) { rng.list(5, |rng| rng.below(tensors)) } else { Vec::new() },
        options: rng.pick(&every).clone(),
        custom_options: if op == BuiltinOp::Custom { slice(rng, 30) } else { &[] },
    }
}
