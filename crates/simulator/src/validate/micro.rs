//! Small accelerators.

use super::{Collector, Figure, Measure, Table, csv, predict};
use crate::error::SimError;
use crate::network::{Network, shipped_network};
use std::path::Path;

/// The shipped layer list of a published model.
fn network(model: &str, input: &str, weights_kib: &str) -> Option<Network> {
    let name = match (model, input) {
        ("mlperf-tiny ad", _) => "mlperf_ad",
        ("mlperf-tiny ic", _) => "mlperf_ic",
        ("mlperf-tiny kws", _) => "mlperf_kws",
        ("mlperf-tiny vww", _) => "mlperf_vww",
        ("MobileNetV1-0.25", "224") => "mobilenet_v1_0.25_224",
        ("MobileNetV1-0.5", "224") => "mobilenet_v1_0.5_224",
        ("MobileNetV1-0.5 food101", "224") => "mobilenet_v1_0.5_224_food101",
        ("MobileNetV1-1.0 food101", "224") => "mobilenet_v1_1.0_224_food101",
        ("MobileNetV1" | "MobileNetV1-1.0", "224") => "mobilenet_v1_1_224",
        ("MobileNetV2-0.35 food101", "128") => "mobilenet_v2_0.35_128_food101",
        ("MobileNetV2-0.35 food101", "224") => "mobilenet_v2_0.35_224_food101",
        ("MobileNetV2-0.35", "224") => "mobilenet_v2_0.35_224",
        ("MobileNetV2-1.0" | "MobileNetV2", "224") => "mobilenet_v2_1.0_224",
        ("MobileNetV2-1.4", "224") => "mobilenet_v2_1.4_224",
        ("EfficientNetV2-B0 food101", "224") => "efficientnet_v2_b0_224_food101",
        ("FdMobileNet-0.25", "128") => "fdmobilenet_0.25_128",
        ("MobileNetV3-small", "192") => "mobilenet_v3_small_192",
        ("MobileNetV3-Large", "224") => "mobilenet_v3_large_224",
        ("SqueezeNet1.1", "224") => "squeezenet_1.1_224",
        ("ShuffleNetV2", "224") => "shufflenet_v2_1.0_224",
        ("ResNet18", "224") => "resnet18_224",
        ("ResNet50" | "ResNet-50 int8 per-channel" | "ResNet-50 int8 per-tensor", "224") => "resnet50_224",
        _ if model.starts_with("DeiT-Tiny") => "deit_tiny_224",
        _ => return None,
    };
    let mut network = shipped_network(name)?.with_precision(crate::network::Precision::Int8);
    // Where the stored size is published, that is what streams.
    if let Ok(kib) = weights_kib.parse::<f64>() {
        let scale = kib * 1024.0 / network.weight_bytes().max(1.0);
        for index in 0..network.layers.len() {
            if let Some(layer) = network.layers.get_mut(index) {
                layer.weight_bytes = Some((layer.weight_elements() * scale) as u64);
            }
        }
    }
    Some(network)
}

fn machine(chip: &str, npu: &str, clock: &str) -> String {
    match (chip, npu) {
        ("GAP9", _) if clock == "370" => "gap9@370".to_owned(),
        ("NDP9120/NDP120 1.1V", _) => "ndp120@1v1".to_owned(),
        ("Corstone-300 FVP", _) => "ethos-u55-128-sram-only".to_owned(),
        _ if crate::machine::find_machine(&format!("{chip} {npu}")).is_ok() => format!("{chip} {npu}"),
        _ => chip.to_owned(),
    }
}

pub(super) fn compare(folder: &Path, collector: &mut Collector) -> Result<(), SimError> {
    let rows = csv::rows(&folder.join("micro_npu_published.csv"))?;
    let mut points = Vec::new();
    for row in &rows {
        let get = |name: &str| row.get(name).map_or("", String::as_str);
        let Some(network) = network(get("model"), get("input"), get("weights_KiB")) else {
            collector.skip("micro rows of networks whose layers we don't have");
            continue;
        };
        let machine = machine(get("chip"), get("npu"), get("clock_MHz"));
        let Ok((ms, mj)) = predict(&network, &machine) else {
            collector.skip("micro rows of a chip without a machine");
            continue;
        };
        let what = format!("{} @{}", get("model"), get("input"));
        let key = |table: &str| format!("{table}|{}|{what}|{}", get("chip"), get("latency_ms"));
        let latency = get("latency_ms").parse::<f64>().ok();
        let energy = get("energy_uJ").parse::<f64>().ok();
        if let Some(published) = latency {
            collector.add(Figure {
                table: Table::Micro,
                source: get("chip"),
                what: &what,
                key: key("micro"),
                published,
                predicted: ms,
                machine: &machine,
                case: Some((&network, Measure::Time)),
            });
        }
        if let Some(published) = energy {
            collector.add(Figure {
                table: Table::MicroEnergy,
                source: get("chip"),
                what: &what,
                key: key("micro-energy"),
                published,
                predicted: mj * 1e3,
                machine: &machine,
                case: Some((&network, Measure::Energy)),
            });
        }
        let family = machine.split(['@', ' ']).next().unwrap_or_default().to_ascii_lowercase();
        let version = get("source").split(' ').next().unwrap_or_default().to_owned();
        points.push((family, what.clone(), version, machine.clone(), [latency, energy], [ms, mj * 1e3]));
    }
    // A second point is predicted from the first's measurement: the law is tried, not the network.
    for (family, what, version, machine, published, predicted) in &points {
        if !machine.contains('@') {
            continue;
        }
        let base = if family.starts_with("ndp") { "ndp" } else { "gap9" };
        let first = points.iter().find(|(other, same, also, at, ..)| {
            other.starts_with(base) && same == what && also == version && !at.contains('@')
        });
        let Some((_, _, _, _, first_published, first_predicted)) = first else {
            collector.skip("second points without a first of the same release");
            continue;
        };
        for (index, unit) in ["ms", "µJ"].into_iter().enumerate() {
            let pick = |values: &[Option<f64>; 2]| values.get(index).copied().flatten();
            let model = |values: &[f64; 2]| values.get(index).copied().unwrap_or(1.0);
            if let (Some(here), Some(there)) = (pick(published), pick(first_published)) {
                collector.add(Figure {
                    table: Table::SecondPoint,
                    source: family,
                    what: &format!("{what} {unit}"),
                    key: format!("point|{machine}|{what}|{unit}"),
                    published: here,
                    predicted: there * model(predicted) / model(first_predicted),
                    machine,
                    case: None,
                });
            }
        }
    }
    Ok(())
}
