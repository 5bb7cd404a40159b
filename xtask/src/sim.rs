//! Latency, energy and memory before the hardware exists.

use std::{fs, path::Path, path::PathBuf};

use anyhow::Context;
use budget::{Calibration, write_atomically};
use simulator::{
    Goal, Place, Prediction, Settings, SimError, machine, network, report, simulate, validate, workload,
};

use crate::{Usage, print};

/// Predict latency, energy and memory of a network on a machine.
///
/// Example: cargo xtask sim models/kws/model.tflite --machine ethos-u55-128
#[derive(clap::Args)]
pub struct Args {
    /// A .tflite model, a layer list (.json), or the name of a shipped network.
    model: Option<String>,
    /// A layer list (.json), in place of MODEL.
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    network: Option<String>,
    /// A machine's name or alias (`name@point` for a clock and voltage point), or a machine file (.toml).
    #[arg(long, value_name = "NAME", default_value = "ne16-30tops")]
    machine: String,
    /// Which engines: auto, ne, gpu or cpu.
    #[arg(long, default_value = "ne")]
    place: String,
    /// With --place auto, what to make least: latency or energy.
    #[arg(long, default_value = "latency")]
    least: String,
    /// Inputs at once.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=65536))]
    batch: Option<u64>,
    /// Start with the engine asleep.
    #[arg(long)]
    cold: bool,
    /// Hold everything as fp32, fp16, int8, int4 or sparse.
    #[arg(long)]
    precision: Option<String>,
    /// Store weights otherwise than activations: fp16, int8, int4 (palettised is the same), or sparse:0.6 for a share of zeros.
    #[arg(long, value_name = "FORMAT")]
    weights: Option<String>,
    /// Vary one dimension: batch, bandwidth, macs, clock, dispatch, knee, precision, or machine.
    #[arg(long, value_name = "DIMENSION=A,B,C", conflicts_with_all = ["lm", "transformer", "sparsity", "trace", "html"])]
    sweep: Option<String>,
    /// A language model in place of a file: params=60M,layers=8,context=256,bits=8.
    #[arg(long, value_name = "SIZES", conflicts_with_all = ["model", "network", "precision", "weights"])]
    lm: Option<String>,
    /// One operator, step by step: dwconv:256x256x32,k3,s1 or gemm:512x1024x4096.
    #[arg(long, value_name = "SHAPE", conflicts_with_all = ["model", "network", "lm"])]
    op: Option<String>,
    /// A transformer encoder of four layers beside twelve convolutions of the same latency: ROWSxWIDTH.
    #[arg(long, value_name = "SIZES", num_args = 0..=1, default_missing_value = "128x512",
          conflicts_with_all = ["model", "network", "lm", "op", "sparsity", "precision", "weights"])]
    transformer: Option<String>,
    /// What sparse weights leave of their promise, on a BERT-like encoder of ROWS tokens.
    #[arg(long, value_name = "ROWS", num_args = 0..=1, default_missing_value = "128",
          conflicts_with_all = ["model", "network", "lm", "op", "precision", "weights", "trace", "html"])]
    sparsity: Option<u64>,
    /// Machine-readable output.
    #[arg(long)]
    json: bool,
    /// Multiply the record by a calibration, as `compare --calibration` writes it.
    #[arg(long, value_name = "FILE", requires = "json")]
    calibration: Option<PathBuf>,
    /// Write a trace that ui.perfetto.dev opens.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write one self-contained page.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Name the machines, and what each was calibrated on.
    #[arg(long)]
    list: bool,
    /// Compare with every published figure and write docs/accuracy.md.
    #[arg(long)]
    validate: bool,
    /// With --validate: write docs/constants.md, which says what every constant rests on and how far it is known.
    #[arg(long, requires = "validate")]
    constants: bool,
    /// Fit the machines that name an emulated board to `bench/record`, and write their files.
    #[arg(long)]
    calibrate: bool,
    /// Where the published figures lie.
    #[arg(long, value_name = "FOLDER", default_value = "../shared/ne")]
    figures: PathBuf,
}

/// Runs the verb. What the simulator cannot make sense of is wrong usage.
pub fn run(args: &Args, workspace: &Path) -> anyhow::Result<bool> {
    answer(args, workspace).map_err(|error| if error.is::<SimError>() { Usage::of(error) } else { error })
}

