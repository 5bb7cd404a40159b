//! Direct measurements of kernels.

use super::{Collector, Figure, Measure, Table, csv, predict};
use crate::error::SimError;
use crate::network::{Layer, Network, Op, Precision, Weights};
use crate::workload::{Lm, encoder, parse_op, product, with};
use std::collections::HashMap;
use std::path::Path;

type Row = HashMap<String, String>;

fn get<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).map_or("", String::as_str)
}

fn whole(row: &Row, name: &str, otherwise: u64) -> u64 {
    get(row, name).parse().unwrap_or(otherwise)
}

/// All runs of digits in a label.
fn numbers(label: &str) -> Vec<u64> {
    label.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

fn plain(name: &str, input: [u64; 4], layers: Vec<Layer>) -> Network {
    Network {
        name: name.to_owned(),
        input,
        precision: Precision::Fp16,
        weights: Weights { format: Precision::Fp16, zeros: 0.0 },
        layers,
        state_bytes: 0,
    }
}

fn conv(channels: (u64, u64), side: u64, kernel: u64, stride: u64) -> Layer {
    Layer {
        out_height: side,
        out_width: side,
        kernel: (kernel, kernel),
        stride,
        ..with(Op::Conv2d, product("conv", 1, channels.0, channels.1))
    }
}

/// The network that a row of the kernel table measured; `None` where the row doesn't say enough.
pub fn kernel_network(row: &Row) -> Option<Network> {
    let family = get(row, "family");
    let label = get(row, "label");
    let sizes = numbers(label);
    let batch = whole(row, "B", 1).max(1);
    let op = |text: String| parse_op(&text).ok();
    match family {
        "gemm" | "gemm_square" | "gemv" | "micro_matmul" | "micro_matmul_rect" | "gemm_compressed" => {
            let (m, k, n) = (whole(row, "M", 1), whole(row, "K", 0), whole(row, "N", 0));
            let mut network = op(format!("gemm:{m}x{k}x{n}"))?;
            let format = Precision::from_name(get(row, "dtype")).unwrap_or(Precision::Fp16);
            network.weights.format = format;
            let layer = network.layers.first_mut()?;
            layer.weight_bytes = get(row, "weight_bytes").parse().ok();
            Some(network)
        }
        "conv3x3" | "conv3x3_batch" | "conv_ref5" | "conv_ramp" | "micro_conv" => {
            let (side, channels, kernel) = (whole(row, "H", 1), whole(row, "C", 1), whole(row, "k", 1));
            op(format!("conv:{side}x{side}x{channels},k{kernel},b{batch}"))
        }
        "llm_decode" => {
            let [width, layers, inner, vocab, context, batch, ..] = sizes.as_slice() else {
                return None;
            };
            let bits = if get(row, "dtype") == "fp16" { 16 } else { 8 };
            let text = format!(
                "width={width},layers={layers},inner={inner},vocab={vocab},context={context},batch={batch},bits={bits}"
            );
            let mut network = Lm::parse(&text).ok()?.network(1, true);
            // The rows pass whole and come back as words; the cache is what the table calls activations.
            network.input = [1, 1, 1, 1];
            Some(network)
        }
        "micro_bridge" if label.starts_with("sdpa") => match sizes.as_slice() {
            [heads, rows, dim] => op(format!("attention:{rows}x{},h{heads}", heads * dim)),
            _ => None,
        },
        "serve_attention" => {
            let op = Op::Attention { heads: 12, keys: None };
            let mut layers = vec![
                product("qkv", 128, 768, 3 * 768),
                with(op, product("attention", 128, 768, 768)),
                product("out", 128, 768, 768),
            ];
            layers.truncate(3);
            Some(plain(label, [batch, 128, 1, 768], layers))
        }
        "composite" if label.starts_with("attention") => {
            let rows = *sizes.first()?;
            let mut network = encoder(1, rows, 768, 12, Precision::Fp16);
            network.layers.retain(|layer| ["0.qkv", "0.attention", "0.out"].contains(&layer.name.as_str()));
            Some(network)
        }
        "composite" if label.starts_with("ResNet-18") => {
            let mut layers = vec![conv((3, 64), 112, 7, 2)];
            let mut before = 64;
            for (channels, side) in [(64, 56), (128, 28), (256, 14), (512, 7)] {
                for block in 0..2 {
                    let from = if block == 0 { before } else { channels };
                    layers.push(conv((from, channels), side, 3, 1));
                    layers.push(conv((channels, channels), side, 3, 1));
                }
                before = channels;
            }
            layers.push(product("fc", 1, 512, 1000));
            Some(plain(label, [1, 224, 224, 3], layers))
        }
        "composite" if label.starts_with("ViT") => {
            let mut network = encoder(12, 197, 768, 12, Precision::Fp16);
            network.input = [1, 224, 224, 3];
            network.layers.push(product("fc", 1, 768, 1000));
            Some(network)
        }
        "composite" if label.starts_with("Jacobi") => {
            Some(plain(label, [1, 1, 1, 512], vec![product("step", 1, 512, 512); 25]))
        }
        "composite" if label.starts_with("stencil") => {
            let steps = vec![conv((1, 1), 256, 3, 1); 32];
            Some(plain(label, [1, 256, 256, 1], steps))
        }
        _ => {
            let function = match family.strip_prefix("stream_") {
                Some("streaming") => "relu",
                Some(name) => name,
                None => label.split([' ', '(']).next()?,
            };
            let (rows, columns) = match sizes.as_slice() {
                _ if label.starts_with("topk") => match sizes.as_slice() {
                    [.., rows, columns] => (*rows, *columns),
                    _ => return None,
                },
                // Channels first: (1, channels, height, width).
                [1, channels, height, width] => (height * width, *channels),
                [rows, columns] | [.., rows, columns] => (*rows, *columns),
                _ => return None,
            };
            let mut network = op(format!("{function}:{rows}x{columns}"))?;
            if matches!(function, "reduction" | "argmax" | "topk" | "sort") {
                // What comes out is next to nothing; the last layer's size is what the boundary counts.
                network.layers.push(product("answer", 1, 1, 1));
            }
            Some(network)
        }
    }
}

pub(super) fn compare(folder: &Path, collector: &mut Collector) -> Result<(), SimError> {
    for row in csv::rows(&folder.join("measured_kernels.csv"))? {
        let (chip, label) = (get(&row, "chip"), get(&row, "label"));
        let Some(network) = kernel_network(&row) else {
            collector.skip("kernel rows whose layers are not published");
            continue;
        };
        let Ok((ms, mj)) = predict(&network, chip) else {
            collector.skip("kernel rows of a chip without a machine, or of an operator it refuses");
            continue;
        };
        let key = |table: &str, value: &str| format!("{table}|{chip}|{label}|{}|{value}", get(&row, "dtype"));
        let source = get(&row, "family").to_owned();
        if let Ok(published) = get(&row, "lat_ms_min").parse::<f64>() {
            collector.add(Figure {
                table: Table::Kernel,
                source: &source,
                what: &format!("{label} {}", get(&row, "dtype")),
                key: key("kernel", get(&row, "lat_ms_min")),
                published,
                predicted: ms,
                machine: chip,
                case: Some((&network, Measure::Time)),
            });
        }
        if let Ok(published) = get(&row, "ane_mJ_per_call").parse::<f64>() {
            if chip == "M2 Pro" {
                collector.skip("energy of M2 Pro, whose sensor is not to be trusted");
                continue;
            }
            collector.add(Figure {
                table: Table::KernelEnergy,
                source: &source,
                what: &format!("{label} {}", get(&row, "dtype")),
                key: key("energy", get(&row, "lat_ms_min")),
                published,
                predicted: mj,
                machine: chip,
                case: Some((&network, Measure::Energy)),
            });
        }
    }
    Ok(())
}
