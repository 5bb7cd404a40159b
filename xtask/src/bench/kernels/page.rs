//! The page of figures: written from the records, and checked against them.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use budget::Record;
use firmware::Profile;
use serde_json::Value;

use super::{
    peers::{self, Kernel, kind},
    store::{boards, is_reduced, key, read, read_portable},
};

/// Where it is.
pub const PAGE: &str = "docs/performance.md";

const HEAD: &str = "\
# Performance

Written by `cargo xtask bench kernels --write` from `bench/record`; do not edit. `cargo xtask codegen --check` compares.

Every figure is counted: real firmware runs on an emulated core, every executed instruction is counted, and priced by the
core's published timing, memory without wait states (`crates/emulator/timing`, each number with its source; estimates are
called so). Measured silicon takes 1.2 to 1.4 times as long. The second of two runs on the same input is counted, and its
bytes are compared with the host's. MACs are the model's, whether they are computed or not. Where no input can change a
part of a model it is left out (`dead-work.md`); such rows say so, and stand beside those that compute everything.

*Portable* is the plain Rust kernels, before any was written for the core. *CMSIS-NN* is TensorFlow Lite Micro 90b983c2 with
CMSIS-NN 4ab83cc3, GCC 12.2.1 -O2, counted on the same emulated core. *Published* is the best of MLPerf Tiny on silicon of that
class, open or closed, whose memory does have wait states. Code is what is in flash beside weights and the vector table: instructions, constants
and initial values, without the board's own functions (start-up, log, faults, stack measurement, the loop that serves the
host); of the peers it is text with about 1.2 kB of harness.
";

/// The whole page.
///
/// # Errors
/// When a record or a file of figures cannot be read.
pub fn page(workspace: &Path) -> Result<String> {
    let mut text = HEAD.to_owned();
    for board in boards(workspace)? {
        let records = read(workspace, &board, Profile::Release)?;
        let portable = read_portable(workspace, &board)?;
        let Some(first) = records.first() else { continue };
        text += &format!(
            "\n## {board}\n\n{} kernels, cycles by {} ({}); {}, QEMU {}, commits {}.\n\n",
            word(first, "isa"),
            table(first),
            first.extra.get("timing").and_then(|timing| timing["basis"].as_str()).unwrap_or_default(),
            tool(first, "rustc"),
            tool(first, "qemu"),
            commits(&records),
        );
        text += &networks(workspace, &records, &portable)?;
        text += &kernels(workspace, &records, &portable)?;
        text += &built_for_size(&read(workspace, &board, Profile::Small)?, &records);
    }
    Ok(text)
}

/// A table of whole networks for a terminal.
pub fn whole_networks(records: &[Record]) -> String {
    let mut text = format!(
        "{:16} {:28} {:>10} {:>12} {:>8} {:>8} {:>8} {:>8} {:>8}\n",
        "board", "model", "MACs", "cycles", "cyc/MAC", "ins/MAC", "code", "arena", "stack"
    );
    for record in records {
        let total = &record.total;
        text += &format!(
            "{:16} {:28} {:>10} {:>12} {:>8.3} {:>8.3} {:>8} {:>8} {:>8}\n",
            record.target,
            name(record),
            total.macs,
            total.cycles.unwrap_or(0),
            per_mac(record, total.cycles),
            per_mac(record, total.instructions),
            total.code_bytes.unwrap_or(0),
            total.arena_bytes.unwrap_or(0),
            record.extra.get("stack_bytes").and_then(Value::as_u64).unwrap_or(0),
        );
    }
    text
}

fn networks(workspace: &Path, records: &[Record], portable: &[Record]) -> Result<String> {
    let mut text = "| model | cycles/MAC | portable | CMSIS-NN | published | instructions/MAC | CMSIS-NN | code B | CMSIS-NN | weights B | arena B | stack B |\n\
                    |---|---|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for record in records {
        let peer = peers::peer(workspace, table(record), &record.model.name)?;
        let before = portable.iter().find(|before| key(before) == key(record));
        let before = before.or_else(|| portable.iter().find(|before| before.model.name == record.model.name));
        let total = &record.total;
        let cell =
            |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.2}"));
        let bytes = |figure: Option<u64>| figure.map_or_else(|| "–".to_owned(), |figure| figure.to_string());
        text += &format!(
            "| {} | **{:.2}** | {} | {} | {} | {:.3} | {} | {} | {} | {} | {} | {} |\n",
            name(record),
            per_mac(record, total.cycles),
            cell(before.map(|before| per_mac(before, before.total.cycles))),
            cell(peer.cmsis_nn.map(|of| of.cycles_per_mac)),
            peer.published.map_or_else(|| "–".to_owned(), |(figure, whose)| format!("{figure:.2} ({whose})")),
            per_mac(record, total.instructions),
            peer.cmsis_nn.map_or_else(|| "–".to_owned(), |of| format!("{:.3}", of.instructions_per_mac)),
            bytes(total.code_bytes),
            bytes(peer.cmsis_nn.map(|of| of.text_bytes)),
            bytes(total.weight_bytes),
            bytes(total.arena_bytes),
            bytes(record.extra.get("stack_bytes").and_then(Value::as_u64)),
        );
    }
    Ok(text)
}

