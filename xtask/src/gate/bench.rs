//! Where the gate's figures come from: the simulator, records, the compiler's plan.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use budget::{
    Bench, Cause, Int8Outputs, Loss, ModelBudget, Quantisation, Record, Target, TargetKind, Tier, Variant,
    loss_of_accuracy, loss_of_outputs, read_rows,
};
use compiler::{CompileOptions, compile};
use simulator::{
    Goal, Place, Settings,
    machine::{Machine, find_machine, read_machine_file},
    network::{Network, network_of_graph, network_of_model, read_network_file, shipped_network},
    report, simulate, variants,
};

use super::answers::answers;

/// The figures of models that lie in, or below, a folder.
pub struct Desk {
    folder: PathBuf,
    subjects: HashMap<String, Subject>,
}

/// A model that has been read.
#[derive(Clone)]
struct Subject {
    network: Network,
    /// What our own kernels run of it.
    planned: Network,
    /// The file; nothing for a layer list.
    file: Option<Vec<u8>>,
    /// The arena that the compiler plans for it; nothing where it cannot run.
    arena_bytes: Option<u64>,
}

impl Subject {
    fn of_list(network: Network) -> Self {
        Self { planned: network.clone(), network, file: None, arena_bytes: None }
    }

    /// The network as a machine runs it.
    fn on(&self, machine: &Machine) -> &Network {
        if machine.emulated.is_some() { &self.planned } else { &self.network }
    }
}

impl Desk {
    /// A desk for a budget that lies in a folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, subjects: HashMap::new() }
    }

    fn subject(&mut self, model: &ModelBudget) -> Result<Subject, Cause> {
        if let Some(known) = self.subjects.get(&model.file) {
            return Ok(known.clone());
        }
        let path = self.folder.join(&model.file);
        let shown = path.display().to_string();
        let is_model = path.extension().is_some_and(|ending| ending == "tflite");
        let subject = match (path.is_file(), shipped_network(&model.file)) {
            (true, _) if is_model => {
                let file = fs::read(&path).map_err(|error| format!("{shown}: {error}"))?;
                let network = network_of_model(&shown, &file)?;
                // What our own kernels cannot run may still be priced.
                let plan = compile(&model.name, &file, CompileOptions::DEVICE).ok();
                let arena_bytes = plan.as_ref().map(|plan| plan.layout.arena_bytes as u64);
                let planned = plan.map_or_else(|| network.clone(), |plan| network_of_graph(&plan.graph));
                Subject { network, planned, file: Some(file), arena_bytes }
            }
            (true, _) => Subject::of_list(read_network_file(&path)?),
            (false, Some(network)) => Subject::of_list(network),
            (false, None) => {
                return Err(
                    format!("there is no file {shown}, and no network of that name is shipped").into()
                );
            }
        };
        self.subjects.insert(model.file.clone(), subject.clone());
        Ok(subject)
    }

    fn machine(&self, name: &str) -> Result<Machine, Cause> {
        Ok(if name.ends_with(".toml") {
            read_machine_file(&self.folder.join(name))?
        } else {
            find_machine(name)?
        })
    }

    fn path(&self, path: &Path) -> Result<PathBuf, String> {
        let path = self.folder.join(path);
        if path.is_file() { Ok(path) } else { Err(format!("skipped: there is no file {}", path.display())) }
    }
}

fn settings(tier: &Tier) -> Result<Settings, Cause> {
    let goal = if tier.least == "energy" { Goal::Energy } else { Goal::Latency };
    Ok(Settings { place: Place::from_name(&tier.place)?, goal, batch: tier.batch.unwrap_or(0), cold: false })
}

/// A prediction's record, under the budget's name for the model.
fn priced(
    model: &ModelBudget,
    network: &Network,
    machine: &Machine,
    settings: Settings,
) -> Result<Record, Cause> {
    let mut record = report::record(&simulate(network, machine, settings)?);
    record.model.name.clone_from(&model.name);
    Ok(record)
}

