//! Alters models as models: other sizes, types, scales, operators. More of these compile than of files whose
//! bytes were damaged.

use tflite::{DType, Model, Operator, Subgraph, mutate::Rng};

/// What constants get that a tensor's new size or type leaves too short or too long.
static POOL: [u8; 4096] = {
    let mut pool = [0; 4096];
    let mut index = 0;
    while index < pool.len() {
        pool[index] = (index * 37 % 251) as u8;
        index += 1;
    }
    pool
};

const SIZES: [i32; 10] = [0, 1, 1, 2, 3, 4, 5, 7, 8, 17];
const TYPES: [DType; 9] = [
    DType::Int8,
    DType::Int8,
    DType::Int16,
    DType::Int32,
    DType::Int64,
    DType::Uint8,
    DType::Float32,
    DType::Bool,
    DType::Int4,
];

/// Alters a model in one to four ways; `other` lends its operators.
pub fn alter<'m>(rng: &mut Rng, model: &mut Model<'m>, other: &Model<'m>) {
    for _ in 0..rng.from_to(1, 4) {
        let index = rng.below(model.subgraphs.len());
        if let Some(subgraph) = model.subgraphs.get_mut(index) {
            once(rng, subgraph, other);
        }
    }
    for tensor in model.subgraphs.iter_mut().flat_map(|subgraph| &mut subgraph.tensors) {
        if let Some(data) = tensor.data
            && tensor.bytes() != Some(data.len() as u64)
        {
            tensor.data = tensor.bytes().and_then(|bytes| POOL.get(..usize::try_from(bytes).ok()?));
        }
    }
}

fn once<'m>(rng: &mut Rng, subgraph: &mut Subgraph<'m>, other: &Model<'m>) {
    let id = rng.below(subgraph.tensors.len());
    let node = rng.below(subgraph.operators.len());
    let Some(tensor) = subgraph.tensors.get_mut(id) else { return };
    match rng.below(9) {
        0 | 1 => {
            // Tensors of one shape often have to keep having one.
            let (old, at, size) = (tensor.shape.clone(), rng.below(tensor.shape.len()), *rng.pick(&SIZES));
            let all = rng.chance(2);
            for (index, it) in subgraph.tensors.iter_mut().enumerate() {
                let is_meant = index == id || all && it.shape == old;
                if let Some(place) = it.shape.get_mut(at).filter(|_| is_meant) {
                    *place = size;
                }
            }
        }
        2 => {
            let (old, new, all) = (tensor.dtype, *rng.pick(&TYPES), !rng.chance(4));
            for (index, it) in subgraph.tensors.iter_mut().enumerate() {
                if index == id || all && it.dtype == old {
                    it.dtype = new;
                }
            }
        }
        3 => {
            let scale = *rng.pick(&[0.0, 1e-9, 0.003, 0.25, 1.0, 2.0, 1e6, f32::INFINITY]);
            tensor.quantization.iter_mut().flat_map(|it| &mut it.scales).for_each(|it| *it = scale);
        }
        4 => {
            let zero = *rng.pick(&[-128, -1, 0, 1, 127, 255, 32767, i64::MAX]);
            tensor.quantization.iter_mut().flat_map(|it| &mut it.zero_points).for_each(|it| *it = zero);
        }
        // A constant becomes an input, or what is computed a constant.
        5 if tensor.data.take().is_some() => subgraph.inputs.push(id),
        5 => {
            tensor.data = Some(&POOL);
            subgraph.inputs.retain(|&input| input != id);
        }
        6 => {
            let donors: Vec<_> = other.subgraphs.iter().flat_map(|it| &it.operators).collect();
            if let (Some(operator), Some(donor)) =
                (subgraph.operators.get_mut(node), donors.get(rng.below(donors.len())))
            {
                operator.op = donor.op;
                operator.version = donor.version;
                operator.options = donor.options.clone();
            }
        }
        7 => {
            if let Some(operator) = subgraph.operators.get_mut(node) {
                let count = operator.inputs.len();
                let (a, b) = (rng.below(count), rng.below(count));
                if count > 0 {
                    operator.inputs.swap(a, b);
                }
            }
        }
        _ => again(rng, subgraph, node),
    }
}

/// The operator once more, on what it gave.
fn again(rng: &mut Rng, subgraph: &mut Subgraph<'_>, node: usize) {
    let Some(operator) = subgraph.operators.get(node) else { return };
    let Some(&output) = operator.outputs.first() else { return };
    let mut copy: Operator<'_> = operator.clone();
    let at = rng.below(copy.inputs.len());
    if let Some(input) = copy.inputs.get_mut(at) {
        *input = Some(output);
    }
    for output in &mut copy.outputs {
        let Some(tensor) = subgraph.tensors.get(*output).cloned() else { return };
        *output = subgraph.tensors.len();
        subgraph.tensors.push(tensor);
    }
    subgraph.outputs.extend(&copy.outputs);
    subgraph.operators.push(copy);
}
