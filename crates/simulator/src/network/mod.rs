//! Networks as the simulator sees them: shapes and operators, no values.

mod from_graph;
mod read;
mod shipped;

pub use from_graph::{network_of_graph, network_of_model, network_of_plan};
pub use read::{read_network, read_network_file};
pub use shipped::{shipped_names_near, shipped_network, shipped_networks};

use sha2::{Digest, Sha256};

/// How the numbers of a tensor are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// 32-bit floating point.
    Fp32,
    /// 16-bit floating point.
    Fp16,
    /// 8-bit integers.
    Int8,
    /// 4-bit integers, or a palette of 16.
    Int4,
    /// 16-bit floating point with a bit mask of what is not zero.
    Sparse,
}

impl Precision {
    /// The name used in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Fp32 => "fp32",
            Precision::Fp16 => "fp16",
            Precision::Int8 => "int8",
            Precision::Int4 => "int4",
            Precision::Sparse => "sparse",
        }
    }

    /// The precision of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "fp32" | "float32" | "f32" => Precision::Fp32,
            "fp16" | "float16" | "f16" | "bf16" => Precision::Fp16,
            "int8" | "uint8" | "i8" | "int8w" | "a8w8" | "int16" => Precision::Int8,
            "int4" | "i4" | "palette4" | "palettised" | "palettized" | "lut4" => Precision::Int4,
            "sparse" => Precision::Sparse,
            _ => return None,
        })
    }

    /// Bytes of one activation; weights may be smaller ([`Weights`]).
    pub fn activation_bytes(self) -> f64 {
        match self {
            Precision::Fp32 => 4.0,
            Precision::Fp16 | Precision::Int4 | Precision::Sparse => 2.0,
            Precision::Int8 => 1.0,
        }
    }
}

/// How weights are stored, where that differs from the activations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// The format that streams from memory.
    pub format: Precision,
    /// Share of weights that are zero, for [`Precision::Sparse`].
    pub zeros: f64,
}

impl Weights {
    /// Bytes of one weight. A sparse format keeps what is not zero in 16 bits, and one mask bit for each.
    pub fn bytes(self) -> f64 {
        match self.format {
            Precision::Fp32 => 4.0,
            Precision::Fp16 => 2.0,
            Precision::Int8 => 1.0,
            Precision::Int4 => 0.5,
            Precision::Sparse => 2.0 * (1.0 - self.zeros) + 0.125,
        }
    }
}

/// A function applied to every element, or along rows.
pub type FunctionName = String;

/// What a layer does.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A convolution over all channels of its group.
    Conv2d,
    /// A convolution in which each output channel sees one input channel.
    DepthwiseConv2d,
    /// Rows of activations times a matrix of weights.
    FullyConnected,
    /// Scaled dot-product attention, without its projections.
    Attention {
        /// Number of heads.
        heads: u32,
        /// Rows of keys and values where they differ from the queries.
        keys: Option<u64>,
    },
    /// Global pooling, two small products, and a scale on every channel.
    SqueezeExcite {
        /// Channels between the two products.
        reduced: u64,
    },
    /// Maximum or average over a window.
    Pool2d,
    /// An element-wise operator of one or more inputs; it fuses with what produced its input.
    Elementwise {
        /// Number of inputs that are not constants.
        operands: u32,
        /// Which function, where it is known.
        function: Option<FunctionName>,
    },
    /// A function that cannot be fused: normalisation, softmax, a reduction.
    Function(FunctionName),
    /// A movement of data: concatenation, channel shuffle, transposition.
    Copy,
    /// An operator that the file names and we don't price on an accelerator.
    Other(String),
}

impl Op {
    /// The name used in files and tables.
    pub fn name(&self) -> &str {
        match self {
            Op::Conv2d => "conv2d",
            Op::DepthwiseConv2d => "depthwise_conv2d",
            Op::FullyConnected => "fully_connected",
            Op::Attention { .. } => "attention",
            Op::SqueezeExcite { .. } => "squeeze_excite",
            Op::Pool2d => "pool2d",
            Op::Elementwise { .. } => "elementwise",
            Op::Function(name) | Op::Other(name) => name,
            Op::Copy => "copy",
        }
    }
}