impl Bench for Desk {
    fn record(&mut self, model: &ModelBudget, tier: &Tier, target: &Target) -> Result<Record, Cause> {
        let subject = self.subject(model)?;
        let sha256 = subject.file.as_deref().map(golden::sha256);
        match &target.kind {
            TargetKind::Record(path) => {
                let mut record = Record::read(&self.folder.join(path))?;
                if let Some(now) = sha256.filter(|now| *now != record.model.sha256) {
                    let text = format!("recorded with another file than the one here (sha256 {now})");
                    record.known_wrong.push(text);
                }
                record.model.name.clone_from(&model.name);
                Ok(record)
            }
            TargetKind::Machine(name) => {
                let machine = self.machine(name)?;
                let mut record = priced(model, subject.on(&machine), &machine, settings(tier)?)?;
                if let Some(sha256) = sha256 {
                    record.model.sha256 = sha256;
                }
                record.total.arena_bytes = subject.arena_bytes.or(record.total.arena_bytes);
                Ok(record)
            }
        }
    }

    fn variants(&mut self, model: &ModelBudget, tier: &Tier, target: &Target) -> Vec<Variant> {
        let TargetKind::Machine(name) = &target.kind else { return Vec::new() };
        let (Ok(subject), Ok(machine), Ok(settings)) =
            (self.subject(model), self.machine(name), settings(tier))
        else {
            return Vec::new();
        };
        // A variant's arena is not planned; it shrinks as the simulator's estimate does.
        let network = subject.on(&machine);
        let estimate = priced(model, network, &machine, settings).ok();
        let estimate = estimate.and_then(|record| record.total.arena_bytes).filter(|bytes| *bytes > 0);
        let planned = subject.arena_bytes.zip(estimate).map(|(plan, estimate)| plan as f64 / estimate as f64);
        let price = |variant: simulator::Variant| {
            let mut record = priced(model, &variant.network, &variant.machine, variant.settings).ok()?;
            let bytes = record.total.arena_bytes.map(|bytes| (bytes as f64 * planned.unwrap_or(1.0)) as u64);
            record.total.arena_bytes = bytes;
            Some(Variant { family: variant.family.to_owned(), text: variant.text, record })
        };
        variants(network, &machine, settings).into_iter().filter_map(price).collect()
    }

    fn file_bytes(&mut self, model: &ModelBudget) -> Result<Option<u64>, Cause> {
        Ok(self.subject(model)?.file.map(|file| file.len() as u64))
    }

    fn loss(&mut self, model: &ModelBudget) -> Result<Result<Loss, String>, Cause> {
        match &model.quantisation {
            None => Ok(Err("the budget does not say where the loss is to be taken from".to_owned())),
            Some(Quantisation::Accuracy { file, .. }) => match self.path(file) {
                Ok(path) => Ok(Ok(loss_of_accuracy(&path)?)),
                Err(absent) => Ok(Err(absent)),
            },
            Some(Quantisation::Outputs { float, int8, labels, measure, .. }) => {
                let (Int8Outputs::Given(second) | Int8Outputs::Run(second)) = int8;
                let wanted = [Some(float), Some(second), labels.as_ref()];
                let found: Result<Vec<_>, String> =
                    wanted.into_iter().map(|path| path.map(|path| self.path(path)).transpose()).collect();
                let (float, second, labels) = match found.as_deref() {
                    Ok([Some(float), Some(second), labels]) => (float, second, labels),
                    Ok(_) => return Ok(Err("nothing to compare".to_owned())),
                    Err(absent) => return Ok(Err(absent.clone())),
                };
                let (float_rows, mut int8_rows) = (read_rows(float)?, read_rows(second)?);
                if matches!(int8, Int8Outputs::Run(_)) {
                    let file = self.subject(model)?.file;
                    let file = file.context("a layer list cannot be run: give its int8 outputs")?;
                    int8_rows = answers(&model.name, &file, &int8_rows)?;
                }
                let labels = labels.as_deref().map(read_rows).transpose()?;
                let shown = second.display().to_string();
                Ok(Ok(loss_of_outputs(&shown, &float_rows, &int8_rows, labels.as_deref(), *measure)?))
            }
        }
    }
}