fn answer(args: &Args, workspace: &Path) -> anyhow::Result<bool> {
    if args.list {
        return list(args);
    }
    if args.calibrate {
        return calibrated(args, workspace);
    }
    if args.validate {
        return accuracy(args, workspace);
    }
    let chip = find(&args.machine)?;
    let settings = Settings {
        place: Place::from_name(&args.place)?,
        goal: match args.least.as_str() {
            "latency" => Goal::Latency,
            "energy" => Goal::Energy,
            other => return Err(Usage::error(format!("--least {other}: expected latency or energy"))),
        },
        batch: args.batch.unwrap_or(0),
        cold: args.cold,
    };
    if let Some(text) = &args.lm {
        let lm = workload::Lm::parse(text)?;
        let lm = workload::Lm { batch: args.batch.unwrap_or(lm.batch), ..lm };
        return language(args, &lm, &chip, Settings { batch: 0, ..settings });
    }
    if let Some(text) = &args.transformer {
        return transformer(args, text, &chip, settings);
    }
    if let Some(rows) = args.sparsity {
        return sparsity(args, rows, &chip, settings);
    }
    let network = read(args, &chip)?;
    if let Some(sweep) = &args.sweep {
        return vary(args, sweep, &network, &chip, settings);
    }
    let prediction = simulate(&network, &chip, settings)?;
    write(args, &prediction)?;
    if args.json {
        let mut record = report::record(&prediction);
        if let Some(file) = &args.calibration {
            let calibration = Calibration::read(file).map_err(Usage::of)?;
            calibration.apply(&mut record).map_err(Usage::of)?;
        }
        print::json(&record)?;
    } else if args.op.is_some() {
        print::text(&workload::explain(&prediction))?;
    } else {
        print::text(&report::table(&prediction))?;
    }
    Ok(true)
}

fn find(name: &str) -> anyhow::Result<machine::Machine> {
    Ok(if name.ends_with(".toml") {
        machine::read_machine_file(Path::new(name))?
    } else {
        machine::find_machine(name)?
    })
}

/// The network, as the machine runs it.
fn read(args: &Args, chip: &machine::Machine) -> anyhow::Result<network::Network> {
    let mut network = if let Some(text) = &args.op {
        workload::parse_op(text)?
    } else {
        let Some(name) = args.network.as_ref().or(args.model.as_ref()) else {
            return Err(Usage::error(
                "nothing to run: give MODEL, --network, --op, --lm, --transformer or --sparsity",
            ));
        };
        if name.ends_with(".tflite") {
            model(name, chip)?
        } else if let Some(shipped) = network::shipped_network(name) {
            shipped
        } else {
            let path = Path::new(name);
            if path.extension().is_none() && !path.exists() {
                let near = network::shipped_names_near(name).join(", ");
                let what = "there is neither such a file nor a shipped network of that name";
                return Err(Usage::error(format!("{name}: {what}; near it: {near}")));
            }
            network::read_network_file(path)?
        }
    };
    if let Some(name) = &args.precision {
        let expected =
            || Usage::error(format!("--precision {name}: expected fp32, fp16, int8, int4 or sparse"));
        let precision = network::Precision::from_name(name).ok_or_else(expected)?;
        network = network.with_precision(precision);
    }
    if let Some(text) = &args.weights {
        let expected = || {
            let forms = "expected fp32, fp16, int8, int4, palettised, or sparse:0.6 with a share of zeros from 0 to 1";
            Usage::error(format!("--weights {text}: {forms}"))
        };
        let (name, zeros) =
            text.split_once(':').map_or((text.as_str(), None), |(name, zeros)| (name, Some(zeros)));
        let format = network::Precision::from_name(name).ok_or_else(expected)?;
        let zeros = match (format, zeros) {
            (network::Precision::Sparse, zeros) => zeros.unwrap_or("0.5").parse().map_err(|_| expected())?,
            (_, None) => 0.0,
            (_, Some(_)) => return Err(expected()),
        };
        if !(0.0..=1.0).contains(&zeros) {
            return Err(expected());
        }
        network.weights = network::Weights { format, zeros };
    }
    Ok(network)
}

fn model(name: &str, chip: &machine::Machine) -> anyhow::Result<network::Network> {
    let bytes = fs::read(name).with_context(|| format!("cannot read {name}")).map_err(Usage::of)?;
    // Our own kernels are what a core's figures rest on, and our own plan is what they run.
    let read = if chip.emulated.is_some() { network::network_of_plan } else { network::network_of_model };
    let mut network = read(name, &bytes)?;
    // `models/kws/model.tflite` is called by its folder.
    let path = Path::new(name);
    if path.file_stem().is_some_and(|stem| stem == "model")
        && let Some(folder) = path.parent().and_then(Path::file_name)
    {
        network.name = folder.to_string_lossy().into_owned();
    }
    Ok(network)
}

fn write(args: &Args, prediction: &Prediction) -> anyhow::Result<()> {
    if let Some(path) = &args.trace {
        write_atomically(path, &report::trace(prediction))?;
    }
    if let Some(path) = &args.html {
        write_atomically(path, &report::html(prediction))?;
    }
    Ok(())
}

