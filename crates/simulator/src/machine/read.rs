//! Machine files.

use super::{CORE_CLASSES, Engine, EngineModel, Machine};
use crate::error::{Place, SimError, line_at};
use crate::network::Precision;
use std::path::Path;

fn malformed(file: &str, line: usize, found: String, expected: &str) -> SimError {
    SimError::Malformed { place: Place { file: file.to_owned(), line }, found, expected: expected.to_owned() }
}

/// The line of the first assignment to `key`, or of the first mention.
fn line_of(text: &str, key: &str) -> usize {
    text.lines()
        .position(|line| line.trim_start().starts_with(key) && line.contains('='))
        .or_else(|| text.lines().position(|line| line.contains(key)))
        .map_or(1, |index| index + 1)
}

/// Reads a machine. `file` is for messages.
///
/// # Errors
/// [`SimError::Malformed`] with the line.
pub fn read_machine(file: &str, text: &str) -> Result<Machine, SimError> {
    let machine: Machine = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        malformed(
            file,
            line,
            error.message().replace('\n', " "),
            "a machine: name, chip, description, class, [calibration], [[engine]], [[memory]] as in \
             crates/simulator/machines",
        )
    })?;
    check(file, text, &machine)?;
    Ok(machine)
}

fn check(file: &str, text: &str, machine: &Machine) -> Result<(), SimError> {
    if machine.engines.is_empty() {
        return Err(malformed(
            file,
            line_of(text, "engine"),
            "no engine".to_owned(),
            "at least one [[engine]]",
        ));
    }
    for engine in &machine.engines {
        let activations = &engine.activations;
        let mut positive = vec![
            ("clock_hz", engine.clock_hz),
            ("overlap", engine.overlap),
            ("operand_rate", engine.operand_rate),
            ("resident_gb_s", activations.resident_gb_s),
            ("spilled_gb_s", activations.spilled_gb_s),
            ("depthwise_factor", activations.depthwise_factor),
        ];
        let mut not_negative = vec![
            ("dispatch_us", engine.dispatch_us),
            ("wake_us", engine.wake_us),
            ("layer_us", engine.layer_us),
            ("knee_bytes", activations.knee_bytes),
            ("fused_unary", activations.fused_unary),
            ("fused_binary", activations.fused_binary),
            ("base_w", engine.energy.base_w),
            ("dispatch_w", engine.energy.dispatch_w),
            ("boundary_w", engine.energy.boundary_w),
            ("pj_per_mac", engine.energy.pj_per_mac),
            ("pj_per_weight_byte", engine.energy.pj_per_weight_byte),
            ("pj_per_activation_byte", engine.energy.pj_per_activation_byte),
            ("static_share", engine.energy.static_share),
            ("rows", engine.half.rows),
            ("channels", engine.half.channels),
            ("pixels", engine.half.pixels),
            ("squeeze_excite_us", engine.other.squeeze_excite_us),
            ("pool_us_per_mb", engine.other.pool_us_per_mb),
            ("copy_us_per_mb", engine.other.copy_us_per_mb),
            ("scores_gb_s", engine.other.scores_gb_s),
        ];
        for table in
            [&engine.tera_macs, &engine.precision_speed, &engine.weights_gb_s, &engine.functions_gb_s]
        {
            positive.extend(table.iter().map(|(key, value)| (key.as_str(), *value)));
        }
        positive.extend(engine.conv_weights_gb_s.map(|v| ("conv_weights_gb_s", v)));
        positive.extend(engine.operand_bytes.map(|v| ("operand_bytes", v)));
        if let Some(boundary) = engine.boundary {
            positive.push(("in_gb_s", boundary.in_gb_s));
            positive.push(("out_gb_s", boundary.out_gb_s));
        }
        names(file, text, engine)?;
        match (&engine.model, &engine.ethos) {
            (EngineModel::EthosU, None) => {
                return Err(malformed(
                    file,
                    line_of(text, "model"),
                    format!("engine `{}` is an ethos-u without [engine.ethos]", engine.name),
                    "[engine.ethos] with its micro-block and cycles",
                ));
            }
            (EngineModel::EthosU, Some(ethos)) => {
                positive.extend(ethos.step_cycles.map(|v| ("step_cycles", v)));
                positive.extend(ethos.output_cycles.map(|v| ("output_cycles", v)));
                positive.push(("weights_per_cycle", ethos.weights_per_cycle));
                positive.push(("sharpness", ethos.sharpness));
                positive.push(("sram_bytes_per_cycle", ethos.sram_bytes_per_cycle));
                positive.push(("weight_bytes_per_cycle", ethos.weight_bytes_per_cycle));
                positive.extend(ethos.micro_block.map(|v| ("micro_block", v as f64)));
                positive.push(("depth_step", ethos.depth_step as f64));
                not_negative.extend(ethos.overhead_cycles.map(|v| ("overhead_cycles", v)));
            }
            (EngineModel::Array, _) if engine.tera_macs.is_empty() => {
                return Err(malformed(
                    file,
                    line_of(text, "model"),
                    format!("engine `{}` has no tera_macs", engine.name),
                    "[engine.tera_macs] with at least one operator class",
                ));
            }
            (EngineModel::Array, _) => {}
            (EngineModel::Core, _) => check_core(file, text, engine)?,
        }
        for (key, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return Err(malformed(
                    file,
                    line_of(text, key),
                    format!("{key} = {value}"),
                    "a number above 0",
                ));
            }
        }
        for (key, value) in not_negative {
            if !(value.is_finite() && value >= 0.0) {
                return Err(malformed(
                    file,
                    line_of(text, key),
                    format!("{key} = {value}"),
                    "a number not below 0",
                ));
            }
        }
    }
    let mut not_negative = vec![
        ("latency_median", machine.calibration.latency_median),
        ("latency_p90", machine.calibration.latency_p90),
        ("energy_median", machine.calibration.energy_median),
        ("us", machine.crossing.us),
        ("pj_per_byte", machine.crossing.pj_per_byte),
        ("node_nm", machine.node_nm),
    ];
    not_negative.extend(machine.emulated.iter().map(|it| ("timing_error", it.timing_error)));
    for memory in &machine.memories {
        let of = [("capacity_bytes", memory.capacity_bytes), ("gb_s", memory.gb_s)];
        not_negative.extend(of);
        not_negative.push(("pj_per_byte", memory.pj_per_byte));
    }
    let mut positive = vec![("gb_s", machine.crossing.gb_s)];
    for point in &machine.points {
        positive.extend([("clock_hz", point.clock_hz), ("volts", point.volts)]);
        not_negative.push(("fixed_share", point.fixed_share));
    }
    let is_above = |least: f64| move |(_, value): &&(&str, f64)| !(value.is_finite() && *value > least);
    if let Some((key, value)) = positive.iter().find(is_above(0.0)) {
        return Err(malformed(file, line_of(text, key), format!("{key} = {value}"), "a number above 0"));
    }
    if let Some((key, value)) = not_negative.iter().find(is_above(-f64::MIN_POSITIVE)) {
        return Err(malformed(file, line_of(text, key), format!("{key} = {value}"), "a number not below 0"));
    }
    if !CLASSES.contains(&machine.class.as_str()) {
        let found = format!("class = \"{}\"", machine.class);
        return Err(malformed(file, line_of(text, "class"), found, &CLASSES.join(", ")));
    }
    for memory in &machine.memories {
        if !["weights", "activations", "all"].contains(&memory.holds.as_str()) {
            return Err(malformed(
                file,
                line_of(text, "holds"),
                format!("holds = \"{}\"", memory.holds),
                "weights, activations or all",
            ));
        }
    }
    Ok(())
}

