//! The sum of one step, so that a person can follow it.

use crate::cost::{core::terms, weight_memory};
use crate::fuse::Class;
use crate::machine::{Engine, EngineModel};
use crate::simulate::{Prediction, Step};
use std::fmt::Write;

/// Explains every step of a prediction; meant for single operators.
pub fn explain(prediction: &Prediction) -> String {
    let mut out = String::new();
    let machine = &prediction.machine;
    for step in &prediction.steps {
        let Some(engine) = machine.engines.iter().find(|engine| engine.name == step.engine) else {
            continue;
        };
        let stage = &step.stage;
        let cost = &step.cost;
        let (height, width) = stage.out_size;
        let window = stage.window.0 * stage.window.1;
        let inner = stage.in_channels / stage.groups.max(1);
        let _ = writeln!(out, "{} {} on {} of {}", stage.operator, stage.shape, engine.name, machine.name);
        if stage.macs > 0.0
            && matches!(stage.class, Class::Dense | Class::Pointwise | Class::Depthwise | Class::Matmul)
        {
            let _ = writeln!(
                out,
                "1. arithmetic: {} inputs × {height} × {width} positions × {} output channels × {window} window × {inner} input channels each = {} multiply-accumulates",
                stage.batch, stage.out_channels, stage.macs
            );
        } else {
            let _ = writeln!(out, "1. arithmetic: {} multiply-accumulates", stage.macs);
        }
        if engine.model == EngineModel::Core {
            core(&mut out, engine, step);
            energy(&mut out, step, 3);
            continue;
        }
        match (&engine.model, &engine.ethos) {
            (EngineModel::EthosU, Some(ethos)) => {
                let [rows, columns, depth] = ethos.micro_block;
                let _ = writeln!(
                    out,
                    "   micro-blocks of {rows}×{columns}×{depth}: {} of them at most at once; {:.0} cycles with outputs and weight decoding = {:.2} µs at {:.0} MHz",
                    rows * columns * depth,
                    cost.compute_us * engine.clock_hz * 1e-6,
                    cost.compute_us,
                    engine.clock_hz / 1e6
                );
            }
            _ => {
                let _ = writeln!(
                    out,
                    "   at {:.3} TMAC/s for `{}`, {:.0} % of it in use for this shape = {:.2} µs ({:.0} cycles at {:.0} MHz)",
                    engine.rate(stage.class.name()) * engine.speed(stage.precision),
                    stage.class.name(),
                    cost.utilisation * 100.0,
                    cost.compute_us,
                    cost.compute_us * engine.clock_hz * 1e-6,
                    engine.clock_hz / 1e6
                );
                if stage.class == Class::Depthwise {
                    let _ = writeln!(
                        out,
                        "   a depthwise window shares nothing between channels: {:.0} % of the rate of a full window",
                        100.0 * engine.rate("depthwise") / engine.rate("dense")
                    );
                }
            }
        }
        let memory = weight_memory(machine, prediction.weight_bytes);
        let _ = writeln!(
            out,
            "2. weights: {:.0} bytes from {} = {:.2} µs",
            cost.weight_bytes,
            memory.map_or("memory", |memory| memory.name.as_str()),
            cost.weights_us
        );
        let _ = writeln!(
            out,
            "3. activations: {:.0} bytes in, {:.0} out; {:.0} stay on chip (knee at {:.0}), {:.0} spill = {:.2} µs{}",
            stage.in_bytes,
            stage.out_bytes,
            cost.resident_bytes,
            engine.activations.knee_bytes,
            cost.spilled_bytes,
            cost.activations_us,
            if stage.class == Class::Depthwise {
                format!(", windows overlapping counted {:.2} times", engine.activations.depthwise_factor)
            } else {
                String::new()
            }
        );
        let _ = writeln!(
            out,
            "4. these overlap; the largest wins: {:.2} µs, held up by {}; {:.2} µs overlap with nothing",
            cost.total_us - cost.serial_us,
            cost.bound(),
            cost.serial_us
        );
        energy(&mut out, step, 5);
    }
    let over = &prediction.overhead;
    let _ = writeln!(
        out,
        "around it: {:.2} µs dispatch, {:.2} µs copies in and out; all together {:.2} µs ({:.0} cycles), {:.2} µJ, ±{:.0} %",
        over.dispatch_us + over.wake_us,
        over.boundary_us + over.crossing_us,
        prediction.total_us,
        prediction.total_us * machine.engines.first().map_or(0.0, |e| e.clock_hz) * 1e-6,
        prediction.total_uj,
        prediction.latency_error() * 100.0
    );
    out
}

/// Term by term: what a core's kernel does, how often, for how many cycles.
fn core(out: &mut String, engine: &Engine, step: &Step) {
    let (class, terms) = terms(engine, &step.stage);
    let _ = writeln!(out, "2. cycles of a `{class}` kernel, one after the other:");
    for (name, times, cycles) in &terms {
        let what = match *name {
            "step" => "once",
            "channel" => "output channels, their factors fetched",
            "pixel" => "output positions",
            "input" => "input elements, brought to where the loops want them",
            "output" => "output elements, scaled and stored",
            "window" => "window elements, gathered",
            _ => "multiply-accumulates",
        };
        let _ = writeln!(out, "   {:>12.0} = {times:.0} {what} × {cycles}", times * cycles);
    }
    let cycles = step.cost.total_us * engine.clock_hz * 1e-6;
    let _ = writeln!(
        out,
        "   {cycles:>12.0} in all = {:.2} µs at {:.0} MHz",
        step.cost.total_us,
        engine.clock_hz / 1e6
    );
}

fn energy(out: &mut String, step: &Step, number: u32) {
    let _ = writeln!(
        out,
        "{number}. energy: {:.2} µJ base + {:.2} arithmetic + {:.2} weights + {:.2} activations = {:.2} µJ",
        step.energy.base_uj,
        step.energy.compute_uj,
        step.energy.weights_uj,
        step.energy.activations_uj,
        step.energy.total_uj()
    );
}
