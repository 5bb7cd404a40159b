//! `check`: can a model run, and what does it need.

use std::{collections::BTreeMap, path::Path, str::FromStr};

use anyhow::Result;
use compiler::{
    Compiled, CurvePoint, DeadWork, Figures, OperatorUse, Refusal,
    ops::total_macs,
    plan::{
        Layout,
        picture::{self, Extent},
    },
};
use firmware::{Board, ByteCount, Contents, MemoryKind, Profile};
use serde::Serialize;

use crate::{
    firmware::Ready,
    model::{Identity, Model},
    planning::Planning,
    print,
};

/// Can this model run, and what does it need: operators, multiply-adds, arena, flash. Every refusal at once.
///
/// The size of the code is measured by linking an image for each target that is on this machine.
///
/// Example: cargo xtask check kws --board qemu-an386 --reserve ram=64K,flash=256K
#[derive(clap::Args)]
pub struct Args {
    /// The model's file, or the name of one that is shipped.
    model: String,
    /// Whether it fits this board, too; the code is measured for its target only.
    #[arg(long)]
    board: Option<String>,
    /// What the rest of the firmware takes of the board.
    #[arg(
        long,
        value_name = "ram=N,flash=N",
        default_value = "",
        requires = "board",
        hide_default_value = true
    )]
    reserve: Reserve,
    /// Leave the size of the code out, which takes some seconds to measure.
    #[arg(long)]
    no_code: bool,
    #[command(flatten)]
    planning: Planning,
    /// Leave out which smaller arenas there are, which takes some seconds to search for a large network.
    #[arg(long)]
    no_curve: bool,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// Memory that is not the model's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Reserve {
    ram: u64,
    flash: u64,
}

impl FromStr for Reserve {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut reserve = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("ram", bytes)) => reserve.ram = bytes.parse::<ByteCount>()?.0,
                Some(("flash", bytes)) => reserve.flash = bytes.parse::<ByteCount>()?.0,
                _ => return Err(format!("`{part}` is neither `ram=N` nor `flash=N`")),
            }
        }
        Ok(reserve)
    }
}

/// What `--json` prints. What is not known of a model that cannot run is `null`.
#[derive(Debug, Serialize)]
struct Report<'m> {
    model: Identity<'m>,
    supported: bool,
    refusals: Vec<Refusal>,
    operators: Vec<OperatorUse>,
    /// Of the model as it is.
    macs: u64,
    /// Of the plan.
    macs_left: Option<u64>,
    /// What no input can change: the plan with it and without.
    dead_work: Option<DeadWork>,
    arena_bytes: Option<usize>,
    /// The most bytes that are needed at once: what any placement of the same steps takes.
    arena_lower_bound_bytes: Option<usize>,
    state_bytes: Option<usize>,
    /// Of the state, what the arena had no room for.
    overflow_bytes: Option<usize>,
    weight_bytes: Option<usize>,
    steps: Option<usize>,
    /// What `--ram-budget` can choose from, from the fastest to the smallest.
    ram_curve: Vec<CurvePoint>,
    /// By target.
    code_bytes: BTreeMap<String, u64>,
    /// Why a target has no figure.
    code_skipped: BTreeMap<String, String>,
    tensors: Vec<Tensor>,
    fit: Option<Fit>,
}

/// A buffer and when it is needed. Step -1 is before the first step, when the caller writes the inputs.
#[derive(Debug, Serialize)]
struct Tensor {
    name: String,
    offset_bytes: usize,
    bytes: usize,
    first_step: isize,
    last_step: isize,
    in_state: bool,
}

/// A model beside the rest of a firmware.
#[derive(Debug, Serialize)]
struct Fit {
    board: String,
    fits: bool,
    ram: Memory,
    /// Where the arena was too small.
    slow_ram: Option<Memory>,
    flash: Memory,
}

#[derive(Debug, Serialize)]
struct Memory {
    model_bytes: u64,
    /// The board's budget for the stack.
    stack_bytes: u64,
    reserved_bytes: u64,
    available_bytes: u64,
}

impl Memory {
    fn fits(&self) -> bool {
        self.free() >= 0
    }

    fn free(&self) -> i128 {
        let taken =
            i128::from(self.model_bytes) + i128::from(self.stack_bytes) + i128::from(self.reserved_bytes);
        i128::from(self.available_bytes) - taken
    }
}

