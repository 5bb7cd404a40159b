//! Machines as data: engines, memories, clock and voltage points, and where every number comes from.

mod cycles;
mod library;
mod read;

pub use cycles::{CORE_CLASSES, Cycles};
pub(crate) use library::shipped_texts;
pub use library::{find_machine, machines};
pub use read::{read_machine, read_machine_file};

use crate::network::Precision;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A chip, with the software that drives it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The name `--machine` takes.
    pub name: String,
    /// Other names it is known by: boards, devices, marketing names.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The chip.
    pub chip: String,
    /// The operating system's version, where it matters.
    #[serde(default)]
    pub os: String,
    /// One sentence on what it is.
    pub description: String,
    /// The class of machine, over which errors are pooled: `phone`, `desktop`, `micro`, `ethos`, `mcu`, `generic`.
    pub class: String,
    /// Process node in nanometres, 0 where unknown.
    #[serde(default)]
    pub node_nm: f64,
    /// What is known to be wrong with it.
    #[serde(default)]
    pub known_wrong: Vec<String>,
    /// What it was calibrated on.
    pub calibration: Calibration,
    /// The emulated board whose records say what its core takes.
    #[serde(default)]
    pub emulated: Option<Emulated>,
    /// The engines; the first is the one the machine is named for.
    #[serde(rename = "engine")]
    pub engines: Vec<Engine>,
    /// The memories.
    #[serde(default, rename = "memory")]
    pub memories: Vec<Memory>,
    /// What it costs to hand data from one engine to another.
    #[serde(default)]
    pub crossing: Crossing,
    /// Clock and voltage points. The first is the one the other numbers belong to.
    #[serde(default, rename = "point")]
    pub points: Vec<Point>,
    /// Where numbers come from.
    #[serde(default, rename = "provenance")]
    pub provenance: Vec<Provenance>,
}

/// What a machine was calibrated on, and how far that reaches.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The data.
    pub on: String,
    /// Rows of it.
    #[serde(default)]
    pub rows: u32,
    /// Median relative error of latency on held-out rows.
    pub latency_median: f64,
    /// The relative error that nine of ten held-out rows stay under.
    pub latency_p90: f64,
    /// Median relative error of energy on held-out rows, 0 where there was nothing to compare with.
    #[serde(default)]
    pub energy_median: f64,
}

/// The emulated board whose records say what a core takes. [`crate::calibrate::calibrate`] fits to them.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Emulated {
    /// The board's name, which is that of its file in `bench/record`.
    pub board: String,
    /// Relative error of the emulator's timing of the core, 0 where the core's maker publishes it.
    #[serde(default)]
    pub timing_error: f64,
}

/// How an engine's time is computed.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum EngineModel {
    /// Rates by operator class, streams, and a residency knee.
    Array,
    /// Blocks and micro-blocks, as Arm's Ethos-U works.
    EthosU,
    /// Cycles of a core that does one thing after the other.
    Core,
}

/// What kind of engine it is, for `--place`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// A neural engine or another accelerator for networks.
    Ne,
    /// A graphics processor.
    Gpu,
    /// A general processor.
    Cpu,
}

