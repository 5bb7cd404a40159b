//! One record against an earlier one of the same model and target.

use std::fmt;

use crate::record::Record;

/// By how much figures may grow before they count as worse, relative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Of cycles.
    pub cycles: f64,
    /// Of the bytes of code.
    pub code: f64,
    /// Of other bytes.
    pub bytes: f64,
}

impl Tolerance {
    /// For what is counted: the same image gives the same figures, so only what a compiler's version moves is let pass.
    pub const PROFILE: Self = Self { cycles: 0.005, code: 0.01, bytes: 0.0 };
}

/// A figure that is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Which.
    pub what: String,
    /// It was.
    pub before: u64,
    /// It is.
    pub after: u64,
    /// Whether it grew by more than it may.
    pub is_worse: bool,
}

/// How a record differs from an earlier one. Its text is a line for each difference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drift {
    /// Totals that differ, then steps.
    pub changes: Vec<Changed>,
    /// What is different about how they were obtained.
    pub notes: Vec<String>,
}

impl Drift {
    /// Compares two records. Only totals can be worse; steps tell where from.
    #[must_use]
    pub fn between(before: &Record, after: &Record, tolerance: &Tolerance) -> Self {
        let mut drift = Self::default();
        if before.model.sha256 != after.model.sha256 {
            drift.notes.push("the models differ".to_owned());
        }
        if before.obtained != after.obtained {
            let note = format!("{} before, {} now", before.obtained.name(), after.obtained.name());
            drift.notes.push(note);
        }
        for key in ["profile", "timing"] {
            if before.extra.get(key) != after.extra.get(key) {
                drift.notes.push(format!("the {key} differs"));
            }
        }
        for (tool, version) in &after.tools {
            if let Some(old) = before.tools.get(tool).filter(|old| *old != version) {
                drift.notes.push(format!("{tool} was {old}, is {version}"));
            }
        }
        let (old, new) = (&before.total, &after.total);
        // An instruction is no cost by itself.
        let totals = [
            ("cycles", old.cycles, new.cycles, tolerance.cycles),
            ("instructions", old.instructions, new.instructions, f64::INFINITY),
            ("code bytes", old.code_bytes, new.code_bytes, tolerance.code),
            ("weight bytes", old.weight_bytes, new.weight_bytes, tolerance.bytes),
            ("arena bytes", old.arena_bytes, new.arena_bytes, tolerance.bytes),
        ];
        for (what, old, new, tolerance) in totals {
            drift.note(what.to_owned(), old.zip(new), tolerance);
        }
        let same_steps = before.steps.len() == after.steps.len();
        if !same_steps {
            drift.notes.push(format!("{} steps before, {} now", before.steps.len(), after.steps.len()));
        }
        for (old, new) in before.steps.iter().zip(&after.steps).filter(|_| same_steps) {
            let kernel = if old.kernel == new.kernel {
                new.kernel.clone()
            } else {
                format!("{} instead of {}", new.kernel, old.kernel)
            };
            let what = format!("step {} {} ({kernel}) cycles", new.index, new.operator);
            drift.note(what, old.cycles.zip(new.cycles), f64::INFINITY);
        }
        drift
    }

    fn note(&mut self, what: String, figures: Option<(u64, u64)>, tolerance: f64) {
        let Some((before, after)) = figures.filter(|(before, after)| before != after) else { return };
        let is_worse = after > before && (after - before) as f64 > before as f64 * tolerance;
        self.changes.push(Changed { what, before, after, is_worse });
    }

    /// Whether a figure grew by more than it may.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.changes.iter().any(|change| change.is_worse)
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        for Changed { what, before, after, is_worse } in &self.changes {
            let by =
                if *before == 0 { f64::INFINITY } else { 100.0 * (*after as f64 / *before as f64 - 1.0) };
            let verdict = if *is_worse { "  WORSE" } else { "" };
            writeln!(f, "{what}: {before} before, {after} now ({by:+.2} %){verdict}")?;
        }
        if self.changes.is_empty() {
            writeln!(f, "every figure is the same")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(cycles: u64, code: u64, kernel: &str) -> Record {
        let value = json!({
            "schema": 1, "model": {"name": "m", "sha256": "0"}, "target": "b", "obtained": "emulated",
            "tools": {"qemu": "7.2"}, "clock_hz": null, "profile": "release",
            "total": {"macs": 100, "instructions": cycles, "cycles": cycles, "microseconds": null,
                      "microjoules": null, "arena_bytes": 40, "code_bytes": code, "weight_bytes": 7},
            "steps": [{"index": 0, "operator": "CONV_2D", "kernel": kernel, "macs": 100,
                       "instructions": cycles, "cycles": cycles, "microseconds": null, "microjoules": null}],
        });
        Record::from_json("test", &value.to_string()).unwrap()
    }

    #[test]
    fn what_is_the_same_says_so() {
        let drift = Drift::between(&record(1000, 200, "a"), &record(1000, 200, "a"), &Tolerance::PROFILE);
        assert!(!drift.is_worse());
        assert_eq!(drift.to_string(), "every figure is the same\n");
    }

    #[test]
    fn growth_beyond_the_tolerance_is_worse_and_within_it_is_told() {
        let compare = |cycles, code| {
            Drift::between(&record(1000, 200, "a"), &record(cycles, code, "b"), &Tolerance::PROFILE)
        };
        assert!(!compare(1005, 202).is_worse());
        assert!(compare(1006, 200).is_worse() && compare(1000, 203).is_worse());
        assert!(!compare(10, 20).is_worse());
        let text = compare(1100, 200).to_string();
        assert!(text.contains("cycles: 1000 before, 1100 now (+10.00 %)  WORSE\n"), "{text}");
        assert!(text.contains("step 0 CONV_2D (b instead of a) cycles: 1000 before"), "{text}");
        assert!(!text.contains("bytes"), "{text}");
    }

    #[test]
    fn other_circumstances_are_named() {
        let mut after = record(1000, 200, "a");
        after.tools.insert("qemu".to_owned(), "10.0".to_owned());
        after.extra.insert("profile".to_owned(), json!("small"));
        after.model.sha256 = "1".to_owned();
        after.total.arena_bytes = Some(41);
        after.steps.clear();
        let drift = Drift::between(&record(1000, 200, "a"), &after, &Tolerance::PROFILE);
        assert_eq!(
            drift.notes,
            ["the models differ", "the profile differs", "qemu was 7.2, is 10.0", "1 steps before, 0 now"]
        );
        assert!(drift.is_worse(), "an arena may not grow by a byte");
    }
}
