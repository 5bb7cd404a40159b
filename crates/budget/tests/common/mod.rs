//! Hand-made records and a bench that gives them.
#![allow(missing_docs, dead_code, reason = "shared by test programs that use parts of it")]

use budget::{
    Bench, Cause, Loss, ModelBudget, Obtained, Record, Target, TargetKind, Tier, Variant,
    record::{ErrorBar, Model, Power, SCHEMA, Step, Total},
};

/// Three steps that add up to 90 % of the time and 95 % of the energy.
pub fn record(target: &str, microseconds: f64, microjoules: f64) -> Record {
    let shares = [("conv2d", 0.5, 0.6), ("depthwise_conv2d", 0.1, 0.05), ("fully_connected", 0.3, 0.3)];
    let step = |(index, (operator, time, energy)): (usize, (&str, f64, f64))| Step {
        index,
        operator: operator.to_owned(),
        kernel: format!("ne/{operator}"),
        shape: Some(format!("{0}x{0}x8", 8 >> index)),
        microseconds: Some(time * microseconds),
        microjoules: Some(energy * microjoules),
        arena_bytes: Some(20_000 >> index),
        bytes: [("weights".to_owned(), 10_000 << index)].into(),
        ..Step::default()
    };
    Record {
        schema: SCHEMA,
        model: Model { name: "kws".to_owned(), sha256: "00".repeat(32) },
        target: target.to_owned(),
        obtained: Obtained::Simulated,
        tools: [("simulator".to_owned(), "1.0.0".to_owned())].into(),
        clock_hz: Some(500_000_000),
        batch: Some(1),
        place: Some("ne".to_owned()),
        total: Total {
            macs: 1_000_000,
            microseconds: Some(microseconds),
            microjoules: Some(microjoules),
            arena_bytes: Some(20_000),
            weight_bytes: Some(70_000),
            ..Total::default()
        },
        error: Some(ErrorBar {
            latency_median: 0.07,
            latency_p90: 0.2,
            energy_median: 0.15,
            microseconds_low: microseconds / 1.2,
            microseconds_high: microseconds * 1.2,
            calibrated_on: "nothing".to_owned(),
        }),
        energy_parts: Default::default(),
        overhead: Default::default(),
        power: Some(Power {
            average_w: microjoules / microseconds,
            peak_w: 2.0 * microjoules / microseconds,
        }),
        known_wrong: vec!["copies are guessed".to_owned()],
        steps: shares.into_iter().enumerate().map(step).collect(),
        extra: Default::default(),
    }
}

/// Gives one record for each target, and variants that scale it.
pub struct Shelf {
    pub records: Vec<Record>,
    pub file_bytes: Option<u64>,
    pub loss: Result<Loss, String>,
    /// Family, text, factor of time and energy, factor of weights and arena.
    pub variants: Vec<(&'static str, &'static str, f64, f64)>,
    pub asked_for_variants: usize,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            records: vec![record("npu", 18_000.0, 9_000.0)],
            file_bytes: Some(80_000),
            loss: Ok(Loss { share: 0.002, how: "2 of 1000 first answers are others in int8".to_owned() }),
            variants: vec![
                ("input", "an input of 7/8 on each side", 0.77, 1.0),
                ("input", "an input of 3/4 on each side", 0.56, 1.0),
                ("channels", "3/4 of the channels", 0.6, 0.6),
                ("channels", "1/2 of the channels", 0.3, 0.3),
                ("weights", "weights of 4 bits", 0.9, 0.5),
                ("placement", "placed on cpu", 3.0, 1.0),
            ],
            asked_for_variants: 0,
        }
    }
}

impl Bench for Shelf {
    fn record(&mut self, _: &ModelBudget, _: &Tier, target: &Target) -> Result<Record, Cause> {
        let TargetKind::Machine(name) = &target.kind else { return Err("no records here".into()) };
        let found = self.records.iter().find(|record| record.target == *name);
        found.cloned().ok_or_else(|| format!("no machine is called `{name}`").into())
    }

    fn variants(&mut self, model: &ModelBudget, tier: &Tier, target: &Target) -> Vec<Variant> {
        self.asked_for_variants += 1;
        let base = self.record(model, tier, target).unwrap();
        let vary = |(family, text, time, size): &(&str, &str, f64, f64)| {
            let mut record = base.clone();
            let total = &mut record.total;
            total.microseconds = total.microseconds.map(|value| value * time);
            total.microjoules = total.microjoules.map(|value| value * time);
            total.arena_bytes = total.arena_bytes.map(|value| (value as f64 * size) as u64);
            total.weight_bytes = total.weight_bytes.map(|value| (value as f64 * size) as u64);
            Variant { family: (*family).to_owned(), text: (*text).to_owned(), record }
        };
        self.variants.iter().map(vary).collect()
    }

    fn file_bytes(&mut self, model: &ModelBudget) -> Result<Option<u64>, Cause> {
        if model.file == "absent.tflite" {
            return Err("absent.tflite: no such file".into());
        }
        Ok(self.file_bytes)
    }

    fn loss(&mut self, _: &ModelBudget) -> Result<Result<Loss, String>, Cause> {
        Ok(self.loss.clone())
    }
}

/// A budget of one model and tier on `npu` with the given lines.
pub fn budget(lines: &str) -> budget::Budget {
    let text = format!(
        "[[model]]\nname = \"kws\"\nfile = \"kws.tflite\"\nquantisation.accuracy = \"model.toml\"\n\
         [[model.tier]]\nname = \"watch\"\nmachines = [\"npu\"]\n{lines}\n"
    );
    budget::Budget::from_toml("budget.toml", &text).unwrap()
}
