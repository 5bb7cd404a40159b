//! Transformer encoders, and a convolutional network of the same latency beside one.

use super::{product, with};
use crate::error::SimError;
use crate::machine::Machine;
use crate::network::{Layer, Network, Op, Precision, Weights};
use crate::simulate::{Prediction, Settings, simulate};

/// An encoder of `layers` layers over `rows` tokens of `width`.
pub fn encoder(layers: u64, rows: u64, width: u64, heads: u32, precision: Precision) -> Network {
    let mut list = Vec::new();
    let norm = |name: String| with(Op::Function("layer_norm".to_owned()), product(&name, rows, width, width));
    let join = |name: String, operands: u32, size: u64| {
        with(Op::Elementwise { operands, function: None }, product(&name, rows, size, size))
    };
    for index in 0..layers {
        list.push(norm(format!("{index}.norm1")));
        list.push(product(&format!("{index}.qkv"), rows, width, 3 * width));
        let op = Op::Attention { heads, keys: None };
        list.push(with(op, product(&format!("{index}.attention"), rows, width, width)));
        list.push(product(&format!("{index}.out"), rows, width, width));
        list.push(join(format!("{index}.add1"), 2, width));
        list.push(norm(format!("{index}.norm2")));
        list.push(product(&format!("{index}.up"), rows, width, 4 * width));
        list.push(join(format!("{index}.gelu"), 1, 4 * width));
        list.push(product(&format!("{index}.down"), rows, 4 * width, width));
        list.push(join(format!("{index}.add2"), 2, width));
    }
    Network {
        name: format!("encoder of {layers} layers, {rows} tokens of {width}"),
        input: [1, rows, 1, width],
        precision,
        weights: Weights { format: precision, zeros: 0.0 },
        layers: list,
        state_bytes: 0,
    }
}

/// A plain network of `layers` 3×3 convolutions of `channels` at `side`×`side`.
fn cnn(layers: u64, side: u64, channels: u64, precision: Precision) -> Network {
    let list: Vec<Layer> = (0..layers)
        .map(|index| Layer {
            name: index.to_string(),
            out_height: side,
            out_width: side,
            kernel: (3, 3),
            ..with(Op::Conv2d, product("", 1, channels, channels))
        })
        .collect();
    Network {
        name: format!("{layers} 3x3 convolutions of {channels} channels at {side}x{side}"),
        input: [1, side, side, channels],
        precision,
        weights: Weights { format: precision, zeros: 0.0 },
        layers: list,
        state_bytes: 0,
    }
}

/// An encoder of four layers and the network of twelve convolutions that takes as long, for their memory
/// pressure. Channels grow in steps of 8, so the latencies are close, not equal.
///
/// # Errors
/// Those of [`simulate`].
pub fn encoder_beside_cnn(
    machine: &Machine,
    rows: u64,
    width: u64,
    settings: Settings,
) -> Result<(Prediction, Prediction), SimError> {
    let precision = Precision::Fp16;
    let heads = (width / 64).clamp(1, 1 << 16) as u32;
    let left = simulate(&encoder(4, rows, width, heads, precision), machine, settings)?;
    let mut best: Option<Prediction> = None;
    for channels in (8..=1024).step_by(8) {
        let right = simulate(&cnn(12, 28, channels, precision), machine, settings)?;
        let off = |one: &Prediction| (one.total_us - left.total_us).abs();
        let past = right.total_us > left.total_us;
        if best.as_ref().is_none_or(|have| off(&right) < off(have)) {
            best = Some(right);
        }
        if past {
            break;
        }
    }
    match best {
        Some(right) => Ok((left, right)),
        None => simulate(&cnn(12, 28, 8, precision), machine, settings).map(|right| (left, right)),
    }
}