/// Runs the verb; whether the model runs and fits.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let model = Model::find(workspace, &args.model)?;
    let board = args.board.as_deref().map(|name| Board::find(workspace, name)).transpose()?;
    let options = args.planning.options(board.as_ref());
    let found = compiler::report(&model.name, &model.bytes, options);
    let ram_curve = match args.no_curve {
        true => Vec::new(),
        // What cannot run has no curve, and says why elsewhere.
        false => compiler::ram_curve(&model.name, &model.bytes, options).unwrap_or_default(),
    };
    let layout = found.compiled.as_ref().map(|compiled| &compiled.layout);
    let mut report = Report {
        model: model.identity(),
        supported: found.supported(),
        macs: found.macs(),
        macs_left: found.compiled.as_ref().map(|compiled| total_macs(&compiled.graph)),
        dead_work: found.dead_work,
        operators: found.operators,
        refusals: found.refusals,
        arena_bytes: layout.map(|layout| layout.arena_bytes),
        arena_lower_bound_bytes: layout.map(|layout| layout.arena_bound),
        state_bytes: layout.map(|layout| layout.state_bytes),
        overflow_bytes: layout.map(|layout| layout.overflow_bytes),
        weight_bytes: layout.map(|layout| layout.weights.len()),
        steps: layout.map(|layout| layout.steps.len()),
        ram_curve,
        code_bytes: BTreeMap::new(),
        code_skipped: BTreeMap::new(),
        tensors: layout.map(tensors).unwrap_or_default(),
        fit: None,
    };
    if let Some(compiled) = &found.compiled {
        if !args.no_code {
            let boards = match &board {
                Some(board) => vec![board.clone()],
                // A board's own HAL is no part of what the network takes.
                None => Board::all(workspace)?.into_iter().filter(|board| board.runner.is_none()).collect(),
            };
            measure_code(&mut report, &model, args.planning, boards);
        }
        report.fit = board.map(|board| fit(&board, compiled, &report, args.reserve));
    }
    if args.json {
        print::json(&report)?;
    } else {
        print::text(&text(&report, layout))?;
    }
    Ok(report.supported && report.fit.is_none_or(|fit| fit.fits))
}

/// Links an image for each target that is there.
fn measure_code(report: &mut Report<'_>, model: &Model, planning: Planning, boards: Vec<Board>) {
    for board in boards {
        let target = board.target.clone();
        if report.code_bytes.contains_key(&target) {
            continue;
        }
        match code_bytes(board, model, planning) {
            Ok(bytes) => {
                report.code_skipped.remove(&target);
                report.code_bytes.insert(target, bytes);
            }
            Err(error) => {
                report.code_skipped.insert(target, error.to_string());
            }
        }
    }
}

fn code_bytes(board: Board, model: &Model, planning: Planning) -> Result<u64> {
    let ready = Ready::if_there(board)?.planned(planning.firmware());
    let image = ready.image(&model.path, Profile::Release, false)?;
    Ok(Contents::read(&image.path)?.sizes.code_bytes())
}

fn fit(board: &Board, compiled: &Compiled, report: &Report<'_>, reserve: Reserve) -> Fit {
    let layout = &compiled.layout;
    let code = report.code_bytes.get(&board.target).copied().unwrap_or(0);
    let spills = layout.overflow_bytes > 0;
    let beside_arena = if spills { 0 } else { layout.state_bytes };
    let slow_ram = spills.then(|| Memory {
        model_bytes: layout.state_bytes as u64,
        stack_bytes: 0,
        reserved_bytes: 0,
        available_bytes: board.memory_bytes(MemoryKind::SlowRam),
    });
    let ram = Memory {
        model_bytes: (layout.arena_bytes + beside_arena) as u64,
        stack_bytes: board.budget.stack.0,
        reserved_bytes: reserve.ram,
        available_bytes: board.memory_bytes(MemoryKind::Ram),
    };
    let flash = Memory {
        model_bytes: layout.weights.len() as u64 + code,
        stack_bytes: 0,
        reserved_bytes: reserve.flash,
        available_bytes: board.memory_bytes(MemoryKind::Flash),
    };
    let fits = [Some(&ram), slow_ram.as_ref(), Some(&flash)].into_iter().flatten().all(Memory::fits);
    Fit { board: board.name.clone(), fits, ram, slow_ram, flash }
}