/// An engine.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Its name on the tracks of a trace.
    pub name: String,
    /// Its kind.
    pub kind: EngineKind,
    /// How its time is computed.
    pub model: EngineModel,
    /// Cores, for the description.
    #[serde(default = "one_u32")]
    pub cores: u32,
    /// Clock in hertz.
    pub clock_hz: f64,
    /// From the call to the first operation, for every segment, in microseconds.
    pub dispatch_us: f64,
    /// Added where the engine was asleep (`--cold`), in microseconds.
    #[serde(default)]
    pub wake_us: f64,
    /// Fixed time of every fused layer, in microseconds.
    #[serde(default)]
    pub layer_us: f64,
    /// How sharply the larger of compute, weights and activations wins: the exponent of a p-norm.
    #[serde(default = "overlap")]
    pub overlap: f64,
    /// Multiply-accumulates a second, in units of 10^12, by operator class, in the first listed precision.
    #[serde(default)]
    pub tera_macs: BTreeMap<String, f64>,
    /// How much faster (or slower) a precision computes.
    #[serde(default)]
    pub precision_speed: BTreeMap<String, f64>,
    /// Sizes at which an engine is half used.
    #[serde(default)]
    pub half: Half,
    /// The weight stream, in 10^9 bytes a second by format.
    #[serde(default)]
    pub weights_gb_s: BTreeMap<String, f64>,
    /// The weight stream of convolutions where it differs.
    #[serde(default)]
    pub conv_weights_gb_s: Option<f64>,
    /// Weights of one product above this size no longer stay on chip while rows pass: bytes.
    #[serde(default)]
    pub operand_bytes: Option<f64>,
    /// Share of the rate left above it.
    #[serde(default = "one_f64")]
    pub operand_rate: f64,
    /// Activation traffic.
    #[serde(default)]
    pub activations: Activations,
    /// What passes the boundary of a segment, in 10^9 bytes a second; absent where the dispatch holds it.
    #[serde(default)]
    pub boundary: Option<Boundary>,
    /// Functions along rows: 10^9 bytes a second of input and output.
    #[serde(default)]
    pub functions_gb_s: BTreeMap<String, f64>,
    /// Passes over the activations that a function takes instead, at the speed of activation traffic.
    #[serde(default)]
    pub function_passes: BTreeMap<String, f64>,
    /// Costs of operators that are not products.
    #[serde(default)]
    pub other: Other,
    /// For [`EngineModel::EthosU`].
    #[serde(default)]
    pub ethos: Option<Ethos>,
    /// For [`EngineModel::Core`]: bytes of a vector register. Inner loops run whole vectors, however little of the last is
    /// used; 1 where there are none.
    #[serde(default = "one_u64")]
    pub vector_bytes: u64,
    /// For [`EngineModel::Core`]: cycles by operator class.
    #[serde(default)]
    pub core: BTreeMap<String, Cycles>,
    /// Operators it takes; empty means all.
    #[serde(default)]
    pub operators: Vec<String>,
    /// Operators it refuses although the list would take them, each with the reason.
    #[serde(default)]
    pub refuses: BTreeMap<String, String>,
    /// Precisions it takes; empty means all.
    #[serde(default)]
    pub precisions: Vec<String>,
    /// What energy it takes.
    pub energy: Energy,
}

/// Sizes at which half of an engine is used.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Half {
    /// Rows of a matrix product.
    pub rows: f64,
    /// Input channels of a convolution.
    pub channels: f64,
    /// Output positions of a convolution.
    pub pixels: f64,
}

/// Traffic of activations between layers.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Activations {
    /// While a layer's input and output fit on chip, 10^9 bytes a second.
    pub resident_gb_s: f64,
    /// Beyond that.
    pub spilled_gb_s: f64,
    /// Input and output of one layer that fit: bytes.
    pub knee_bytes: f64,
    /// How much more a depthwise convolution moves: windows overlap and nothing is shared between channels.
    #[serde(default = "one_f64")]
    pub depthwise_factor: f64,
    /// Share of its stand-alone price that a fused function of one input costs.
    #[serde(default)]
    pub fused_unary: f64,
    /// The same for two inputs.
    #[serde(default)]
    pub fused_binary: f64,
}

impl Default for Activations {
    /// Traffic that costs nothing: a core's accesses are among its cycles.
    fn default() -> Self {
        Activations {
            resident_gb_s: 1e9,
            spilled_gb_s: 1e9,
            knee_bytes: 0.0,
            depthwise_factor: 1.0,
            fused_unary: 0.0,
            fused_binary: 0.0,
        }
    }
}

/// Copies at the boundary of a segment.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Boundary {
    /// Into the engine.
    pub in_gb_s: f64,
    /// Out of it.
    pub out_gb_s: f64,
}

/// Costs of operators that are not products.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Other {
    /// A synchronisation over the whole tensor: squeeze-and-excite.
    pub squeeze_excite_us: f64,
    /// Share of a pass over the activations that it adds, since it ends a fusion.
    pub squeeze_excite_passes: f64,
    /// A pooling window, microseconds for each 10^6 bytes of output.
    pub pool_us_per_mb: f64,
    /// Data movement, microseconds for each 10^6 bytes of output at 256 channels.
    pub copy_us_per_mb: f64,
    /// How data movement grows with channels: the exponent of channels / 256. At 1 it is a permutation
    /// computed as a product.
    pub copy_channel_power: f64,
    /// Scores of attention through softmax, 10^9 bytes a second; 0 where the rate holds it.
    pub scores_gb_s: f64,
    /// Sorting: microseconds for a row, and for an element.
    pub sort_us: [f64; 2],
    /// Rows beyond the first of a top-k.
    pub topk_row_us: f64,
}

