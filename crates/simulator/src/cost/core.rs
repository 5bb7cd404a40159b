//! Cores that do one thing after the other: cycles of what each operator does, added up.
//!
//! Nothing overlaps: there is one instruction stream, and memory answers without wait states. So the time of a stage is a
//! sum over what its kernel does once, for each output channel, position and element, for each element of the input and
//! of the windows, and for each multiply-accumulate ([`Cycles`]). Clamps are part of the scaling of an output; an addition
//! or another function behind a product runs as an operator of its own.

use super::Cost;
use crate::fuse::{Class, Stage};
use crate::machine::{Cycles, Engine};

/// How often a stage does what a core has cycles for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    /// The parts in the order of [`Cycles::parts`].
    pub(crate) parts: [f64; 7],
}

impl Counts {
    fn cycles(&self, of: &Cycles) -> f64 {
        of.parts().iter().zip(self.parts).map(|((_, cycles), times)| cycles * times).sum()
    }
}

/// The class of a stage's kernel, and how often it does what, with vectors of so many bytes: products run along the
/// elements of a window, everything else along channels.
pub(crate) fn counts(stage: &Stage, vector_bytes: u64) -> (&'static str, Counts) {
    let vectors =
        |elements: u64| elements.next_multiple_of(vector_bytes.max(1)) as f64 / elements.max(1) as f64;
    let byte = stage.precision.activation_bytes();
    let (inputs, outputs) = (stage.in_bytes / byte, stage.out_bytes / byte);
    let (height, width) = stage.window;
    let pixels = stage.pixels;
    let channels = stage.out_channels as f64;
    let window = (height * width) as f64 * pixels;
    let inner = stage.in_channels / stage.groups.max(1);
    let along_channels = vectors(stage.out_channels);
    match stage.class {
        Class::Dense | Class::Pointwise => {
            let class = if stage.class == Class::Dense { "dense" } else { "pointwise" };
            let macs = stage.macs * vectors(inner * height * width);
            (class, Counts { parts: [1.0, 0.0, pixels, 0.0, outputs, window * inner as f64, macs] })
        }
        Class::Depthwise => {
            let class = if (height, width) == (3, 3) { "depthwise" } else { "depthwise_other" };
            let [channels, inputs, outputs, macs] =
                [channels, inputs, outputs, stage.macs].map(|part| part * along_channels);
            (class, Counts { parts: [1.0, channels, 0.0, inputs, outputs, 0.0, macs] })
        }
        Class::Matmul | Class::Attention => {
            ("matmul", Counts { parts: [1.0, 0.0, 0.0, 0.0, outputs, 0.0, stage.macs * vectors(inner)] })
        }
        // Two products on one value for each channel.
        Class::SqueezeExcite => {
            ("matmul", Counts { parts: [2.0, 0.0, 0.0, 0.0, 2.0 * channels, 0.0, stage.macs] })
        }
        Class::Pool => {
            let [outputs, window] = [outputs, window * channels].map(|part| part * along_channels);
            ("pool", Counts { parts: [1.0, 0.0, 0.0, 0.0, outputs, window, 0.0] })
        }
        Class::Copy | Class::Other => ("copy", of_elements(outputs)),
        Class::Function => match stage.function.as_str() {
            // One window over everything.
            "reduction" | "argmax" => ("pool", Counts { parts: [1.0, 0.0, 0.0, 0.0, outputs, inputs, 0.0] }),
            function if IN_ROWS.contains(&function) => ("softmax", of_elements(outputs)),
            _ if inputs > outputs => ("add", of_elements(outputs)),
            _ => ("lookup", of_elements(outputs)),
        },
    }
}

/// Functions along rows: a pass or two for the row's statistics, and one that applies them.
const IN_ROWS: [&str; 5] = ["softmax", "layer_norm", "rms_norm", "group_norm", "sort"];

fn of_elements(outputs: f64) -> Counts {
    Counts { parts: [1.0, 0.0, 0.0, 0.0, outputs, 0.0, 0.0] }
}

/// The cycles of a class; of the nearest one where the machine has none.
fn cycles_of(engine: &Engine, class: &str) -> Cycles {
    let nearest = match class {
        "depthwise_other" => "depthwise",
        "softmax" | "lookup" | "copy" => "add",
        _ => "dense",
    };
    let find = |name: &str| engine.core.get(name).copied();
    find(class).or_else(|| find(nearest)).or_else(|| engine.core.values().next().copied()).unwrap_or_default()
}

/// The terms of a stage's sum: the class of its kernel, and what it does how often for how many cycles.
pub(crate) fn terms(engine: &Engine, stage: &Stage) -> (&'static str, Vec<(&'static str, f64, f64)>) {
    let (class, counts) = counts(stage, engine.vector_bytes);
    let parts = cycles_of(engine, class).parts().into_iter().zip(counts.parts);
    (
        class,
        parts.map(|((name, cycles), times)| (name, times, cycles)).filter(|it| it.1 * it.2 > 0.0).collect(),
    )
}

/// The cycles of a multiply-accumulate where they are least.
pub(crate) fn least_mac(engine: &Engine) -> f64 {
    let macs = engine.core.values().map(|cycles| cycles.mac).filter(|mac| *mac > 0.0);
    macs.reduce(f64::min).unwrap_or_default()
}

pub(super) fn cost(engine: &Engine, stage: &Stage) -> Cost {
    let us = 1e6 / engine.clock_hz;
    let (class, counts) = counts(stage, engine.vector_bytes);
    let cycles = cycles_of(engine, class);
    let byte = stage.precision.activation_bytes();
    let behind = |class: &str, elements: f64| {
        if elements > 0.0 { of_elements(elements).cycles(&cycles_of(engine, class)) } else { 0.0 }
    };
    let once = cycles.step * counts.parts.first().copied().unwrap_or_default();
    let all = counts.cycles(&cycles);
    let mut rest = once;
    rest += behind("add", stage.binary_bytes / byte) + behind("lookup", stage.curve_bytes / byte);
    rest += match stage.class {
        Class::Attention => behind("softmax", stage.score_bytes / byte),
        // The mean of every channel, and the gate on every element.
        Class::SqueezeExcite => {
            let inputs = stage.in_bytes / byte;
            let pool = cycles_of(engine, "pool");
            pool.step + pool.output * stage.in_channels as f64 + pool.window * inputs + behind("add", inputs)
        }
        _ => 0.0,
    };
    let (compute_us, serial_us) = ((all - once) * us, rest * us + engine.layer_us);
    let total_us = compute_us + serial_us;
    Cost {
        compute_us,
        weights_us: 0.0,
        activations_us: 0.0,
        serial_us,
        total_us,
        utilisation: if total_us > 0.0 { stage.macs * least_mac(engine) * us / total_us } else { 0.0 },
        weight_bytes: stage.weight_bytes,
        resident_bytes: stage.in_bytes + stage.out_bytes,
        spilled_bytes: 0.0,
    }
}