fn tensors(layout: &Layout) -> Vec<Tensor> {
    let step = |instant: usize| instant as isize - 1;
    let describe = |buffer: &compiler::plan::PlannedBuffer| Tensor {
        name: buffer.name.clone(),
        offset_bytes: buffer.offset,
        bytes: buffer.bytes,
        first_step: step(buffer.lifetime.first),
        last_step: step(buffer.lifetime.last),
        in_state: buffer.is_state,
    };
    let arena = picture::buffers(layout).into_iter().map(|(_, buffer)| describe(buffer));
    let state = layout.buffers.iter().filter(|buffer| buffer.is_state).map(describe);
    arena.chain(state).collect()
}

fn text(report: &Report<'_>, layout: Option<&Layout>) -> String {
    let mut text = head(report);
    let Some(layout) = layout else { return text };
    text += "\narena, tensor by tensor (steps: < before the first, > after the last)\n";
    text += "       bytes  addresses        steps    tensor\n";
    for (letter, buffer) in picture::buffers(layout) {
        let step = |instant: usize| match instant {
            0 => "<".to_owned(),
            instant if instant > layout.steps.len() => ">".to_owned(),
            instant => (instant - 1).to_string(),
        };
        let steps = format!("{}-{}", step(buffer.lifetime.first), step(buffer.lifetime.last));
        let addresses = format!("{}-{}", buffer.offset, buffer.offset + buffer.bytes - 1);
        text += &format!("  {letter} {:8}  {addresses:16} {steps:8} {}\n", buffer.bytes, short(&buffer.name));
    }
    text += "\narena over time\n";
    text + &picture::picture(layout, Extent { columns: 90, rows: 16 })
}

/// Characters of a tensor's name that the table has room for.
const SHOWN_NAME: usize = 60;

/// Converters join the names of everything that went into a tensor; the first is the layer's.
fn short(name: &str) -> String {
    let first = name.split(';').next().unwrap_or_default();
    match first.char_indices().nth(SHOWN_NAME) {
        Some((end, _)) => format!("{}…", first.get(..end).unwrap_or_default()),
        None => first.to_owned(),
    }
}

fn head(report: &Report<'_>) -> String {
    let mut lines =
        vec![format!("{} {}", report.model.name(), if report.supported { "runs" } else { "cannot run" })];
    if !report.operators.is_empty() {
        let uses = report.operators.iter().map(|of| format!("{} {}", of.count, of.operator));
        lines.push(format!("operators    {}", uses.collect::<Vec<_>>().join(", ")));
        lines.push(format!("MACs         {}", grouped(report.macs)));
    }
    if let (Some(arena), Some(bound), Some(state), Some(weights)) =
        (report.arena_bytes, report.arena_lower_bound_bytes, report.state_bytes, report.weight_bytes)
    {
        lines.push(format!(
            "arena        {} B; at most {} B of it are needed at once",
            grouped(arena as u64),
            grouped(bound as u64)
        ));
        lines.push(format!("state        {} B{}", grouped(state as u64), spilt(report)));
        lines.push(format!("weights      {} B", grouped(weights as u64)));
    }
    lines.extend(report.dead_work.as_ref().map(dead_work));
    for (target, bytes) in &report.code_bytes {
        lines.push(format!("code         {} B on {target}", grouped(*bytes)));
    }
    for (target, why) in &report.code_skipped {
        lines.push(format!("code         skipped: {target}: {}", why.lines().next().unwrap_or_default()));
    }
    if let Some(fit) = &report.fit {
        lines.push(format!("{} on {}", if fit.fits { "fits" } else { "does not fit" }, fit.board));
        let slow_ram = fit.slow_ram.iter().map(|memory| ("slow RAM", memory));
        for (name, memory) in [("RAM", &fit.ram)].into_iter().chain(slow_ram).chain([("flash", &fit.flash)]) {
            let Memory { model_bytes, stack_bytes, reserved_bytes, available_bytes } = memory;
            lines.push(format!(
                "  {name:10} {} B of the model + {} B of stack + {} B reserved, of {} B: {} B free",
                grouped(*model_bytes),
                grouped(*stack_bytes),
                grouped(*reserved_bytes),
                grouped(*available_bytes),
                memory.free()
            ));
        }
    }
    lines.extend(curve(&report.ram_curve));
    for refusal in &report.refusals {
        lines.push(refusal.to_string());
    }
    lines.join("\n") + "\n"
}