/// Parameters of the block model.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Ethos {
    /// Rows, columns and channels of a micro-block.
    pub micro_block: [u64; 3],
    /// Channels that the cores of the engine share out among them.
    pub depth_step: u64,
    /// Cycles of a step of a convolution, a depthwise convolution, a pooling window.
    pub step_cycles: [f64; 3],
    /// Cycles of an output element: convolution, depthwise, pooling, element-wise.
    pub output_cycles: [f64; 4],
    /// Weights decoded in a cycle.
    pub weights_per_cycle: f64,
    /// Cycles of an operator, and of each of its blocks of output channels.
    pub overhead_cycles: [f64; 2],
    /// Exponent joining compute, output and weights.
    pub sharpness: f64,
    /// Bytes of activations in a cycle.
    pub sram_bytes_per_cycle: f64,
    /// Bytes of weights in a cycle from where they lie.
    pub weight_bytes_per_cycle: f64,
    /// Bytes of activations in a cycle from the outer memory, 0 where they stay inside.
    #[serde(default)]
    pub outer_activation_bytes_per_cycle: f64,
    /// Compressed size of a weight, in bytes.
    pub encoded_weight_bytes: f64,
    /// True where weights share the activations' memory.
    #[serde(default)]
    pub weights_in_sram: bool,
    /// How much slower windows over eight channels or more run on silicon than in the block model.
    #[serde(default = "one_f64")]
    pub window_factor: f64,
}

/// What energy an engine takes at the first clock and voltage point.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Energy {
    /// Power while it computes, whatever it does, in watts.
    pub base_w: f64,
    /// Power while a dispatch or a copy at the boundary runs.
    #[serde(default)]
    pub dispatch_w: f64,
    /// Power while data passes the boundary.
    #[serde(default)]
    pub boundary_w: f64,
    /// A multiply-accumulate in the first precision, in picojoules.
    pub pj_per_mac: f64,
    /// How much less another precision takes.
    #[serde(default = "one_f64")]
    pub int8_share: f64,
    /// A byte of weights streamed.
    pub pj_per_weight_byte: f64,
    /// A byte of activations moved.
    pub pj_per_activation_byte: f64,
    /// Share of all power that does not switch, at the first point: it follows the voltage, not the clock.
    #[serde(default)]
    pub static_share: f64,
}

/// A memory.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Its name on the tracks of a trace.
    pub name: String,
    /// What lives there: `weights`, `activations`, `all`.
    pub holds: String,
    /// Bytes, 0 for as many as needed.
    #[serde(default)]
    pub capacity_bytes: f64,
    /// 10^9 bytes a second; weights stream no faster than the memory they lie in. 0 for no limit of its own.
    #[serde(default)]
    pub gb_s: f64,
    /// A byte, in picojoules, on top of what the engine spends.
    #[serde(default)]
    pub pj_per_byte: f64,
}

/// Handing data from one engine to another.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Crossing {
    /// Each time.
    pub us: f64,
    /// 10^9 bytes a second.
    pub gb_s: f64,
    /// A byte, in picojoules.
    pub pj_per_byte: f64,
}

impl Default for Crossing {
    fn default() -> Self {
        Crossing { us: 20.0, gb_s: 20.0, pj_per_byte: 20.0 }
    }
}

/// A clock and a voltage.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Its name.
    pub name: String,
    /// Other names of the machine at this point.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Hertz.
    pub clock_hz: f64,
    /// Volts.
    pub volts: f64,
    /// Share of the time, at the first point, that follows another clock.
    #[serde(default)]
    pub fixed_share: f64,
}

/// Where a number comes from.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The field, or several.
    pub field: String,
    /// `fitted`, or a source.
    pub source: String,
    /// The interval of a fitted number: 10 % and 90 % of its bootstrap.
    #[serde(default)]
    pub interval: Option<[f64; 2]>,
}

fn one_u32() -> u32 {
    1
}

fn one_u64() -> u64 {
    1
}

fn one_f64() -> f64 {
    1.0
}

fn overlap() -> f64 {
    8.0
}

