//! What operators take of a core.

use serde::{Deserialize, Serialize};

/// What an operator takes of a core, in cycles: the sum of what it does once and of what it does for each of its parts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Cycles {
    /// Once.
    pub step: f64,
    /// For each output channel: its weights and factors are fetched.
    pub channel: f64,
    /// For each output position.
    pub pixel: f64,
    /// For each element of the input: it is widened or moved to where the loops want it.
    pub input: f64,
    /// For each element of the output: it is scaled, clamped and stored.
    pub output: f64,
    /// For each element of each window: it is gathered.
    pub window: f64,
    /// For each multiply-accumulate.
    pub mac: f64,
}

impl Cycles {
    /// The parts by name, in the order in which files have them.
    pub fn parts(&self) -> [(&'static str, f64); 7] {
        [
            ("step", self.step),
            ("channel", self.channel),
            ("pixel", self.pixel),
            ("input", self.input),
            ("output", self.output),
            ("window", self.window),
            ("mac", self.mac),
        ]
    }
}

/// The operator classes that a core has cycles for. Kernels for depthwise convolutions are made for windows of
/// three by three: any other is `depthwise_other`. An addition is `add`, any other function of single elements `lookup`.
pub const CORE_CLASSES: [&str; 10] = [
    "dense",
    "pointwise",
    "depthwise",
    "depthwise_other",
    "matmul",
    "pool",
    "add",
    "softmax",
    "lookup",
    "copy",
];
