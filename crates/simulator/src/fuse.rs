//! From layers to what an engine runs in one go.
//!
//! An element-wise layer joins the stage that produced its input, unless that stage only moved data.

use crate::network::{Network, Op, Precision};

/// The classes for which an engine has a rate of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A convolution with a window.
    Dense,
    /// A convolution without one.
    Pointwise,
    /// A depthwise convolution.
    Depthwise,
    /// A matrix product.
    Matmul,
    /// Attention.
    Attention,
    /// Squeeze and excite.
    SqueezeExcite,
    /// A pooling window.
    Pool,
    /// A function along rows, or element-wise on its own.
    Function,
    /// A movement of data.
    Copy,
    /// Anything else.
    Other,
}

impl Class {
    /// The name used in machine files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Class::Dense => "dense",
            Class::Pointwise => "pointwise",
            Class::Depthwise => "depthwise",
            Class::Matmul => "matmul",
            Class::Attention => "attention",
            Class::SqueezeExcite => "squeeze_excite",
            Class::Pool => "pool",
            Class::Function => "function",
            Class::Copy => "copy",
            Class::Other => "other",
        }
    }
}

/// What an engine runs in one go. Byte counts are for the whole batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Index of its first layer in the network.
    pub first: usize,
    /// Number of layers.
    pub layers: usize,
    /// The operator of the first.
    pub operator: String,
    /// Its class.
    pub class: Class,
    /// Its function, where it has one.
    pub function: String,
    /// Shape as text.
    pub shape: String,
    /// Multiply-accumulates.
    pub macs: f64,
    /// Weights.
    pub weight_elements: f64,
    /// Their bytes in memory.
    pub weight_bytes: f64,
    /// The format they stream in.
    pub weight_format: Precision,
    /// The precision it computes in.
    pub precision: Precision,
    /// Bytes in.
    pub in_bytes: f64,
    /// Bytes out.
    pub out_bytes: f64,
    /// Bytes of fused element-wise layers of one input.
    pub unary_bytes: f64,
    /// Bytes of those among them that are more than a clamp: a processor computes them in a pass of its own.
    pub curve_bytes: f64,
    /// Bytes of fused element-wise layers of more inputs.
    pub binary_bytes: f64,
    /// Bytes of attention scores.
    pub score_bytes: f64,
    /// Output positions over the batch.
    pub pixels: f64,
    /// Output height and width.
    pub out_size: (u64, u64),
    /// Input channels.
    pub in_channels: u64,
    /// Output channels.
    pub out_channels: u64,
    /// Window.
    pub window: (u64, u64),
    /// Stride.
    pub stride: u64,
    /// Groups.
    pub groups: u64,
    /// Batch.
    pub batch: f64,
}

/// Fuses a network.
pub fn fuse(network: &Network) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::with_capacity(network.layers.len());
    let bytes = network.activation_bytes();
    let batch = network.input[0].max(1) as f64;
    for (index, layer) in network.layers.iter().enumerate() {
        let out_bytes = batch * layer.out_elements() * bytes;
        if let Op::Elementwise { operands, function } = &layer.op
            && let Some(last) = stages.last_mut()
            && last.class != Class::Copy
        {
            last.layers += 1;
            if *operands > 1 {
                last.binary_bytes += out_bytes;
            } else {
                last.unary_bytes += out_bytes;
                if function.as_deref().is_some_and(|function| !function.starts_with("relu")) {
                    last.curve_bytes += out_bytes;
                }
            }
            continue;
        }
        let (class, function) = match &layer.op {
            Op::Conv2d if layer.kernel == (1, 1) => (Class::Pointwise, String::new()),
            Op::Conv2d => (Class::Dense, String::new()),
            Op::DepthwiseConv2d => (Class::Depthwise, String::new()),
            Op::FullyConnected => (Class::Matmul, String::new()),
            Op::Attention { .. } => (Class::Attention, String::new()),
            Op::SqueezeExcite { .. } => (Class::SqueezeExcite, String::new()),
            Op::Pool2d => (Class::Pool, String::new()),
            Op::Elementwise { function, .. } => {
                (Class::Function, function.clone().unwrap_or_else(|| "relu".to_owned()))
            }
            Op::Function(name) => (Class::Function, name.clone()),
            Op::Copy => (Class::Copy, String::new()),
            Op::Other(name) => (Class::Other, name.clone()),
        };
        let mut in_bytes = batch * layer.in_elements() * bytes;
        let mut scores = 0.0;
        if let Op::Attention { heads, keys } = &layer.op {
            // Queries, keys and values.
            in_bytes *= 3.0;
            let rows = layer.pixels();
            let keys = keys.map_or(rows, |keys| keys as f64);
            scores = batch * f64::from(*heads) * rows * keys * bytes;
        }
        if let Op::Elementwise { operands, .. } = &layer.op {
            in_bytes *= f64::from((*operands).max(1));
        }
        let weights = layer.weights.unwrap_or(network.weights);
        stages.push(Stage {
            first: index,
            layers: 1,
            operator: layer.op.name().to_owned(),
            class,
            function,
            shape: format!(
                "{}x{}x{}→{}{}",
                layer.out_height,
                layer.out_width,
                layer.in_channels,
                layer.out_channels,
                match (layer.kernel, layer.stride) {
                    ((1, 1), 1) => String::new(),
                    ((h, w), 1) => format!(" k{h}x{w}"),
                    ((h, w), s) => format!(" k{h}x{w} s{s}"),
                }
            ),
            macs: batch * layer.macs(),
            weight_elements: layer.weight_elements(),
            weight_bytes: network.layer_weight_bytes(layer),
            weight_format: weights.format,
            precision: network.precision,
            in_bytes,
            out_bytes,
            unary_bytes: 0.0,
            curve_bytes: 0.0,
            binary_bytes: 0.0,
            score_bytes: scores,
            pixels: batch * layer.pixels(),
            out_size: (layer.out_height, layer.out_width),
            in_channels: layer.in_channels,
            out_channels: layer.out_channels,
            window: layer.kernel,
            stride: layer.stride,
            groups: layer.groups,
            batch,
        });
    }
    stages
}

/// Bytes that pass the boundary of the whole network.
pub fn boundary_bytes(network: &Network) -> (f64, f64) {
    let bytes = network.activation_bytes();
    let first = network.layers.first();
    let [batch, height, width, channels] = network.input.map(|side| side.max(1) as f64);
    let input = batch * height * width * channels;
    // A layer list without an input shape starts with what its first layer reads.
    let from_first = first.map_or(0.0, |layer| batch * layer.in_elements());
    let input = if height * width * channels > 1.0 { input } else { from_first };
    let output = network.layers.last().map_or(0.0, |layer| batch * layer.out_elements());
    (input * bytes + network.state_bytes as f64, output * bytes)
}