impl Machine {
    /// The same machine at another of its clock and voltage points.
    ///
    /// Compute and everything on chip follow the clock; switching energy follows the square of the voltage,
    /// the rest of the power the voltage alone.
    pub fn at_point(&self, name: &str) -> Option<Machine> {
        let from = self.points.first()?;
        let to = self.points.iter().find(|point| point.name == name)?;
        if from.clock_hz <= 0.0 || from.volts <= 0.0 {
            return None;
        }
        let clock = to.clock_hz / from.clock_hz;
        let volts = to.volts / from.volts;
        // Of the time, `fixed` follows another clock; the rest follows this one.
        let speed = 1.0 / ((1.0 - from.fixed_share) / clock + from.fixed_share);
        let mut machine = self.clone();
        for engine in machine.engines.iter_mut().take(1) {
            engine.scale_speed(speed);
            engine.clock_hz *= clock;
            let energy = &mut engine.energy;
            let switching = (1.0 - energy.static_share) * volts * volts;
            // Watts that switch also follow the clock; energy per event does not.
            let watts = switching * speed + energy.static_share * volts;
            energy.base_w *= watts;
            energy.dispatch_w *= watts;
            energy.boundary_w *= watts;
            for pj in
                [&mut energy.pj_per_mac, &mut energy.pj_per_weight_byte, &mut energy.pj_per_activation_byte]
            {
                *pj *= volts * volts;
            }
        }
        machine.points.retain(|point| point.name == name);
        if from.name != to.name {
            machine.name = format!("{}@{name}", self.name);
        }
        Some(machine)
    }

    /// The same machine with one dimension multiplied: `bandwidth`, `macs`, `clock`, `dispatch`, `knee`.
    pub fn scaled(&self, dimension: &str, factor: f64) -> Option<Machine> {
        let mut machine = self.clone();
        for engine in &mut machine.engines {
            match dimension {
                "bandwidth" => engine.scale_bandwidth(factor),
                "macs" => {
                    engine.scale_macs(factor);
                }
                "clock" => {
                    engine.clock_hz *= factor;
                    engine.scale_speed(factor);
                }
                "dispatch" => engine.dispatch_us *= factor,
                "knee" => engine.activations.knee_bytes *= factor,
                _ => return None,
            }
        }
        if dimension == "bandwidth" {
            for memory in &mut machine.memories {
                memory.gb_s *= factor;
            }
        }
        Some(machine)
    }
}

impl Engine {
    fn scale_macs(&mut self, factor: f64) {
        self.tera_macs.values_mut().for_each(|rate| *rate *= factor);
        if let Some(ethos) = &mut self.ethos {
            ethos.step_cycles.iter_mut().for_each(|c| *c /= factor);
        }
        self.core.values_mut().for_each(|cycles| cycles.mac /= factor);
    }

    fn scale_bandwidth(&mut self, factor: f64) {
        self.weights_gb_s.values_mut().for_each(|rate| *rate *= factor);
        if let Some(rate) = &mut self.conv_weights_gb_s {
            *rate *= factor;
        }
        self.activations.resident_gb_s *= factor;
        self.activations.spilled_gb_s *= factor;
        self.functions_gb_s.values_mut().for_each(|rate| *rate *= factor);
        if let Some(boundary) = &mut self.boundary {
            boundary.in_gb_s *= factor;
            boundary.out_gb_s *= factor;
        }
        if let Some(ethos) = &mut self.ethos {
            ethos.sram_bytes_per_cycle *= factor;
            ethos.weight_bytes_per_cycle *= factor;
            ethos.outer_activation_bytes_per_cycle *= factor;
        }
    }

    /// Makes everything that happens on the engine `factor` times as fast.
    fn scale_speed(&mut self, factor: f64) {
        // Those two count in cycles of the clock.
        if self.ethos.is_none() && self.core.is_empty() {
            self.scale_macs(factor);
            self.scale_bandwidth(factor);
        }
        self.layer_us /= factor;
        self.dispatch_us /= factor;
        let other = &mut self.other;
        other.squeeze_excite_us /= factor;
        other.pool_us_per_mb /= factor;
        other.copy_us_per_mb /= factor;
        other.scores_gb_s *= factor;
        other.topk_row_us /= factor;
        other.sort_us.iter_mut().for_each(|us| *us /= factor);
    }

    /// Multiply-accumulates a second of an operator class, in units of 10^12.
    pub fn rate(&self, class: &str) -> f64 {
        let named = self.tera_macs.get(class).copied();
        named
            .or_else(|| self.tera_macs.get("matmul").copied())
            .or_else(|| self.tera_macs.values().next().copied())
            .unwrap_or(1e-9)
    }

    /// How much faster a precision computes.
    pub fn speed(&self, precision: Precision) -> f64 {
        self.precision_speed.get(precision.name()).copied().unwrap_or(1.0)
    }

    /// The weight stream in 10^9 bytes a second.
    pub fn weight_stream(&self, format: Precision) -> f64 {
        let named = self.weights_gb_s.get(format.name()).copied();
        named.or_else(|| self.weights_gb_s.values().next().copied()).unwrap_or(1e9)
    }
}