/// A table of images built for size, beside those built for speed.
fn built_for_size(small: &[Record], fast: &[Record]) -> String {
    if small.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\nBuilt for size (`--profile small`), commits {}; times the cycles above:\n\n\
         | model | cycles/MAC | times | code B | weights B | arena B | stack B |\n\
         |---|---|---|---|---|---|---|\n",
        commits(small)
    );
    for record in small {
        let bytes = |figure: Option<u64>| figure.map_or_else(|| "–".to_owned(), |figure| figure.to_string());
        let times = fast.iter().find(|fast| key(fast) == key(record)).map_or_else(
            || "–".to_owned(),
            |fast| format!("{:.2}", per_mac(record, record.total.cycles) / per_mac(fast, fast.total.cycles)),
        );
        text += &format!(
            "| {} | {:.2} | **{times}** | {} | {} | {} | {} |\n",
            name(record),
            per_mac(record, record.total.cycles),
            bytes(record.total.code_bytes),
            bytes(record.total.weight_bytes),
            bytes(record.total.arena_bytes),
            bytes(record.extra.get("stack_bytes").and_then(Value::as_u64)),
        );
    }
    text
}

/// Kinds of kernels over all networks that others have figures of, everything computed.
fn kernels(workspace: &Path, records: &[Record], portable: &[Record]) -> Result<String> {
    let mut rows = BTreeMap::<&str, (Kernel, Kernel, Kernel, Vec<String>)>::new();
    let whole =
        |records: &[Record]| records.iter().filter(|record| !is_reduced(record)).cloned().collect::<Vec<_>>();
    for record in whole(records) {
        let theirs = peers::kernels(workspace, table(&record), &record.model.name)?;
        if theirs.is_empty() {
            continue;
        }
        for step in &record.steps {
            let (_, now, _, names) = rows.entry(kind_of(step)).or_default();
            add(now, step);
            if !names.contains(&step.kernel) && kind_of(step) != "other" {
                names.push(step.kernel.clone());
            }
        }
        for before in whole(portable).iter().filter(|before| before.model.name == record.model.name) {
            before.steps.iter().for_each(|step| add(&mut rows.entry(kind_of(step)).or_default().0, step));
        }
        for (kind, of) in theirs {
            let (.., cmsis_nn, _) = rows.entry(kind).or_default();
            cmsis_nn.macs += of.macs;
            cmsis_nn.instructions += of.instructions;
            cmsis_nn.cycles += of.cycles;
        }
    }
    if rows.is_empty() {
        return Ok(String::new());
    }
    let mut text = "\nBy kind of kernel, over the networks that CMSIS-NN was counted on; cycles per MAC, for others thousands of cycles:\n\n\
                    | kind | cycles | portable | instructions | portable | CMSIS-NN instructions | kernels |\n\
                    |---|---|---|---|---|---|---|\n"
        .to_owned();
    for (kind, (before, now, cmsis_nn, names)) in rows {
        let cell = |amount: u64, of: &Kernel| match (of.instructions, of.macs) {
            (0, _) => "–".to_owned(),
            (_, 0) => format!("{} k", amount / 1000),
            (_, macs) => format!("{:.2}", amount as f64 / macs as f64),
        };
        text += &format!(
            "| {kind} | **{}** | {} | {} | {} | {} | {} |\n",
            cell(now.cycles, &now),
            cell(before.cycles, &before),
            cell(now.instructions, &now),
            cell(before.instructions, &before),
            cell(cmsis_nn.instructions, &cmsis_nn),
            names.join(", "),
        );
    }
    Ok(text)
}

fn kind_of(step: &budget::record::Step) -> &'static str {
    let is_pointwise = step.shape.as_deref().is_some_and(|shape| shape.contains("x1x1x"));
    kind(&step.operator, is_pointwise)
}

fn add(sum: &mut Kernel, step: &budget::record::Step) {
    sum.macs += step.macs;
    sum.instructions += step.instructions.unwrap_or(0);
    sum.cycles += step.cycles.unwrap_or(0);
}

fn name(record: &Record) -> String {
    let note = if is_reduced(record) { ", dead work left out" } else { "" };
    format!("{}{note}", record.model.name)
}

fn per_mac(record: &Record, amount: Option<u64>) -> f64 {
    amount.unwrap_or(0) as f64 / record.total.macs.max(1) as f64
}

fn table(record: &Record) -> &str {
    record.extra.get("timing").and_then(|timing| timing["table"].as_str()).unwrap_or_default()
}

fn word<'r>(record: &'r Record, key: &str) -> &'r str {
    record.extra.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn tool<'r>(record: &'r Record, tool: &str) -> &'r str {
    record.tools.get(tool).map(String::as_str).unwrap_or("unknown")
}

fn commits(records: &[Record]) -> String {
    let mut commits: Vec<_> = records.iter().map(|record| tool(record, "commit")).collect();
    commits.sort_unstable();
    commits.dedup();
    commits.join(", ")
}
