//! For a pull request.

use std::fmt::Write;

use super::{
    blame_line, change_line, distance, lever_line, summary, table::grown, title, told, value, verdict,
};
use crate::{gate::Gate, judgement::Judgement, verdict::Verdict};

/// A summary: one table of all limits, then what is to blame and what would fit, for limits that are not kept.
pub fn markdown(gate: &Gate) -> String {
    let mut out = String::new();
    let sign = if gate.passed { "✅" } else { "❌" };
    // Writing to a string does not fail.
    let _ = writeln!(out, "### {sign} Budget gate\n\n{}\n", first_upper(&escape(&summary(gate))));
    out.push_str("| model | tier | target | | limit | figure | verdict | |\n");
    out.push_str("|---|---|---|---|--:|--:|---|---|\n");
    for run in told(gate) {
        let target = match (&run.target, run.obtained) {
            (Some(target), Some(obtained)) => format!("{} ({})", escape(target), obtained.name()),
            _ => "any".to_owned(),
        };
        for judged in &run.judged {
            let _ = writeln!(
                out,
                "| {} | {} | {target} | {} | {} | {} | {} | {} |",
                escape(&run.model),
                escape(&run.tier),
                judged.metric.name(),
                escape(&judged.limit_text),
                value(judged),
                marked(judged),
                distance(judged)
            );
        }
    }
    for run in told(gate).filter(|run| run.judged.iter().any(|judged| judged.verdict != Verdict::Pass)) {
        let _ = writeln!(out, "\n<details open><summary>{}</summary>\n", escape(&title(run)));
        for judged in run.judged.iter().filter(|judged| judged.verdict != Verdict::Pass) {
            let said = blame_line(judged).map(|line| format!("most of it: {line}"));
            let said: Vec<_> = judged.note.clone().into_iter().chain(said).collect();
            let _ = writeln!(
                out,
                "- **{}**, {}. {}",
                judged.metric.name(),
                verdict(judged),
                escape(&said.join(". "))
            );
        }
        for lever in &run.levers {
            let word = if lever.fits { "would fit" } else { "not enough alone" };
            let _ = writeln!(out, "- {word}: {}", escape(&lever_line(lever)));
        }
        for wrong in &run.known_wrong {
            let _ = writeln!(out, "- known to be wrong: {}", escape(wrong));
        }
        out.push_str("\n</details>\n");
    }
    if let Some(comparison) = &gate.baseline {
        let _ = writeln!(out, "\n**Against the baseline** ({} figures)\n", comparison.compared);
        if comparison.changes.is_empty() {
            out.push_str("- nothing beyond its threshold\n");
        }
        for change in &comparison.changes {
            let word = if change.regressed { "❌ regressed" } else { "better" };
            let _ = writeln!(out, "- {word}: {}", escape(&change_line(change)));
            if let Some(steps) = grown(change) {
                let _ = writeln!(out, "  - most of it: {}", escape(&steps));
            }
        }
        for note in &comparison.notes {
            let _ = writeln!(out, "- note: {}", escape(note));
        }
    }
    out
}

fn marked(judged: &Judgement) -> String {
    let sign = match judged.verdict {
        Verdict::Pass => "✅",
        Verdict::TooClose => "⚠️",
        Verdict::Fail | Verdict::NotJudged => "❌",
    };
    format!("{sign} {}", verdict(judged))
}

/// Names come from files; none of them may become markup or end a cell.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '~' => {
                out.push('\\');
                out.push(letter);
            }
            other => out.push(other),
        }
    }
    out
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
