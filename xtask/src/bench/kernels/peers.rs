//! The figures of others, under `bench/peers`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};

/// What others need for a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peer {
    /// TensorFlow Lite Micro with CMSIS-NN, on the same emulated core by the same table.
    pub cmsis_nn: Option<Counted>,
    /// The same with its reference kernels.
    pub reference: Option<Counted>,
    /// The best published on silicon, and whose.
    pub published: Option<(f64, String)>,
}

/// What was counted of a whole network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// Instructions per MAC.
    pub instructions_per_mac: f64,
    /// Cycles per MAC.
    pub cycles_per_mac: f64,
    /// Code in flash, with about 1.2 kB of harness.
    pub text_bytes: u64,
}

/// What others need for a kind of kernel of a model, in sum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Kernel {
    /// MACs.
    pub macs: u64,
    /// Instructions.
    pub instructions: u64,
    /// Cycles by the Cortex-M4 table.
    pub cycles: u64,
}

/// A timing table's name as the peers' files spell the core.
fn core(table: &str) -> &str {
    if table == "cortex-m0plus" { "cortex-m0+" } else { table }
}

/// A table with a head; lines that begin with `#` are remarks.
fn rows(file: &Path) -> Result<Vec<BTreeMap<String, String>>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let head: Vec<_> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
    let row = |line: &str| head.iter().cloned().zip(line.split(',').map(str::to_owned)).collect();
    Ok(lines.map(row).collect())
}

fn number(row: &BTreeMap<String, String>, key: &str) -> f64 {
    row.get(key).and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

fn is(row: &BTreeMap<String, String>, key: &str, value: &str) -> bool {
    row.get(key).is_some_and(|found| found == value)
}

/// What others need for a model on a core, built for speed.
pub fn peer(workspace: &Path, table: &str, model: &str) -> Result<Peer> {
    let counted = rows(&workspace.join("bench/peers/tflm_mix.csv"))?;
    let counted = |kernels: &str| {
        let row = counted.iter().find(|row| {
            is(row, "core", core(table))
                && is(row, "model", model)
                && is(row, "kernels", kernels)
                && is(row, "opt", "O2")
        })?;
        let macs = number(row, "macs");
        let classes = row.iter().filter(|(key, _)| {
            !["core", "kernels", "opt", "model", "macs", "cycles", "text_bytes"].contains(&key.as_str())
        });
        let instructions: f64 = classes.map(|(_, count)| count.parse().unwrap_or(0.0)).sum();
        Some(Counted {
            instructions_per_mac: instructions / macs,
            cycles_per_mac: number(row, "cycles") / macs,
            text_bytes: number(row, "text_bytes") as u64,
        })
    };
    let published = rows(&workspace.join("bench/peers/published.csv"))?;
    let published = published.iter().find(|row| is(row, "core", table) && is(row, "model", model));
    Ok(Peer {
        cmsis_nn: counted("cmsis-nn"),
        reference: counted("reference"),
        published: published
            .map(|row| (number(row, "cycles_per_mac"), row.get("system").cloned().unwrap_or_default())),
    })
}

/// What CMSIS-NN needs by kind of kernel, for a model on a core.
pub fn kernels(workspace: &Path, table: &str, model: &str) -> Result<BTreeMap<&'static str, Kernel>> {
    let mut kernels = BTreeMap::<_, Kernel>::new();
    for row in rows(&workspace.join("bench/peers/cmsis_nn_layers.csv"))? {
        if !is(&row, "core", core(table)) || !is(&row, "model", model) {
            continue;
        }
        let operator = row.get("operator").map(String::as_str).unwrap_or_default();
        let is_pointwise = row.get("detail").is_some_and(|detail| detail.starts_with("k1x1 "));
        let of = kernels.entry(kind(operator, is_pointwise)).or_default();
        of.macs += number(&row, "macs") as u64;
        of.instructions += number(&row, "instructions") as u64;
        of.cycles += number(&row, "cycles_m4_table") as u64;
    }
    Ok(kernels)
}

/// Kinds of kernels as the page tells them apart.
pub fn kind(operator: &str, is_pointwise: bool) -> &'static str {
    match operator {
        "CONV_2D" if is_pointwise => "convolution 1×1",
        "CONV_2D" => "convolution",
        "DEPTHWISE_CONV_2D" => "depthwise convolution",
        "FULLY_CONNECTED" => "fully connected",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_others_are_those_of_the_tables() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let peer = peer(&workspace, "cortex-m4", "kws").unwrap();
        let cmsis_nn = peer.cmsis_nn.unwrap();
        assert!((cmsis_nn.cycles_per_mac - 3.503).abs() < 0.001, "{cmsis_nn:?}");
        assert!((cmsis_nn.instructions_per_mac - 2.898).abs() < 0.001, "{cmsis_nn:?}");
        assert_eq!((cmsis_nn.text_bytes, peer.published.unwrap().0), (83136, 1.95));
        let plus = super::peer(&workspace, "cortex-m0plus", "ad").unwrap();
        assert!((plus.cmsis_nn.unwrap().cycles_per_mac - 8.95).abs() < 0.001);
        assert_eq!(super::peer(&workspace, "cortex-m4", "digits (shipped)").unwrap(), Peer::default());
        let kernels = kernels(&workspace, "cortex-m4", "ic").unwrap();
        let all: u64 = kernels.values().map(|kernel| kernel.macs).sum();
        assert_eq!(all, 12_501_632);
        assert!(kernels["convolution 1×1"].macs > 0 && kernels["other"].macs == 0);
    }
}
