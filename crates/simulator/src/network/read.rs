//! The layer-list format.

use super::{Layer, Network, Op, Precision, Weights};
use crate::error::{Place, SimError, line_at};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::path::Path;

#[derive(Deserialize)]
struct FileForm<'a> {
    name: Option<String>,
    #[serde(default)]
    input: Vec<u64>,
    dtype: Option<String>,
    #[serde(default)]
    weight_dtype: Option<String>,
    #[serde(default)]
    zeros: Option<f64>,
    #[serde(default)]
    batch: Option<u64>,
    #[serde(default)]
    state_bytes: Option<u64>,
    #[serde(borrow)]
    layers: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Size {
    Square(u64),
    Pair([u64; 2]),
}

#[derive(Deserialize)]
struct LayerForm {
    op: String,
    name: Option<String>,
    in_channels: u64,
    out_channels: u64,
    #[serde(default = "one")]
    out_height: u64,
    #[serde(default = "one")]
    out_width: u64,
    kernel: Option<Size>,
    stride: Option<Size>,
    groups: Option<u64>,
    heads: Option<u32>,
    keys: Option<u64>,
    operands: Option<u32>,
    reduced_channels: Option<u64>,
    function: Option<String>,
    dtype: Option<String>,
    weight_dtype: Option<String>,
    weight_bytes: Option<u64>,
    zeros: Option<f64>,
}

fn one() -> u64 {
    1
}

/// The longest side, channel count or window we take: far above any network, and far below where the
/// products of a layer leave the exact range of a 64-bit float.
const LARGEST: u64 = 1 << 24;
const MOST_LAYERS: usize = 100_000;

/// Functions that run along rows or over all elements and don't fuse with a convolution.
const FUNCTIONS: [&str; 18] = [
    "layer_norm",
    "rms_norm",
    "group_norm",
    "softmax",
    "reduction",
    "relu",
    "gelu",
    "sigmoid",
    "silu",
    "tanh",
    "avg_pool",
    "max_pool",
    "pixel_shuffle",
    "argmax",
    "topk",
    "sort",
    "streaming",
    "swish",
];

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn malformed(&self, at: usize, found: String, expected: &str) -> SimError {
        SimError::Malformed {
            place: Place { file: self.file.to_owned(), line: line_at(self.text, at) },
            found,
            expected: expected.to_owned(),
        }
    }

    fn json(&self, error: &serde_json::Error, start: usize) -> SimError {
        let line = line_at(self.text, start) + error.line().saturating_sub(1);
        // Serde's own message ends in a position within the text it was given, which is not the file.
        let full = error.to_string();
        let found = full.rsplit_once(" at line ").map_or(full.as_str(), |(head, _)| head);
        SimError::Malformed {
            place: Place { file: self.file.to_owned(), line },
            found: found.to_owned(),
            expected: "a network: {name, input, dtype, layers:[{op, in_channels, out_channels, \
                       out_height, out_width, …}]}"
                .to_owned(),
        }
    }

    fn find(&self, key: &str) -> usize {
        self.text.find(&format!("\"{key}\"")).unwrap_or(0)
    }

    fn precision(&self, at: usize, name: &str) -> Result<Precision, SimError> {
        Precision::from_name(name).ok_or_else(|| {
            self.malformed(at, format!("dtype `{name}`"), "one of fp32, fp16, int8, int4, sparse")
        })
    }

    fn layer(&self, raw: &RawValue, index: usize) -> Result<Layer, SimError> {
        let at = raw.get().as_ptr() as usize - self.text.as_ptr() as usize;
        let form: LayerForm = serde_json::from_str(raw.get()).map_err(|e| self.json(&e, at))?;
        let side = |size: &Option<Size>| match size {
            None => (1, 1),
            Some(Size::Square(side)) => (*side, *side),
            Some(Size::Pair([height, width])) => (*height, *width),
        };
        let kernel = side(&form.kernel);
        let strides = side(&form.stride);
        let depthwise = form.op.starts_with("depthwise");
        let groups = form.groups.unwrap_or(if depthwise { form.in_channels } else { 1 });
        for (name, value) in [
            ("in_channels", form.in_channels),
            ("out_channels", form.out_channels),
            ("out_height", form.out_height),
            ("out_width", form.out_width),
            ("kernel", kernel.0),
            ("kernel", kernel.1),
            ("stride", strides.0),
            ("stride", strides.1),
            ("groups", groups),
        ] {
            if value == 0 || value > LARGEST {
                return Err(self.malformed(
                    at,
                    format!("layer {index} has {name} {value}"),
                    "a number from 1 to 16777216",
                ));
            }
        }
        if !form.in_channels.is_multiple_of(groups) || !form.out_channels.is_multiple_of(groups) {
            return Err(self.malformed(
                at,
                format!(
                    "layer {index} divides {} and {} channels into {groups} groups",
                    form.in_channels, form.out_channels
                ),
                "groups that divide both channel counts",
            ));
        }
        let op = self.op(at, index, &form)?;
        let zeros = form.zeros.unwrap_or(0.0);
        if !(0.0..=1.0).contains(&zeros) {
            return Err(self.malformed(
                at,
                format!("layer {index} has zeros {zeros}"),
                "a share from 0 to 1",
            ));
        }
        let weights = match form.weight_dtype.or(form.dtype) {
            Some(name) => Some(Weights { format: self.precision(at, &name)?, zeros }),
            None if zeros > 0.0 => Some(Weights { format: Precision::Sparse, zeros }),
            None => None,
        };
        Ok(Layer {
            name: form.name.unwrap_or_else(|| index.to_string()),
            op,
            in_channels: form.in_channels,
            out_channels: form.out_channels,
            out_height: form.out_height,
            out_width: form.out_width,
            kernel,
            stride: strides.0.max(strides.1),
            groups,
            weights,
            weight_bytes: form.weight_bytes,
        })
    }

    fn op(&self, at: usize, index: usize, form: &LayerForm) -> Result<Op, SimError> {
        let grouped = form
            .groups
            .is_some_and(|groups| groups > 1 && groups == form.in_channels && form.in_channels > 1);
        let function = |name: &str| match name {
            "streaming" => "relu".to_owned(),
            "swish" => "silu".to_owned(),
            other => other.to_owned(),
        };
        Ok(match form.op.to_ascii_lowercase().as_str() {
            "conv2d" | "conv" | "conv_2d" | "pointwise_conv2d" if !grouped => Op::Conv2d,
            "conv2d" | "conv" | "conv_2d" | "depthwise_conv2d" | "depthwise" | "dwconv"
            | "depthwise_conv_2d" => Op::DepthwiseConv2d,
            "fully_connected" | "linear" | "dense" | "matmul" | "gemm" | "gemv" => Op::FullyConnected,
            "attention" | "sdpa" => Op::Attention { heads: form.heads.unwrap_or(1), keys: form.keys },
            "squeeze_excite" | "se" => {
                Op::SqueezeExcite { reduced: form.reduced_channels.unwrap_or(form.in_channels / 4).max(1) }
            }
            "pool2d" | "average_pool_2d" | "max_pool_2d" | "avgpool" | "maxpool" | "global_pool" => {
                Op::Pool2d
            }
            "elementwise" | "add" | "mul" | "sub" => Op::Elementwise {
                operands: form.operands.unwrap_or(if form.op == "elementwise" { 1 } else { 2 }),
                function: form.function.as_deref().map(function),
            },
            "copy" | "concat" | "concatenation" | "transpose" | "channel_shuffle" | "shuffle" | "pad"
            | "slice" | "resize" => Op::Copy,
            "reduce" | "reduction" | "mean" | "sum" => Op::Function("reduction".to_owned()),
            "function" | "normalisation" | "norm" => match &form.function {
                Some(name) => Op::Function(function(name)),
                None => {
                    return Err(self.malformed(
                        at,
                        format!("layer {index} is a `{}` without `function`", form.op),
                        "function: layer_norm, softmax, gelu, …",
                    ));
                }
            },
            name if FUNCTIONS.contains(&name) => Op::Function(function(name)),
            name if name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
                && !name.is_empty() =>
            {
                Op::Other(name.to_owned())
            }
            _ => {
                return Err(self.malformed(
                    at,
                    format!("layer {index} has op `{}`", form.op),
                    "conv2d, depthwise_conv2d, fully_connected, attention, squeeze_excite, pool2d, \
                     elementwise, layer_norm, copy, or another lower-case operator name",
                ));
            }
        })
    }
}

