//! For a terminal.

use std::fmt::Write;

use super::{blame_line, change_line, distance, lever_line, summary, title, told, value, verdict};
use crate::{baseline::Change, gate::Gate, unit::percent, verdict::Verdict};

/// All verdicts, what is to blame, and what would fit.
pub fn table(gate: &Gate) -> String {
    let mut out = String::new();
    for run in told(gate) {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}", title(run));
        for judged in &run.judged {
            let line = format!(
                "  {:<18}{:<28}{:>10} of {:<10} {}",
                judged.metric.name(),
                verdict(judged),
                value(judged),
                judged.limit_text,
                distance(judged)
            );
            let _ = writeln!(out, "{}", line.trim_end());
            if let Some(note) = &judged.note {
                let _ = writeln!(out, "      note: {note}");
            }
            if let Some(line) = blame_line(judged) {
                let _ = writeln!(out, "      most of it: {line}");
            }
        }
        for lever in &run.levers {
            let word = if lever.fits { "would fit" } else { "not enough alone" };
            let _ = writeln!(out, "    {word}: {}", lever_line(lever));
        }
        let unsure = run.judged.iter().any(|judged| judged.verdict != Verdict::Pass);
        for wrong in run.known_wrong.iter().filter(|_| unsure) {
            let _ = writeln!(out, "    known to be wrong: {wrong}");
        }
        out.push('\n');
    }
    if let Some(comparison) = &gate.baseline {
        let _ = writeln!(out, "against the baseline, {} figures", comparison.compared);
        for change in &comparison.changes {
            let word = if change.regressed { "regressed" } else { "better" };
            let _ = writeln!(out, "  {word:<10} {}", change_line(change));
            if let Some(steps) = grown(change) {
                let _ = writeln!(out, "      most of it: {steps}");
            }
        }
        for note in &comparison.notes {
            let _ = writeln!(out, "  note: {note}");
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", summary(gate));
    out
}

/// The steps that grew, in one line.
pub(super) fn grown(change: &Change) -> Option<String> {
    let steps = change.steps.iter().map(|blame| {
        let by = change.metric.dimension().show(blame.value);
        let step = blame.step.map(|step| format!("step {step} ")).unwrap_or_default();
        format!("{step}{} +{by} ({})", blame.what, percent(blame.share))
    });
    (!change.steps.is_empty()).then(|| steps.collect::<Vec<_>>().join("; "))
}