/// The classes of machines, over which errors are pooled.
const CLASSES: [&str; 6] = ["phone", "desktop", "micro", "ethos", "mcu", "generic"];

/// Names that stand for something: a misspelt one would be passed over without a word.
fn names(file: &str, text: &str, engine: &Engine) -> Result<(), SimError> {
    let rates = ["dense", "pointwise", "depthwise", "matmul", "attention"];
    if let Some(class) = engine.tera_macs.keys().find(|class| !rates.contains(&class.as_str())) {
        let found = format!("a rate of `{class}`");
        return Err(malformed(file, line_of(text, class), found, &rates.join(", ")));
    }
    let precisions = [Precision::Fp32, Precision::Fp16, Precision::Int8, Precision::Int4, Precision::Sparse];
    let precisions = precisions.map(Precision::name);
    let formats = engine.precision_speed.keys().chain(engine.weights_gb_s.keys()).chain(&engine.precisions);
    for name in formats {
        if !precisions.contains(&name.as_str()) {
            let found = format!("precision `{name}`");
            return Err(malformed(file, line_of(text, name), found, &precisions.join(", ")));
        }
    }
    Ok(())
}

fn check_core(file: &str, text: &str, engine: &Engine) -> Result<(), SimError> {
    if !engine.core.contains_key("dense") {
        return Err(malformed(
            file,
            line_of(text, "model"),
            format!("engine `{}` is a core without [engine.core.dense]", engine.name),
            "cycles of `dense`, and of other classes where they differ",
        ));
    }
    if engine.vector_bytes == 0 {
        let line = line_of(text, "vector_bytes");
        return Err(malformed(file, line, "vector_bytes = 0".to_owned(), "a number above 0"));
    }
    for (class, cycles) in &engine.core {
        let line = line_of(text, &format!("[engine.core.{class}]"));
        if !CORE_CLASSES.contains(&class.as_str()) {
            let expected = CORE_CLASSES.join(", ");
            return Err(malformed(file, line, format!("cycles of `{class}`"), &expected));
        }
        for (part, value) in cycles.parts() {
            if !(value.is_finite() && value >= 0.0) {
                let found = format!("{part} = {value} in [engine.core.{class}]");
                return Err(malformed(file, line, found, "a number not below 0"));
            }
        }
    }
    Ok(())
}

/// Reads a machine from a file.
///
/// # Errors
/// [`SimError::File`] and those of [`read_machine`].
pub fn read_machine_file(path: &Path) -> Result<Machine, SimError> {
    let file = path.display().to_string();
    let text = crate::text::read(path, "a machine in TOML")?;
    read_machine(&file, &text)
}
