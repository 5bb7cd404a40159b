//! A measurement as the common record.

use std::collections::BTreeMap;

use budget::{
    Obtained, Record,
    record::{self, Power, SCHEMA, Total},
};
use serde_json::json;

use super::Measurement;
use crate::recording::Metadata;

/// The record. What an instrument played is `simulated`, whatever board it was played for. There are no steps: an instrument sees
/// the sum.
#[must_use]
pub fn record(of: &Measurement, metadata: &Metadata) -> Record {
    let name = |identity: &Option<crate::recording::Identity>| identity.clone().unwrap_or_default();
    let model = name(&metadata.model);
    let mut known_wrong = of.problems.clone();
    known_wrong.extend(of.warnings.iter().cloned());
    let mut tools = metadata.tools.clone();
    tools.insert("instrument".to_owned(), metadata.acquisition.instrument.clone());
    let figures = json!({
        "microjoules": of.energy.map(|energy| json!({
            "mean": energy.microjoules.mean,
            "low": energy.microjoules.low,
            "high": energy.microjoules.high,
            "median": energy.median_microjoules,
            "idle_subtracted": energy.idle_subtracted,
        })),
        "windows": of.windows.len(),
        "inferences": of.inferences,
        "microcoulombs": of.microcoulombs,
        "idle_w": of.idle_w,
        "volts": of.voltage.map(|voltage| voltage.mean),
        "good": of.is_good(),
        "samples_sha256": of.samples_sha256,
    });
    let mut extra = metadata.extra.clone();
    extra.insert("measurement".to_owned(), figures);
    extra.insert("image".to_owned(), json!(metadata.image));
    Record {
        schema: SCHEMA,
        model: record::Model { name: model.name, sha256: model.sha256 },
        target: metadata.board.clone().unwrap_or_else(|| "unknown".to_owned()),
        obtained: if metadata.acquisition.simulated { Obtained::Simulated } else { Obtained::Measured },
        tools,
        clock_hz: None,
        batch: None,
        place: None,
        total: Total {
            microseconds: of.microseconds.map(|time| time.mean),
            microjoules: of.energy.map(|energy| energy.microjoules.mean),
            ..Total::default()
        },
        error: None,
        energy_parts: BTreeMap::new(),
        overhead: BTreeMap::new(),
        power: of.average_w.zip(of.peak_w).map(|(average_w, peak_w)| Power { average_w, peak_w }),
        known_wrong,
        steps: Vec::new(),
        extra,
    }
}
