//! Verdicts for a person, a program, a test viewer and a pull request.

mod json;
mod junit;
mod markdown;
mod table;

pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use table::table;

use crate::{
    baseline::Change,
    blame::Blame,
    gate::{Gate, Run, Strictness},
    judgement::Judgement,
    lever::Lever,
    metric::Metric,
    unit::percent,
    verdict::Verdict,
};

/// `too close to call (±7 %)`.
fn verdict(judged: &Judgement) -> String {
    match judged.verdict {
        Verdict::Pass => "pass".to_owned(),
        Verdict::Fail => "fail".to_owned(),
        Verdict::NotJudged => "not judged".to_owned(),
        Verdict::TooClose => format!("too close to call (±{})", percent(judged.error.unwrap_or(0.0))),
    }
}

/// `19.2 ms`, or a dash.
fn value(judged: &Judgement) -> String {
    let dimension = judged.metric.dimension();
    judged.value.map_or_else(|| "-".to_owned(), |value| dimension.show_like(value, &judged.limit_text))
}

/// `6.7 % over`, `12 % under`, `at the limit`.
fn distance(judged: &Judgement) -> String {
    match judged.beyond {
        None => String::new(),
        Some(beyond) if beyond.abs() < 5e-4 => "at the limit".to_owned(),
        Some(beyond) if beyond > 0.0 => format!("{} over", percent(beyond)),
        Some(beyond) => format!("{} under", percent(-beyond)),
    }
}

/// Runs with something to say: a target whose tier limits the model's own figures alone has nothing.
fn told(gate: &Gate) -> impl Iterator<Item = &Run> {
    gate.runs.iter().filter(|run| !run.judged.is_empty())
}

/// `kws, wearable, on cortex-m4 (simulated)`.
fn title(run: &Run) -> String {
    match (&run.target, run.obtained) {
        (Some(target), Some(obtained)) => {
            let place = run.record.as_ref().and_then(|record| record.place.as_deref());
            let place = place.map(|place| format!(", placed on {place}")).unwrap_or_default();
            format!("{}, {}, on {target} ({}{place})", run.model, run.tier, obtained.name())
        }
        _ => format!("{}, {}, on any target", run.model, run.tier),
    }
}

/// `step 12 conv2d 3x3 28x28x64 (31 %)`.
fn blamed(blame: &Blame) -> String {
    match blame.step {
        Some(step) => format!("step {step} {} ({})", blame.what, percent(blame.share)),
        None => format!("{} ({})", blame.what, percent(blame.share)),
    }
}

/// All that is blamed, in one line; nothing for limits that are kept.
fn blame_line(judged: &Judgement) -> Option<String> {
    let wanted = matches!(judged.verdict, Verdict::Fail | Verdict::TooClose) && !judged.blame.is_empty();
    wanted.then(|| judged.blame.iter().map(blamed).collect::<Vec<_>>().join("; "))
}

/// `an input of 192x192: latency 14.1 ms, pass; energy 9 mJ, fail`.
fn lever_line(lever: &Lever) -> String {
    let after = lever.after.iter().map(|after| {
        let verdict = match after.verdict {
            Verdict::Pass => "pass",
            Verdict::TooClose => "too close",
            Verdict::Fail => "fail",
            Verdict::NotJudged => "not judged",
        };
        format!("{} {}, {verdict}", after.metric.name(), after.metric.dimension().show(after.value))
    });
    format!("{}: {}", lever.text, after.collect::<Vec<_>>().join("; "))
}

/// `kws on ethos-u55-128: latency 14.1 ms → 15.2 ms (7.8 %, threshold 2 %)`.
fn change_line(change: &Change) -> String {
    let show = |value: f64| change.metric.dimension().show(value);
    // Records have no files; what is compared is the weights.
    let what = if change.metric == Metric::FileSize { "weights" } else { change.metric.name() };
    let by = change.change.map_or_else(
        || "from nothing".to_owned(),
        |by| format!("{}{}", if by < 0.0 { "-" } else { "+" }, percent(by.abs())),
    );
    format!(
        "{} on {}: {what} {} -> {} ({by}, threshold {})",
        change.model,
        change.target,
        show(change.before),
        show(change.after),
        percent(change.threshold)
    )
}

/// One line: `over budget: 5 pass, 1 fail`.
pub fn summary(gate: &Gate) -> String {
    let counts = gate.counts;
    let mut parts = vec![format!("{} pass", counts.pass)];
    if counts.too_close > 0 {
        let how = match gate.strictness {
            Strictness::Lenient => "a warning",
            Strictness::Strict => "counted as failed",
        };
        parts.push(format!("{} too close to call ({how})", counts.too_close));
    }
    if counts.fail > 0 {
        parts.push(format!("{} fail", counts.fail));
    }
    if counts.not_judged > 0 {
        parts.push(format!("{} not judged", counts.not_judged));
    }
    if let Some(comparison) = &gate.baseline {
        parts.push(format!(
            "{} of {} figures regressed",
            comparison.regressions().count(),
            comparison.compared
        ));
    }
    let word = if gate.passed { "within budget" } else { "over budget" };
    let word = match (gate.passed, counts.fail, counts.not_judged) {
        (false, 0, 0) if counts.too_close == 0 || gate.strictness == Strictness::Lenient => "regressed",
        (false, 0, 0) => "too close to the budget",
        (false, 0, _) => "not all judged",
        _ => word,
    };
    format!("{word}: {}", parts.join(", "))
}
