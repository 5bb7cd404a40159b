//! Engines described by rates, streams and a residency knee.
//!
//! For a stage, three times overlap, since weights and activations are double-buffered in tiles: the
//! arithmetic, the weight stream, and the activation traffic. The largest wins ([`super::join`]). What ends
//! the overlap comes on top: functions fused behind the product, synchronisation over a whole tensor, and the
//! fixed time of a layer.

use super::{Cost, join};
use crate::fuse::{Class, Stage};
use crate::machine::Engine;

/// Microseconds for `bytes` at `gb_s`.
fn stream(bytes: f64, gb_s: f64) -> f64 {
    bytes / (gb_s * 1e3)
}

/// Microseconds of one pass over activations: below the knee they stay on chip.
fn traffic(engine: &Engine, bytes: f64) -> f64 {
    let a = &engine.activations;
    let inside = bytes.min(a.knee_bytes);
    let outside = bytes - inside;
    let slow = a.spilled_gb_s.min(a.resident_gb_s);
    stream(inside, a.resident_gb_s) + stream(outside, slow)
}

fn half(size: f64, half: f64) -> f64 {
    if half <= 0.0 { 1.0 } else { size / (size + half) }
}

pub(super) fn cost(engine: &Engine, stage: &Stage, weight_limit_gb_s: f64) -> Cost {
    let class = match stage.class {
        Class::Function | Class::Copy | Class::Pool | Class::Other => None,
        Class::SqueezeExcite => Some("matmul"),
        class => Some(class.name()),
    };
    let utilisation = match stage.class {
        Class::Matmul => half(stage.pixels, engine.half.rows),
        Class::Dense | Class::Pointwise => {
            half(stage.in_channels as f64 / stage.groups.max(1) as f64, engine.half.channels)
                * half(stage.pixels, engine.half.pixels)
        }
        _ => 1.0,
    };
    let mut rate = class.map_or(1.0, |class| engine.rate(class));
    rate *= utilisation * engine.speed(stage.precision);
    if stage.class == Class::Matmul && engine.operand_bytes.is_some_and(|most| stage.weight_bytes > most) {
        rate *= engine.operand_rate;
    }
    let compute_us = match class {
        Some(_) if stage.class != Class::SqueezeExcite => stage.macs / (rate * 1e6),
        _ => 0.0,
    };

    let convolution = matches!(stage.class, Class::Dense | Class::Pointwise | Class::Depthwise);
    let own = match engine.conv_weights_gb_s {
        Some(gb_s) if convolution => gb_s,
        _ => engine.weight_stream(stage.weight_format),
    };
    let weights_us = stream(stage.weight_bytes, own.min(weight_limit_gb_s));

    let moved = stage.in_bytes + stage.out_bytes;
    let factor = match stage.class {
        Class::Depthwise => engine.activations.depthwise_factor,
        _ => 1.0,
    };
    let other = &engine.other;
    let mut serial_us = engine.layer_us
        + engine.activations.fused_unary * traffic(engine, 2.0 * stage.unary_bytes)
        + engine.activations.fused_binary * traffic(engine, 3.0 * stage.binary_bytes);
    let mut activations_us = traffic(engine, moved) * factor;
    match stage.class {
        Class::Function => {
            activations_us = 0.0;
            serial_us += function(engine, stage);
        }
        Class::Copy => {
            let channels = stage.out_channels as f64 / 256.0;
            serial_us +=
                other.copy_us_per_mb * stage.out_bytes / 1e6 * channels.powf(other.copy_channel_power);
        }
        Class::Pool => serial_us += other.pool_us_per_mb * stage.out_bytes / 1e6,
        Class::SqueezeExcite => {
            serial_us += other.squeeze_excite_us
                + other.squeeze_excite_passes * traffic(engine, 2.0 * stage.out_bytes);
        }
        Class::Attention if other.scores_gb_s > 0.0 => {
            serial_us += stream(stage.score_bytes, other.scores_gb_s);
        }
        _ => {}
    }
    let inside = moved.min(engine.activations.knee_bytes);
    Cost {
        compute_us,
        weights_us,
        activations_us,
        serial_us,
        total_us: join([compute_us, weights_us, activations_us], engine.overlap) + serial_us,
        utilisation,
        weight_bytes: stage.weight_bytes,
        resident_bytes: inside + stage.unary_bytes + stage.binary_bytes,
        spilled_bytes: moved - inside,
    }
}

/// A function that fuses with nothing.
fn function(engine: &Engine, stage: &Stage) -> f64 {
    let rows = stage.pixels;
    match stage.function.as_str() {
        "sort" => {
            let [row, element] = engine.other.sort_us;
            if row > 0.0 {
                return row + element * rows * stage.out_channels as f64;
            }
        }
        "topk" if engine.other.topk_row_us > 0.0 => {
            return engine.other.topk_row_us * (rows - 1.0).max(0.0);
        }
        _ => {}
    }
    let bytes = match stage.function.as_str() {
        // A reduction writes next to nothing.
        "reduction" | "argmax" => stage.in_bytes,
        _ => stage.in_bytes + stage.out_bytes,
    };
    let known = engine.functions_gb_s.get(&stage.function);
    let passes = engine.function_passes.get(&stage.function).or_else(|| engine.function_passes.get("any"));
    match (known, passes) {
        (Some(gb_s), _) => stream(bytes, *gb_s),
        (None, Some(passes)) => passes * traffic(engine, bytes),
        (None, None) => {
            let slowest = engine.functions_gb_s.values().copied().fold(f64::MAX, f64::min);
            if slowest < f64::MAX {
                // Not measured: as slow as a pass over spilled activations.
                stream(bytes, engine.activations.spilled_gb_s)
            } else {
                traffic(engine, bytes)
            }
        }
    }
}
