//! `docs/accuracy.md`.

use super::{Compared, Table, Validation};
use crate::machine::machines;
use crate::spread::Spread;
use std::collections::BTreeMap;
use std::fmt::Write;

const INTRO: &str = "# How far to trust a prediction

Written by `cargo xtask sim --validate`; don't edit. Errors are |predicted / published − 1|.

* **held out**: predicted while the row's group (the model; for kernels the label) took no part in the fit, six
  groups in turn, or, for micro NPUs, each row in turn. These are the figures that the error bars quote. They
  were computed when the machines were fitted and are kept in `crates/simulator/calibration/held_out.csv`.
  Those of cores are made anew from `bench/record`, each network left out in turn.
* **shipped**: predicted by the machine files as they are, which were fitted with these rows among others.
* **never fitted**: rows that took no part at all.

Noise floor: the same model on the same chip in two publications differs by a median of 4 % (half-range), up to
1.9 times; 0.1 ms of rounding is 5 to 7 % for networks below a millisecond.
";

fn spread_row(out: &mut String, name: &str, errors: Vec<f64>) {
    if let Some(s) = Spread::of(errors) {
        let _ = writeln!(
            out,
            "| {name} | {} | {:.1} % | {:.1} % | {:.0} % |",
            s.rows,
            s.median * 100.0,
            s.p90 * 100.0,
            s.within_15 * 100.0
        );
    }
}

/// The document.
pub fn markdown(validation: &Validation) -> String {
    let mut out = INTRO.to_owned();
    let mut tables: BTreeMap<Table, Vec<&Compared>> = BTreeMap::new();
    for row in &validation.rows {
        tables.entry(row.table).or_default().push(row);
    }
    for (table, rows) in &tables {
        let _ = writeln!(out, "\n## {}\n", table.title());
        out.push_str("| rows | number | median | p90 | within 15 % |\n|---|---:|---:|---:|---:|\n");
        let fitted = || rows.iter().filter(|row| row.held_out_ratio.is_some());
        spread_row(&mut out, "held out", fitted().map(|row| row.honest_error()).collect());
        spread_row(&mut out, "shipped, rows fitted", fitted().map(|row| row.error()).collect());
        let fresh = rows.iter().filter(|row| row.held_out_ratio.is_none());
        let name = match table {
            Table::Vela => "shipped, all operators (fitted by accelerator)",
            Table::SecondPoint => "law, from the first point's measurement",
            _ => "never fitted",
        };
        spread_row(&mut out, name, fresh.map(|row| row.error()).collect());
        let mut sources: BTreeMap<&str, Vec<&Compared>> = BTreeMap::new();
        for row in rows {
            sources.entry(&row.source).or_default().push(row);
        }
        out.push_str(
            "\n| source or family | rows | median | p90 | within 15 % |\n|---|---:|---:|---:|---:|\n",
        );
        for (source, rows) in &sources {
            spread_row(&mut out, source, rows.iter().map(|row| row.honest_error()).collect());
        }
        let mut worst = rows.clone();
        worst.sort_by(|a, b| b.honest_error().total_cmp(&a.honest_error()));
        out.push_str("\nWorst rows:\n\n| what | machine | published | shipped predicts | ratio held out |\n|---|---|---:|---:|---:|\n");
        for row in worst.iter().take(8) {
            let ratio = row.held_out_ratio.unwrap_or(row.predicted / row.published);
            let _ = writeln!(
                out,
                "| {} | {} | {:.3} | {:.3} | {ratio:.2} |",
                row.what.replace('|', "/"),
                row.machine,
                row.published,
                row.predicted,
            );
        }
    }
    out.push_str("\n## Rows left out\n\n");
    for (reason, number) in &validation.left_out {
        let _ = writeln!(out, "* {number}: {reason}");
    }
    out.push_str("\n## Known to be wrong\n\n");
    let mut wrong: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for machine in machines().unwrap_or_default() {
        for line in &machine.known_wrong {
            wrong.entry(line).or_default().push(&machine.name);
        }
    }
    for (line, names) in &wrong {
        let _ = writeln!(out, "* {line} ({})", names.join(", "));
    }
    out
}
