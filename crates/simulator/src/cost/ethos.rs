//! Ethos-U: blocks of micro-blocks, an output unit, a weight decoder, and the memories.
//!
//! The structure follows what Arm publishes of the engine and what its compiler estimates: the output is cut
//! into micro-blocks; each needs a step for every 8 input channels and window element (depthwise: for every 4
//! window elements); a separate unit scales and stores outputs; weights are decoded from a compressed stream.
//! The slowest of the three sets the pace, joined smoothly, and so do the memories.

use super::{Cost, join};
use crate::fuse::{Class, Stage};
use crate::machine::{Engine, Ethos};

/// Input channels taken in one step.
const CHANNELS_PER_STEP: u64 = 8;
/// Window elements taken in one step of a depthwise convolution.
const ELEMENTS_PER_STEP: u64 = 4;

pub(super) fn cost(engine: &Engine, stage: &Stage, weight_limit_gb_s: f64) -> Cost {
    let Some(ethos) = &engine.ethos else {
        return Cost::default();
    };
    let cycles_us = 1e6 / engine.clock_hz;
    let parts = cycles(ethos, stage);
    let block_us =
        (join([parts.steps, parts.outputs, parts.decode], ethos.sharpness) + parts.overhead) * cycles_us;

    let moved = stage.in_bytes + stage.out_bytes;
    let stored = stage.weight_bytes * ethos.encoded_weight_bytes + 10.0 * stage.out_channels as f64;
    let stored = if stage.weight_elements > 0.0 { stored } else { 0.0 };
    let inside = moved + if ethos.weights_in_sram { stored } else { 0.0 };
    let activations_us = inside / ethos.sram_bytes_per_cycle * cycles_us;
    let mut outer_us = 0.0;
    if !ethos.weights_in_sram {
        let per_cycle = ethos.weight_bytes_per_cycle.min(weight_limit_gb_s * 1e9 / engine.clock_hz);
        outer_us = stored / per_cycle * cycles_us;
    }
    if ethos.outer_activation_bytes_per_cycle > 0.0 {
        outer_us += moved / ethos.outer_activation_bytes_per_cycle * cycles_us;
    }
    let compute_us = block_us;
    // An addition is an operator of its own here: it only uses the output unit, and nothing overlaps it.
    let [_, _, _, element_out] = ethos.output_cycles;
    let added = stage.binary_bytes / stage.precision.activation_bytes() * element_out * cycles_us;
    let serial_us = engine.layer_us + added;
    let ideal =
        stage.macs / (CHANNELS_PER_STEP * ethos.micro_block.iter().product::<u64>()) as f64 * cycles_us;
    Cost {
        compute_us,
        weights_us: outer_us,
        activations_us,
        serial_us,
        total_us: join([compute_us, outer_us, activations_us], 8.0) + serial_us,
        utilisation: if compute_us > 0.0 { (ideal / compute_us).min(1.0) } else { 0.0 },
        weight_bytes: stored,
        resident_bytes: moved,
        spilled_bytes: 0.0,
    }
}

struct Parts {
    steps: f64,
    outputs: f64,
    decode: f64,
    overhead: f64,
}

fn cycles(ethos: &Ethos, stage: &Stage) -> Parts {
    let [rows, columns, depth] = ethos.micro_block.map(|side| side.max(1));
    let (height, width) = match stage.class {
        // Rows of a product are laid along the height.
        Class::Attention => (stage.pixels as u64, 1),
        _ => stage.out_size,
    };
    let blocks_z = stage.out_channels.div_ceil(depth.max(ethos.depth_step)).max(1);
    let blocks = (height.div_ceil(rows) * width.div_ceil(columns) * blocks_z) as f64 * stage.batch;
    let window = stage.window.0 * stage.window.1;
    let outputs = stage.pixels * stage.out_channels as f64;
    let [conv_step, depthwise_step, pool_step] = ethos.step_cycles;
    let [conv_out, depthwise_out, pool_out, element_out] = ethos.output_cycles;
    let [once, each] = ethos.overhead_cycles;
    let overhead = once + each * blocks_z as f64;
    let depthwise_steps = (window.div_ceil(ELEMENTS_PER_STEP) * ELEMENTS_PER_STEP) as f64;
    let channels = (stage.in_channels / stage.groups.max(1)).max(1);
    let inner = channels.div_ceil(CHANNELS_PER_STEP) as f64;
    let deep = window > 1 && channels >= CHANNELS_PER_STEP;
    let factor = if deep { ethos.window_factor } else { 1.0 };
    match stage.class {
        Class::Dense | Class::Pointwise | Class::Matmul => Parts {
            steps: blocks * window as f64 * inner * conv_step * factor,
            outputs: outputs * conv_out,
            decode: stage.weight_elements / ethos.weights_per_cycle,
            overhead,
        },
        Class::Depthwise => Parts {
            steps: blocks * depthwise_steps * depthwise_step,
            outputs: outputs * depthwise_out,
            decode: stage.weight_elements / ethos.weights_per_cycle,
            overhead,
        },
        Class::Pool => Parts {
            steps: blocks * depthwise_steps * pool_step,
            outputs: outputs * pool_out,
            decode: 0.0,
            overhead,
        },
        Class::Attention => Parts {
            steps: stage.macs / (CHANNELS_PER_STEP * rows * columns * depth) as f64 * conv_step,
            outputs: stage.score_bytes * 6.0 * element_out,
            decode: 0.0,
            overhead: once * 10.0,
        },
        Class::SqueezeExcite => Parts {
            steps: outputs * element_out,
            outputs: outputs * element_out,
            decode: stage.weight_elements / ethos.weights_per_cycle,
            overhead: once * 4.0,
        },
        Class::Function => Parts {
            steps: 0.0,
            // Softmax and its kin are a dozen element-wise passes.
            outputs: outputs * element_out * if stage.function == "softmax" { 12.0 } else { 2.0 },
            decode: 0.0,
            overhead: 0.0,
        },
        Class::Copy | Class::Other => {
            Parts { steps: 0.0, outputs: outputs * element_out, decode: 0.0, overhead: 0.0 }
        }
    }
}