fn list(args: &Args) -> anyhow::Result<bool> {
    let machines = machine::machines()?;
    if args.json {
        let rows: Vec<_> = machines
            .iter()
            .map(|machine| {
                serde_json::json!({
                    "name": machine.name, "aliases": machine.aliases, "chip": machine.chip, "os": machine.os,
                    "class": machine.class, "description": machine.description,
                    "engines": machine.engines.iter().map(|engine| &engine.name).collect::<Vec<_>>(),
                    "points": machine.points.iter().map(|point| &point.name).collect::<Vec<_>>(),
                    "calibration": machine.calibration, "known_wrong": machine.known_wrong,
                    "provenance": machine.provenance,
                })
            })
            .collect();
        print::json(&rows)?;
    } else {
        print::text(&report::list_table(machines))?;
    }
    Ok(true)
}

/// Fits machines to the records, and writes the files of those that changed.
pub fn calibrate(workspace: &Path) -> anyhow::Result<Vec<simulator::calibrate::Calibrated>> {
    let all = simulator::calibrate::calibrate(&workspace.join("bench/record"))?;
    for machine in &all {
        let file = workspace.join(&machine.file);
        if fs::read_to_string(&file).ok().as_deref() != Some(&machine.text) {
            write_atomically(&file, &machine.text)?;
            eprintln!("wrote {}", machine.file);
        }
    }
    Ok(all)
}

/// The machines whose constants come from records, model by model.
fn calibrated(args: &Args, workspace: &Path) -> anyhow::Result<bool> {
    let all = calibrate(workspace)?;
    if args.json {
        let model = |model: &simulator::calibrate::ModelFit| {
            serde_json::json!({
                "model": model.model, "cycles": model.cycles, "fitted": model.fitted,
                "error": model.error(), "left_out_error": model.left_out_error(), "alone": model.alone,
            })
        };
        let rows: Vec<_> = all
            .iter()
            .map(|of| {
                let models: Vec<_> = of.models.iter().map(model).collect();
                serde_json::json!({"machine": of.machine, "file": of.file, "models": models})
            })
            .collect();
        print::json(&rows)?;
    } else {
        print::text(&simulator::calibrate::table(&all))?;
    }
    Ok(true)
}

fn accuracy(args: &Args, workspace: &Path) -> anyhow::Result<bool> {
    let folder =
        if args.figures.is_absolute() { args.figures.clone() } else { workspace.join(&args.figures) };
    let Some(validation) = validate::validate(&folder, workspace)? else {
        eprintln!("skipped: no published figures in {}, give their folder with --figures", folder.display());
        return Ok(true);
    };
    let text = validate::markdown(&validation);
    let docs = workspace.join("docs");
    fs::create_dir_all(&docs)?;
    write_atomically(&docs.join("accuracy.md"), &text)?;
    if args.constants {
        eprintln!("moving every fitted constant until the figures say no: some minutes");
        let constants = validate::constants(&folder, workspace)?.unwrap_or_default();
        write_atomically(&docs.join("constants.md"), &validate::constants_markdown(&constants))?;
    }
    if args.json {
        print::json(&validation)?;
    } else {
        print::text(&text)?;
    }
    Ok(true)
}

fn language(
    args: &Args,
    lm: &workload::Lm,
    chip: &machine::Machine,
    settings: Settings,
) -> anyhow::Result<bool> {
    let told = workload::lm_report(lm, chip, settings)?;
    write(args, &simulate(&lm.network(1, true), chip, settings)?)?;
    if args.json {
        print::json(&told)?;
    } else {
        print::text(&format!(
            "{:.1}M parameters in {} bits on {} (simulated): {:.2} ms per token ±{:.0} % ({:.1} tokens/s over {} sequences), \
             {:.0} % of it streams weights; a prompt of {} tokens takes {:.1} ms; the key-value cache holds {:.1} MB, \
             weights {:.1} MB; {:.2} mJ per token\n",
            told.params as f64 / 1e6,
            lm.bits,
            told.machine,
            told.ms_per_token,
            told.latency_error * 100.0,
            told.tokens_per_second,
            lm.batch,
            told.weight_share * 100.0,
            lm.prompt,
            told.prefill_ms,
            told.cache_bytes as f64 / 1e6,
            told.weight_bytes as f64 / 1e6,
            told.mj_per_token
        ))?;
    }
    Ok(true)
}

