//! A plan as bytes, in the format of [`engine::blob`].

use std::collections::HashMap;

use bytemuck::{Zeroable, bytes_of};
use engine::{
    Operand,
    blob::{
        CRC_FROM, DTYPES, FillRecord, Header, MAGIC, MAX_RANK, StepRecord, TensorRecord, VERSION, checksum,
    },
};

use crate::{Compiled, TensorDesc};

/// Writes a plan blob. It must be placed at a multiple of 16.
pub fn blob(compiled: &Compiled) -> Vec<u8> {
    let layout = &compiled.layout;
    let mut steps = Vec::new();
    let mut operands = Vec::new();
    let mut parameters = Vec::new();
    let mut known_operands: HashMap<&[Operand], usize> = HashMap::new();
    let mut known_parameters: HashMap<Vec<u8>, usize> = HashMap::new();
    for step in &layout.steps {
        let encoded = postcard::to_stdvec(&step.operator).unwrap_or_default();
        let parameter_bytes = encoded.len() as u16;
        // Strips of an image mostly do the same work in the same place: equal runs are kept once.
        let of_operands = *known_operands.entry(&step.operands).or_insert_with(|| {
            operands.extend_from_slice(&step.operands);
            operands.len() - step.operands.len()
        });
        let of_parameters = *known_parameters.entry(encoded).or_insert_with_key(|encoded| {
            parameters.extend_from_slice(encoded);
            parameters.len() - encoded.len()
        });
        steps.push(StepRecord {
            operator: step.operator.id(),
            layer: step.layer as u16,
            operands: of_operands as u32,
            parameters: of_parameters as u32,
            parameter_bytes,
            operand_count: step.operands.len() as u16,
        });
    }
    let mut names = Vec::new();
    let tensors: Vec<_> =
        compiled.inputs.iter().chain(&compiled.outputs).map(|it| tensor(it, &mut names)).collect();
    let fills: Vec<_> = layout
        .fills
        .iter()
        .map(|(operand, pattern)| {
            let mut record =
                FillRecord { operand: *operand, period: pattern.len() as u32, ..FillRecord::zeroed() };
            record.pattern.iter_mut().zip(pattern).for_each(|(byte, &value)| *byte = value);
            record
        })
        .collect();

    let mut bytes = vec![0; size_of::<Header>()];
    let mut put = |section: &[u8], align: usize| {
        bytes.resize(bytes.len().next_multiple_of(align), 0);
        let at = bytes.len() as u32;
        bytes.extend_from_slice(section);
        at
    };
    let mut header = Header {
        magic: MAGIC,
        version: VERSION,
        arena_bytes: layout.arena_bytes as u32,
        state_bytes: layout.state_bytes as u32,
        setup_count: layout.setup as u32,
        step_count: (layout.steps.len() - layout.setup) as u32,
        steps_at: put(bytemuck::cast_slice(&steps), 4),
        operand_count: operands.len() as u32,
        operands_at: put(bytemuck::cast_slice(&operands), 4),
        input_count: compiled.inputs.len() as u32,
        output_count: compiled.outputs.len() as u32,
        tensors_at: put(bytemuck::cast_slice(&tensors), 4),
        fill_count: fills.len() as u32,
        fills_at: put(bytemuck::cast_slice(&fills), 4),
        parameter_bytes: parameters.len() as u32,
        parameters_at: put(&parameters, 4),
        name_bytes: names.len() as u32,
        names_at: put(&names, 4),
        weight_bytes: layout.weights.len() as u32,
        weights_at: put(&layout.weights, 16),
        ..Header::zeroed()
    };
    header.total_bytes = bytes.len() as u32;
    bytes[..size_of::<Header>()].copy_from_slice(bytes_of(&header));
    header.crc = checksum(&bytes[CRC_FROM..]);
    bytes[..size_of::<Header>()].copy_from_slice(bytes_of(&header));
    bytes
}

fn tensor(desc: &TensorDesc, names: &mut Vec<u8>) -> TensorRecord {
    let mut record = TensorRecord {
        operand: desc.operand,
        name: names.len() as u32,
        name_bytes: desc.name.len() as u32,
        dtype: DTYPES.iter().position(|&dtype| dtype == desc.dtype).unwrap_or(0) as u32,
        rank: desc.shape.len().min(MAX_RANK) as u32,
        shape: [0; MAX_RANK],
        scale: desc.scale,
        zero_point: desc.zero_point,
    };
    record.shape.iter_mut().zip(&desc.shape).for_each(|(size, &value)| *size = value);
    names.extend_from_slice(desc.name.as_bytes());
    record
}