/// Reads a network from the layer-list format. `file` is for messages.
///
/// # Errors
/// [`SimError::Malformed`] with the line.
pub fn read_network(file: &str, text: &str) -> Result<Network, SimError> {
    let reader = Reader { file, text };
    if text.trim_start().starts_with('[') {
        let at = text.find('[').unwrap_or(0);
        return Err(reader.malformed(at, "a list".to_owned(), "an object with `layers`, a list of layers"));
    }
    let form: FileForm<'_> = serde_json::from_str(text).map_err(|e| reader.json(&e, 0))?;
    let precision = match &form.dtype {
        Some(name) => reader.precision(reader.find("dtype"), name)?,
        None => Precision::Fp16,
    };
    let format = match &form.weight_dtype {
        Some(name) => reader.precision(reader.find("weight_dtype"), name)?,
        None => precision,
    };
    if form.layers.is_empty() || form.layers.len() > MOST_LAYERS {
        return Err(reader.malformed(
            reader.find("layers"),
            format!("{} layers", form.layers.len()),
            "from 1 to 100000 layers",
        ));
    }
    let layers = form
        .layers
        .iter()
        .enumerate()
        .map(|(index, raw)| reader.layer(raw, index))
        .collect::<Result<Vec<_>, _>>()?;
    let mut input = [1; 4];
    if form.input.len() > 4 {
        return Err(reader.malformed(
            reader.find("input"),
            format!("an input of {} dimensions", form.input.len()),
            "at most four: batch, height, width, channels",
        ));
    }
    // Shorter shapes leave out height and width from the left: [batch, elements].
    if let Some(batch) = form.input.first() {
        input[0] = *batch;
    }
    let rest = form.input.get(1..).unwrap_or_default();
    for (slot, value) in input.iter_mut().rev().zip(rest.iter().rev()) {
        *slot = *value;
    }
    if let Some(batch) = form.batch {
        input[0] = batch;
    }
    if input.iter().any(|side| *side == 0 || *side > LARGEST) {
        return Err(reader.malformed(
            reader.find("input"),
            format!("input {input:?}"),
            "sides from 1 to 16777216",
        ));
    }
    Ok(Network {
        name: form.name.unwrap_or_else(|| file.to_owned()),
        input,
        precision,
        weights: Weights { format, zeros: form.zeros.unwrap_or(0.0).clamp(0.0, 1.0) },
        layers,
        state_bytes: form.state_bytes.unwrap_or(0),
    })
}

/// Reads a network from a file.
///
/// # Errors
/// [`SimError::File`] and those of [`read_network`].
pub fn read_network_file(path: &Path) -> Result<Network, SimError> {
    let file = path.display().to_string();
    let text = crate::text::read(path, "a network in JSON")?;
    read_network(&file, &text)
}