fn transformer(args: &Args, text: &str, chip: &machine::Machine, settings: Settings) -> anyhow::Result<bool> {
    let sizes = text.split_once('x').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let Some((rows, width)) = sizes.filter(|(r, w)| (1..=65536).contains(r) && (1..=65536).contains(w))
    else {
        return Err(Usage::error(format!("--transformer {text}: expected ROWSxWIDTH, such as 128x512")));
    };
    let (left, right) = workload::encoder_beside_cnn(chip, rows, width, settings)?;
    write(args, &left)?;
    if args.json {
        let both = [report::record(&left), report::record(&right)];
        print::json(&both)?;
        return Ok(true);
    }
    for one in [&left, &right] {
        let spilled: f64 = one.steps.iter().map(|step| step.cost.spilled_bytes).sum();
        print::text(&format!(
            "{}: {:.3} ms, {:.1} MMAC, {:.2} MB of weights, {:.2} MB of activations at most, {:.2} MB spilled, {:.3} mJ\n",
            one.network,
            one.total_us / 1e3,
            one.macs / 1e6,
            one.weight_bytes / 1e6,
            one.arena_bytes / 1e6,
            spilled / 1e6,
            one.total_uj / 1e3
        ))?;
    }
    Ok(true)
}

fn sparsity(args: &Args, rows: u64, chip: &machine::Machine, settings: Settings) -> anyhow::Result<bool> {
    if !(1..=65536).contains(&rows) {
        return Err(Usage::error(format!("--sparsity {rows}: expected 1 to 65536 tokens")));
    }
    let table = workload::sparsity(chip, rows, settings)?;
    if args.json {
        print::json(&table)?;
        return Ok(true);
    }
    let mut told =
        format!("{:>6} {:>8} {:>8} {:>9} {:>11}  because\n", "zeros", "promise", "left", "ms", "weight MB");
    for row in table {
        told += &format!(
            "{:>5.0}% {:>7.2}x {:>7.2}x {:>9.3} {:>11.1}  {}\n",
            row.zeros * 100.0,
            row.ideal,
            row.stored,
            row.ms,
            row.weight_bytes as f64 / 1e6,
            row.because
        );
    }
    print::text(&told)?;
    Ok(true)
}

fn vary(
    args: &Args,
    text: &str,
    network: &network::Network,
    chip: &machine::Machine,
    settings: Settings,
) -> anyhow::Result<bool> {
    let Some((dimension, values)) = text.split_once('=') else {
        return Err(Usage::error(format!("--sweep {text}: expected DIMENSION=A,B,C")));
    };
    let mut rows = Vec::new();
    for value in values.split(',') {
        let factor = || {
            let factor = value.parse::<f64>().ok().filter(|v| v.is_finite() && *v > 0.0);
            factor.ok_or_else(|| Usage::error(format!("--sweep {text}: `{value}` is no number above 0")))
        };
        let one = match dimension {
            "machine" => {
                let other = find(value)?;
                simulate(&read(args, &other)?, &other, settings)?
            }
            "precision" => {
                let unknown = || Usage::error(format!("--sweep {text}: no precision `{value}`"));
                let precision = network::Precision::from_name(value).ok_or_else(unknown)?;
                simulate(&network.clone().with_precision(precision), chip, settings)?
            }
            "batch" => {
                let whole = value.parse().ok().filter(|batch| (1..=65536).contains(batch));
                let expected =
                    || Usage::error(format!("--sweep {text}: `{value}` is no whole number from 1 to 65536"));
                simulate(network, chip, Settings { batch: whole.ok_or_else(expected)?, ..settings })?
            }
            _ => {
                let unknown = || {
                    Usage::error(format!(
                        "--sweep {text}: expected batch, bandwidth, macs, clock, dispatch, knee, precision or machine"
                    ))
                };
                let chip = chip.scaled(dimension, factor()?).ok_or_else(unknown)?;
                simulate(network, &chip, settings)?
            }
        };
        rows.push((value, one));
    }
    if args.json {
        let records: Vec<_> = rows
            .iter()
            .map(|(value, one)| {
                let number = serde_json::from_str::<serde_json::Number>(value).map(serde_json::Value::from);
                let value = number.unwrap_or_else(|_| (*value).into());
                serde_json::json!({dimension: value, "record": report::record(one)})
            })
            .collect();
        print::json(&records)?;
        return Ok(true);
    }
    let mut told = format!("{dimension:>18} {:>10} {:>10} {:>8} {:>8}\n", "ms", "mJ", "W", "peak W");
    for (value, one) in &rows {
        told += &format!(
            "{value:>18} {:>10.3} {:>10.3} {:>8.2} {:>8.2}\n",
            one.total_us / 1e3,
            one.total_uj / 1e3,
            one.average_w(),
            one.peak_w
        );
    }
    print::text(&told)?;
    Ok(true)
}
