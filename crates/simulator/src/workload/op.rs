//! A single operator from a line of text.

use super::{number, product, usage, with};
use crate::error::SimError;
use crate::network::{Layer, Network, Op, Precision, Weights};

const FORMS: &str = "conv:HxWxC,kN[,sN][,oCHANNELS], dwconv:HxWxC,kN[,sN], gemm:MxKxN, attention:ROWSxDIM[,hHEADS], \
                     pool:HxWxC,kN, se:HxWxC[,rN], add:HxWxC, copy:HxWxC, or softmax, gelu, relu, layer_norm, … \
                     :ROWSxCOLUMNS; then [,bBATCH] [,fp16|int8|int4]";

/// Parses `dwconv:256x256x32,k3,s1` and its kin into a network of one layer.
///
/// # Errors
/// [`SimError::Usage`] with the forms it takes.
pub fn parse_op(text: &str) -> Result<Network, SimError> {
    let (kind, rest) = text.split_once(':').ok_or_else(|| usage(text, "no `:`", FORMS))?;
    let mut parts = rest.split(',');
    let sizes = parts
        .next()
        .unwrap_or_default()
        .split('x')
        .map(|side| number(side, text).map(|value| value as u64))
        .collect::<Result<Vec<u64>, _>>()?;
    let (mut kernel, mut stride, mut out, mut heads, mut reduced, mut batch) = (1, 1, None, 1, None, 1);
    let mut precision = Precision::Fp16;
    for part in parts {
        if let Some(named) = Precision::from_name(part) {
            precision = named;
            continue;
        }
        let (letter, value) = part.split_at_checked(1).unwrap_or((part, ""));
        let value = number(value, text)? as u64;
        match letter {
            "k" => kernel = value,
            "s" => stride = value,
            "o" => out = Some(value),
            "h" => heads = value,
            "r" => reduced = Some(value),
            "b" => batch = value,
            _ => return Err(usage(text, format!("`{part}`"), FORMS)),
        }
    }
    let three = || match sizes.as_slice() {
        [height, width, channels] => Ok((*height, *width, *channels)),
        [rows, channels] => Ok((*rows, 1, *channels)),
        _ => Err(usage(text, format!("{} sizes", sizes.len()), FORMS)),
    };
    if [kernel, stride, batch, heads].contains(&0) || sizes.contains(&0) {
        return Err(usage(text, "a size of 0", FORMS));
    }
    let shaped = |op: Op, groups: u64, out: Option<u64>| -> Result<Layer, SimError> {
        let (height, width, channels) = three()?;
        Ok(Layer {
            out_height: height.div_ceil(stride),
            out_width: width.div_ceil(stride),
            kernel: (kernel, kernel),
            stride,
            groups,
            ..with(op, product(kind, 1, channels, out.unwrap_or(channels)))
        })
    };
    let spatial = |op: Op, groups: u64| shaped(op, groups, out);
    let layer = match kind {
        "conv" | "conv2d" => spatial(Op::Conv2d, 1)?,
        "dwconv" | "depthwise" | "depthwise_conv2d" => {
            let (_, _, channels) = three()?;
            shaped(Op::DepthwiseConv2d, channels, None)?
        }
        "pool" | "pool2d" => spatial(Op::Pool2d, 1)?,
        "gemm" | "matmul" | "fc" | "linear" | "gemv" | "fully_connected" => match sizes.as_slice() {
            [rows, inputs, outputs] => product(kind, *rows, *inputs, *outputs),
            [inputs, outputs] => product(kind, 1, *inputs, *outputs),
            _ => return Err(usage(text, format!("{} sizes", sizes.len()), FORMS)),
        },
        "attention" | "sdpa" => {
            let (rows, _, dim) = three()?;
            let op = Op::Attention { heads: heads.min(1 << 16) as u32, keys: None };
            with(op, product(kind, rows, dim, dim))
        }
        "se" | "squeeze_excite" => {
            let (_, _, channels) = three()?;
            let reduced = reduced.unwrap_or(channels / 4).max(1);
            spatial(Op::SqueezeExcite { reduced }, 1)?
        }
        "copy" => spatial(Op::Copy, 1)?,
        "add" | "mul" => spatial(Op::Elementwise { operands: 2, function: None }, 1)?,
        name if name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && !name.is_empty() => {
            spatial(Op::Function(name.to_owned()), 1)?
        }
        _ => return Err(usage(text, format!("`{kind}`"), FORMS)),
    };
    let input = match &layer.op {
        Op::FullyConnected => [batch, layer.out_height, 1, layer.in_channels],
        _ => [batch, layer.out_height * stride, layer.out_width * stride, layer.in_channels],
    };
    Ok(Network {
        name: text.to_owned(),
        input,
        precision,
        weights: Weights { format: precision, zeros: 0.0 },
        layers: vec![layer],
        state_bytes: 0,
    })
}