/// One layer. Sizes are elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// A name for people; the index where the file gives none.
    pub name: String,
    /// What it does.
    pub op: Op,
    /// Channels of the input.
    pub in_channels: u64,
    /// Channels of the output.
    pub out_channels: u64,
    /// Rows of the output.
    pub out_height: u64,
    /// Columns of the output.
    pub out_width: u64,
    /// Height and width of the window.
    pub kernel: (u64, u64),
    /// Stride of the window, both ways.
    pub stride: u64,
    /// Groups of channels.
    pub groups: u64,
    /// Weights stored otherwise than the rest of the network's.
    pub weights: Option<Weights>,
    /// Bytes of weights where the file says so.
    pub weight_bytes: Option<u64>,
}

impl Layer {
    /// Output elements for one input.
    pub fn out_elements(&self) -> f64 {
        self.out_channels as f64 * self.pixels()
    }

    /// Output positions.
    pub fn pixels(&self) -> f64 {
        self.out_height as f64 * self.out_width as f64
    }

    /// Input elements for one input. What a window reads beyond the edge is not counted.
    pub fn in_elements(&self) -> f64 {
        let stride = (self.stride * self.stride) as f64;
        let window = (self.kernel.0 * self.kernel.1) as f64;
        let reach = match self.op {
            // A window over everything reads everything, whatever its stride.
            Op::Pool2d if self.pixels() == 1.0 => window,
            Op::Pool2d => stride.min(window),
            _ => stride,
        };
        self.in_channels as f64 * self.pixels() * reach
    }

    /// Multiply-accumulates for one input.
    pub fn macs(&self) -> f64 {
        let window = (self.kernel.0 * self.kernel.1) as f64;
        match &self.op {
            Op::Conv2d | Op::DepthwiseConv2d => {
                self.out_elements() * window * self.in_channels as f64 / self.groups.max(1) as f64
            }
            Op::FullyConnected => self.out_elements() * self.in_channels as f64,
            Op::Attention { keys, .. } => {
                let rows = self.pixels();
                2.0 * rows * keys.map_or(rows, |keys| keys as f64) * self.in_channels as f64
            }
            Op::SqueezeExcite { reduced } => 2.0 * self.in_channels as f64 * *reduced as f64,
            _ => 0.0,
        }
    }

    /// Number of weights, biases left out.
    pub fn weight_elements(&self) -> f64 {
        let window = (self.kernel.0 * self.kernel.1) as f64;
        let pairs = self.in_channels as f64 * self.out_channels as f64;
        match &self.op {
            Op::Conv2d | Op::DepthwiseConv2d => pairs * window / self.groups.max(1) as f64,
            Op::FullyConnected => pairs,
            Op::SqueezeExcite { reduced } => 2.0 * self.in_channels as f64 * *reduced as f64,
            _ => 0.0,
        }
    }
}

/// A network: its layers in the order they run.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Batch, height, width, channels of the input; the batch is usually 1.
    pub input: [u64; 4],
    /// How activations, and weights unless said otherwise, are held.
    pub precision: Precision,
    /// How weights are held.
    pub weights: Weights,
    /// The layers.
    pub layers: Vec<Layer>,
    /// Bytes read at the start beside the input: a key-value cache.
    pub state_bytes: u64,
}

impl Network {
    /// Bytes of one activation.
    pub fn activation_bytes(&self) -> f64 {
        self.precision.activation_bytes()
    }

    /// Bytes of a layer's weights.
    pub fn layer_weight_bytes(&self, layer: &Layer) -> f64 {
        match layer.weight_bytes {
            Some(bytes) => bytes as f64,
            None => layer.weight_elements() * layer.weights.unwrap_or(self.weights).bytes(),
        }
    }

    /// Bytes of all weights.
    pub fn weight_bytes(&self) -> f64 {
        self.layers.iter().map(|layer| self.layer_weight_bytes(layer)).sum()
    }

    /// Multiply-accumulates of one whole run.
    pub fn macs(&self) -> f64 {
        let batch = self.input[0].max(1) as f64;
        batch * self.layers.iter().map(Layer::macs).sum::<f64>()
    }

    /// The same network held in another precision.
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self.weights.format = precision;
        for layer in &mut self.layers {
            layer.weights = None;
            layer.weight_bytes = None;
        }
        self
    }

    /// A hash of everything a prediction depends on, in hexadecimal.
    pub fn sha256(&self) -> String {
        let digest = Sha256::digest(format!("{self:?}").as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
