//! Arm's compiler and its own estimates, by operator.

use super::{Collector, Figure, Measure, Table, csv};
use crate::error::SimError;
use crate::machine::find_machine;
use crate::network::shipped_network;
use crate::simulate::{Settings, simulate};
use std::collections::BTreeMap;
use std::path::Path;

/// The machine of a Vela configuration.
fn machine(accelerator: &str, system: &str, mode: &str) -> String {
    let mut name = accelerator.to_owned();
    if system.contains("Deep") {
        name.push_str("-deep");
    }
    if mode == "Sram_Only" {
        name.push_str("-sram-only");
    }
    name
}

fn network_of(model: &str) -> Option<&'static str> {
    Some(match model {
        "ad01_int8" => "mlperf_ad",
        "kws_ref_model" => "mlperf_kws",
        "pretrainedResnet_quant" => "mlperf_ic",
        "pretrainedResnet_large_int8" => "mlperf_ic_large",
        "str_ww_ref_model" => "mlperf_str_ww",
        "vww_96_int8" => "mlperf_vww",
        "mobilenet_v1_0.25_128_quant" => "mobilenet_v1_0.25_128_quant",
        "mobilenet_v1_0.75_192_quant" => "mobilenet_v1_0.75_192_quant",
        "mobilenet_v2_1.0_224_quant" => "mobilenet_v2_1.0_224_quant",
        _ => return None,
    })
}

/// One operator of Vela's.
struct Estimate {
    macs: f64,
    cycles: f64,
    add: bool,
}

/// Compares operator by operator.
pub(super) fn compare(folder: &Path, collector: &mut Collector) -> Result<(), SimError> {
    let path = folder.join("vela_layers.csv.gz");
    let mut runs: BTreeMap<(String, String), Vec<Estimate>> = BTreeMap::new();
    for row in csv::rows(&path)? {
        let get = |name: &str| row.get(name).map_or("", String::as_str);
        let number = |name: &str| get(name).parse::<f64>().unwrap_or(0.0);
        let operator = get("npu_op");
        let known = [
            "Conv2D",
            "Conv2DBias",
            "DepthwiseConv2D",
            "DepthwiseConv2DBias",
            "FullyConnected",
            "AvgPool",
            "Add",
        ];
        if get("core") != "regor" || !known.contains(&operator) || get("tfl_op") == "Softmax" {
            continue;
        }
        let add = operator == "Add";
        if number("op_cycles") == 0.0 || (add && get("tfl_op") != "Add") {
            continue;
        }
        let name = machine(get("accel"), get("system"), get("memory_mode"));
        runs.entry((get("model").to_owned(), name)).or_default().push(Estimate {
            macs: number("macs"),
            cycles: number("op_cycles"),
            add,
        });
    }
    for ((model, name), estimates) in &runs {
        let (Some(network), Ok(machine)) = (network_of(model).and_then(shipped_network), find_machine(name))
        else {
            collector.skip("Vela runs of other networks or accelerators");
            continue;
        };
        let prediction = simulate(&network, &machine, Settings::default())?;
        let clock = machine.engines.first().map_or(1.0, |engine| engine.clock_hz);
        let mut rest = estimates.iter().peekable();
        for (index, step) in prediction.steps.iter().enumerate() {
            let pooled = step.stage.pixels
                * step.stage.out_channels as f64
                * (step.stage.window.0 * step.stage.window.1) as f64;
            let macs = if step.stage.macs > 0.0 { step.stage.macs } else { pooled };
            // Vela splits some operators; those are passed over.
            let matching = rest.clone().position(|one| !one.add && (one.macs - macs).abs() < 0.5);
            let Some(matching) = matching.filter(|skipped| *skipped < 4) else {
                collector.skip("operators that Vela split or merged");
                continue;
            };
            let Some(one) = rest.nth(matching) else { continue };
            let mut cycles = one.cycles;
            while step.stage.binary_bytes > 0.0
                && let Some(add) = rest.next_if(|next| next.add)
            {
                cycles += add.cycles;
            }
            collector.add(Figure {
                table: Table::Vela,
                source: name,
                what: &format!("{model} {index} {}", step.stage.operator),
                key: format!("vela|{name}|{model}|{index}"),
                published: cycles,
                predicted: step.cost.total_us * clock * 1e-6,
                machine: name,
                case: Some((&network, Measure::StepTime(index))),
            });
        }
    }
    Ok(())
}
