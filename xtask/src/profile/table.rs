//! A record for a person.

use budget::{Obtained, Record};
use emulator::Class;
use serde_json::Value;

/// The layers, the totals, and what the image takes.
pub fn text(record: &Record) -> String {
    let extra = |key: &str| record.extra.get(key).cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let timing = extra("timing");
    let wait = match record.obtained {
        Obtained::Emulated => "memory without wait states".to_owned(),
        _ => format!(
            "flash with {} wait states; timing a step takes {} cycles, which are taken away",
            timing["flash_wait_states"], timing["step_cost_cycles"]
        ),
    };
    let mut text = format!(
        "{} on {} ({}), {} kernels, built for {}; cycles by {} ({}), {wait}\n\n",
        record.model.name,
        record.target,
        word(&extra("board")["core"]),
        word(&extra("isa")),
        if extra("profile") == "small" { "size" } else { "speed" },
        word(&timing["table"]),
        word(&timing["basis"]),
    );
    let width = |column: fn(&budget::record::Step) -> &str, least: usize| {
        record.steps.iter().map(|step| column(step).len()).max().unwrap_or(0).max(least)
    };
    let operator = width(|step| &step.operator, 8);
    let kernel = width(|step| &step.kernel, 6);
    let shape = width(|step| step.shape.as_deref().unwrap_or_default(), 5);
    text += &format!(
        "{:>4}  {:operator$}  {:shape$}  {:kernel$}  {:>10}  {:>12}  {:>12}  {:>7}  {:>6}\n",
        "step", "operator", "shape", "kernel", "MACs", "instructions", "cycles", "cyc/MAC", "share"
    );
    let all = record.total.cycles.unwrap_or(0);
    let row = |name: &str, operator_name: &str, of: (&str, &str), figures: (u64, Option<u64>, u64)| {
        let (macs, instructions, cycles) = figures;
        let instructions = instructions.map_or_else(|| "-".to_owned(), |count| count.to_string());
        let per_mac = ratio(cycles, macs);
        let share = 100.0 * cycles as f64 / all.max(1) as f64;
        let (shape_text, kernel_text) = of;
        format!(
            "{name:>4}  {operator_name:operator$}  {shape_text:shape$}  {kernel_text:kernel$}  {macs:>10}  \
             {instructions:>12}  {cycles:>12}  {per_mac:>7}  {share:>4.1} %\n"
        )
    };
    for step in &record.steps {
        let figures = (step.macs, step.instructions, step.cycles.unwrap_or(0));
        let of = (step.shape.as_deref().unwrap_or_default(), step.kernel.as_str());
        text += &row(&step.index.to_string(), &step.operator, of, figures);
    }
    text += &row("", "total", ("", ""), (record.total.macs, record.total.instructions, all));
    text += &totals(record);
    marked(record, &text)
}

/// Says of every line that it is simulated, where the record is: none of a target that is not there must look like a
/// measurement.
pub fn marked(record: &Record, text: &str) -> String {
    let simulated = if record.obtained == Obtained::Simulated { "simulated: " } else { "" };
    text.lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{simulated}{line}\n") })
        .collect()
}

fn totals(record: &Record) -> String {
    let extra = |key: &str| record.extra.get(key).cloned().unwrap_or_default();
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let total = &record.total;
    let mut text = format!(
        "\ninstructions/MAC {}, cycles/MAC {}; outside the steps {} cycles\n",
        total.instructions.map_or_else(|| "-".to_owned(), |count| ratio(count, total.macs)),
        ratio(total.cycles.unwrap_or(0), total.macs),
        extra("outside_steps_cycles"),
    );
    let left = number(&extra("macs_left"));
    if left != total.macs {
        text += &format!(
            "MACs that depend on the input {left}: {} cycles each\n",
            ratio(total.cycles.unwrap_or(0), left)
        );
    }
    if let Some(microseconds) = total.microseconds {
        text += &format!("time {:.3} ms at {} Hz\n", microseconds / 1e3, record.clock_hz.unwrap_or(0));
    }
    let sizes = extra("sizes");
    let size = |key: &str| number(&sizes[key]);
    text += &format!(
        "code in flash {} B = instructions {} + constants {} + initial values {} - the board's own functions {}\n",
        total.code_bytes.unwrap_or(0),
        size("text_bytes"),
        size("rodata_bytes").saturating_sub(size("weights_bytes")),
        size("data_bytes"),
        size("harness_bytes"),
    );
    text += &format!(
        "weights {} B, vector table {} B; arena {} B, stack {} B ({} B of it the model's)\n",
        total.weight_bytes.unwrap_or(0),
        size("vectors_bytes"),
        total.arena_bytes.unwrap_or(0),
        number(&extra("stack_bytes")),
        number(&extra("model_stack_bytes")),
    );
    text
}

/// What ran by class: of the whole run, or of one step.
pub fn mix(record: &Record, step: Option<usize>) -> String {
    let mut text = String::new();
    let whole = step.is_none().then(|| ("whole run".to_owned(), record.extra.get("mix"), record.total.macs));
    let steps = record.steps.iter().filter(|of| step.is_none_or(|step| of.index == step)).map(|step| {
        (format!("step {} {} {}", step.index, step.operator, step.kernel), step.extra.get("mix"), step.macs)
    });
    for (name, mix, macs) in whole.into_iter().chain(steps) {
        text += &format!("\n{name}\n");
        for class in Class::ALL {
            let Some(figures) = mix.and_then(|mix| mix.get(class.name())) else { continue };
            let [instructions, cycles] =
                ["instructions", "cycles"].map(|key| figures[key].as_u64().unwrap_or(0));
            text += &format!(
                "  {:20} {instructions:>12} instructions  {cycles:>12} cycles  {:>7} per MAC\n",
                class.name(),
                ratio(cycles, macs)
            );
        }
    }
    marked(record, if text.is_empty() { "no such step\n" } else { &text })
}

/// A ratio; nothing to divide by is a dash.
pub fn ratio(cycles: u64, macs: u64) -> String {
    if macs == 0 { "-".to_owned() } else { format!("{:.3}", cycles as f64 / macs as f64) }
}
