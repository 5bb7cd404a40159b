//! Cores, beside what the emulator counted of them.

use super::{Collector, Figure, Measure, Table};
use crate::{
    calibrate,
    error::SimError,
    machine::find_machine,
    network::{Network, Precision, network_of_model, shipped_network},
    simulate::{Settings, simulate},
};
use std::{collections::BTreeSet, path::Path};

/// The network of a record, from a source other than the record: a shipped layer list, or a shipped model's file.
fn network(workspace: &Path, model: &str) -> Option<Network> {
    if let Some(name) = model.strip_suffix(" (shipped)") {
        let file = workspace.join("models").join(name).join("model.tflite");
        return network_of_model(name, &std::fs::read(file).ok()?).ok();
    }
    let name = if model == "sww" { "str_ww" } else { model };
    Some(shipped_network(&format!("mlperf_{name}"))?.with_precision(Precision::Int8))
}

/// Compares what machines with an emulated board predict with the records of that board.
pub(super) fn compare(workspace: &Path, collector: &mut Collector) -> Result<(), SimError> {
    let mut boards = BTreeSet::new();
    for calibrated in calibrate::calibrate(&workspace.join("bench/record"))? {
        let machine = find_machine(&calibrated.machine)?;
        // A second machine of a board borrows another core's figures: there is nothing to compare it with.
        let board = machine.emulated.as_ref().map(|emulated| emulated.board.clone());
        if !boards.insert(board) {
            continue;
        }
        let clock = machine.engines.first().map_or(1.0, |engine| engine.clock_hz);
        for model in &calibrated.models {
            let Some(network) = network(workspace, &model.model) else {
                collector.skip("records of models whose file is not shipped");
                continue;
            };
            let cycles = simulate(&network, &machine, Settings::default())?.total_us * clock * 1e-6;
            let key = format!("core|{}|{}", machine.name, model.model);
            // Cheap enough to be made anew.
            collector.held_out.insert(key.clone(), model.left_out / model.cycles);
            collector.add(Figure {
                table: Table::Core,
                source: &machine.name,
                what: &model.model,
                key,
                published: model.cycles,
                predicted: cycles,
                machine: &machine.name,
                case: Some((&network, Measure::Time)),
            });
        }
    }
    Ok(())
}
