//! Published latencies on phones.

use super::{Collector, Figure, Measure, Table, csv, predict};
use crate::error::SimError;
use crate::network::read_network_file;
use std::path::Path;

pub(super) fn compare(folder: &Path, collector: &mut Collector) -> Result<(), SimError> {
    for row in csv::rows(&folder.join("published_latency.csv"))? {
        let get = |name: &str| row.get(name).map_or("", String::as_str);
        if get("placement") != "engine" {
            collector.skip("phone rows that left the engine (not predicted: see below)");
            continue;
        }
        let file = format!("networks/{}_{}.json", get("model"), get("input"));
        let path = folder.join(file);
        if !path.exists() {
            collector.skip("phone rows without a layer list");
            continue;
        }
        let machine = machine(get("chip"), get("os"), get("source"));
        let network = read_network_file(&path)?;
        let Ok((ms, _)) = predict(&network, &machine) else {
            collector.skip("phone rows of a chip without a machine");
            continue;
        };
        let Ok(published) = get("latency_ms").parse::<f64>() else {
            collector.skip("phone rows without a number");
            continue;
        };
        let source = get("source");
        let word = source.split(' ').next().unwrap_or_default();
        collector.add(Figure {
            table: Table::Phone,
            source: word,
            what: &format!("{} @{}", get("model"), get("input")),
            key: format!(
                "phone|{}|{}|{}|{}|{word}|{published}",
                get("model"),
                get("input"),
                get("chip"),
                get("os")
            ),
            published,
            predicted: ms,
            machine: &machine,
            case: Some((&network, Measure::Time)),
        });
    }
    Ok(())
}

/// The profile of a chip under a system. Sources that name none get the chip's usual one; a paper of June 2022
/// cannot have used iOS 16.
fn machine(chip: &str, os: &str, source: &str) -> String {
    if os.is_empty() {
        match (chip, source.contains("2206.01191")) {
            ("A14", true) => "a14-ios15".to_owned(),
            _ => chip.to_owned(),
        }
    } else {
        format!("{chip} {os}")
    }
}
