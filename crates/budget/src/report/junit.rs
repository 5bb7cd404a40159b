//! For test viewers: a suite for each tier on each target, a case for each limit.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{blame_line, change_line, distance, lever_line, table::grown, title, told, value, verdict};
use crate::{
    error::BudgetError,
    gate::{Gate, Run, Strictness},
    judgement::Judgement,
    verdict::Verdict,
};

/// The gate as JUnit XML. A figure too close to its limit is a success with a word on it, unless the gate is
/// strict; a limit without a figure is an error.
///
/// # Errors
/// [`BudgetError::Format`].
pub fn junit(gate: &Gate) -> Result<String, BudgetError> {
    let mut report = Report::new("microjoule gate");
    for run in told(gate) {
        let mut suite = TestSuite::new(title(run));
        for judged in &run.judged {
            suite.add_test_case(case(gate, run, judged));
        }
        report.add_test_suite(suite);
    }
    if let Some(comparison) = &gate.baseline {
        let mut suite = TestSuite::new("baseline");
        for change in &comparison.changes {
            let status = if change.regressed {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_type("regressed").set_message(change_line(change));
                if let Some(steps) = grown(change) {
                    status.set_description(format!("most of it: {steps}"));
                }
                status
            } else {
                TestCaseStatus::success()
            };
            let mut case = TestCase::new(
                format!("{} on {}, {}", change.model, change.target, change.metric.name()),
                status,
            );
            case.set_classname("baseline");
            suite.add_test_case(case);
        }
        let rest = comparison.compared.saturating_sub(comparison.changes.len());
        let mut case =
            TestCase::new(format!("{rest} figures within their thresholds"), TestCaseStatus::success());
        case.set_classname("baseline").set_system_out(comparison.notes.join("\n"));
        suite.add_test_case(case);
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| BudgetError::Format { format: "JUnit", reason: error.to_string() })
}

fn case(gate: &Gate, run: &Run, judged: &Judgement) -> TestCase {
    let said = format!("{} of {}, {}", value(judged), judged.limit_text, distance(judged));
    let said = format!("{}: {}", verdict(judged), said.trim_end_matches([',', ' ']));
    let failed = match judged.verdict {
        Verdict::Pass => None,
        Verdict::TooClose if gate.strictness == Strictness::Lenient => None,
        Verdict::TooClose => Some((NonSuccessKind::Failure, "too-close")),
        Verdict::Fail => Some((NonSuccessKind::Failure, "over-budget")),
        Verdict::NotJudged => Some((NonSuccessKind::Error, "not-judged")),
    };
    let mut lines = Vec::new();
    lines.extend(judged.note.clone());
    lines.extend(blame_line(judged).map(|line| format!("most of it: {line}")));
    if failed.is_some() {
        lines.extend(run.levers.iter().map(|lever| {
            let word = if lever.fits { "would fit" } else { "not enough alone" };
            format!("{word}: {}", lever_line(lever))
        }));
    }
    lines.push(format!("{}:{}", gate.budget, judged.line));
    let status = match failed {
        None => TestCaseStatus::success(),
        Some((kind, word)) => {
            let mut status = TestCaseStatus::non_success(kind);
            status.set_type(word).set_message(said.clone()).set_description(lines.join("\n"));
            status
        }
    };
    let mut case = TestCase::new(judged.metric.name(), status);
    case.set_classname(title(run));
    if failed.is_none() {
        lines.insert(0, said);
        case.set_system_out(lines.join("\n"));
    }
    case
}