/// What of the state is there because the arena was full.
fn spilt(report: &Report<'_>) -> String {
    match report.overflow_bytes {
        Some(bytes) if bytes > 0 => format!("; {} B of it had no room in the arena", grouped(bytes as u64)),
        _ => String::new(),
    }
}

/// What a plan takes with work that no input can change, and without.
fn dead_work(of: &DeadWork) -> String {
    let figures = |figures: &Figures| {
        let Figures { macs, weight_bytes, arena_bytes } = figures;
        let bytes = |bytes: &usize| grouped(*bytes as u64);
        format!(
            "{} MACs, {} B of weights, {} B of arena",
            grouped(*macs),
            bytes(weight_bytes),
            bytes(arena_bytes)
        )
    };
    let is_in = if of.removed { "taken out" } else { "left in" };
    match (&of.with, &of.without) {
        (Some(with), Some(without)) if with == without => {
            "dead work    none: every MAC depends on the input".into()
        }
        (with, without) => {
            let or = |given: &Option<Figures>| given.as_ref().map_or("over the budget".into(), figures);
            format!("dead work    {is_in}\n  with       {}\n  without    {}", or(with), or(without))
        }
    }
}

/// What each smaller arena costs.
fn curve(points: &[CurvePoint]) -> Vec<String> {
    let Some(fastest) = points.first().filter(|_| points.len() > 1) else { return Vec::new() };
    let mut lines = vec![format!(
        "with --ram-budget   {:>10}  {:>13}  {:>7}  {:>6}  {:>11}",
        "arena B", "MACs", "more", "steps", "bytes moved"
    )];
    lines.extend(points.iter().map(|point| {
        let more = point.macs.max(1) as f64 / fastest.macs.max(1) as f64 * 100.0 - 100.0;
        format!(
            "{:18}  {:>10}  {:>13}  {:>+6.1}%  {:>6}  {:>11}",
            "",
            grouped(point.arena_bytes as u64),
            grouped(point.macs),
            more,
            point.steps,
            grouped(point.moved_bytes as u64)
        )
    }));
    lines
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_reads_as_it_is_written() {
        assert_eq!("ram=64K,flash=256K".parse(), Ok(Reserve { ram: 64 << 10, flash: 256 << 10 }));
        assert_eq!("flash=1MiB".parse(), Ok(Reserve { ram: 0, flash: 1 << 20 }));
        assert_eq!("".parse(), Ok(Reserve::default()));
        for wrong in ["rom=1", "ram", "ram=-1", "ram=12Q"] {
            assert!(wrong.parse::<Reserve>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_memory_that_is_full_to_the_byte_still_fits() {
        let of =
            |reserved_bytes| Memory { model_bytes: 10, stack_bytes: 5, reserved_bytes, available_bytes: 20 };
        assert!(of(5).fits() && of(5).free() == 0);
        assert!(!of(6).fits() && of(6).free() == -1);
    }

    #[test]
    fn dead_work_is_shown_with_and_without() {
        let with = Figures { macs: 7_489_664, weight_bytes: 232_756, arena_bytes: 55_296 };
        let without = Figures { macs: 3_727_313, weight_bytes: 38_248, ..with };
        let of = |with, without| dead_work(&DeadWork { removed: true, with, without });
        assert_eq!(
            of(Some(with), Some(without)),
            "dead work    taken out\n  with       7,489,664 MACs, 232,756 B of weights, 55,296 B of arena\n  \
             without    3,727,313 MACs, 38,248 B of weights, 55,296 B of arena"
        );
        assert!(of(None, Some(without)).contains("  with       over the budget\n"));
        assert!(of(Some(with), Some(with)).contains("none"));
    }

    #[test]
    fn a_curve_has_a_line_for_each_plan_and_none_for_a_single_one() {
        let point = |arena_bytes, macs| CurvePoint { arena_bytes, macs, steps: 3, moved_bytes: 1_000 };
        assert!(curve(&[point(8, 100)]).is_empty() && curve(&[]).is_empty());
        let lines = curve(&[point(2_000, 100), point(1_000, 125)]);
        assert_eq!(lines.len(), 3);
        assert!(lines[1].contains("2,000") && lines[1].contains("+0.0%"), "{lines:?}");
        assert!(lines[2].contains("+25.0%") && lines[2].ends_with("1,000"), "{lines:?}");
    }

    #[test]
    fn numbers_and_names_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(short("model/relu;model/bias;model/conv"), "model/relu");
        assert_eq!(short(&"é".repeat(61)), "é".repeat(60) + "…");
    }
}
