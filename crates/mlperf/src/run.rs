use std::time::{Duration, Instant};

use telemetry::mlperf::Task;

use crate::{
    Dataset, Device, Error, Inference, Row, Score, median,
    score::{normalised, score},
};

/// What is to be found out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// How fast: five windows of many inferences of one input.
    Performance,
    /// How good: every input once.
    Accuracy,
    /// The windows of an energy measurement; a power monitor does the measuring.
    Energy,
}

/// Windows of a valid measurement.
pub const WINDOWS: usize = 5;
/// How long each has to be.
pub const LEAST_WINDOW: Duration = Duration::from_secs(10);
/// Inferences in each, at least.
const LEAST_ITERATIONS: u32 = 10;
/// What a window that is chosen here is longer than it has to be, in per cent.
const MARGIN: u64 = 5;
/// The same where the host's clock told how long an inference takes.
const MARGIN_BY_HOST: u64 = 10;
/// A difference that the host's clock tells well enough; nobody waits for more inferences than the other of the two.
const TELLING: Duration = Duration::from_millis(500);
const MOST_TRIED: u32 = 1 << 16;

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What.
    pub mode: Mode,
    /// Inferences in a window; nothing for as many as a window of ten seconds takes.
    pub iterations: Option<u32>,
    /// Inferences before a window; nothing for the benchmark's number.
    pub warmups: Option<u32>,
    /// How many windows, [`WINDOWS`] for a valid result.
    pub windows: usize,
    /// How long each should be, [`LEAST_WINDOW`] at least for a valid result.
    pub seconds: Duration,
}

impl Plan {
    /// As the benchmark has it.
    #[must_use]
    pub const fn new(mode: Mode) -> Self {
        Self { mode, iterations: None, warmups: None, windows: WINDOWS, seconds: LEAST_WINDOW }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One for each load and its inferences, in order.
    pub windows: Vec<Window>,
    /// In performance mode, the median of inferences in a second.
    pub throughput: Option<f64>,
    /// In accuracy mode, how good.
    pub score: Option<Score>,
    /// Why no submission could be made of it; nothing when one could.
    pub invalid: Option<&'static str>,
    /// How long it all took, on the host's clock.
    pub elapsed: Duration,
}

/// One input and what came of it.
#[derive(Clone, Debug)]
pub struct Window {
    /// The input.
    pub row: Row,
    /// How many windows its file has.
    pub segments: usize,
    /// Inferences on the clock.
    pub iterations: u32,
    /// Inferences before.
    pub warmups: u32,
    /// What the device said.
    pub inference: Inference,
}

impl Window {
    /// Microseconds on the device's clock.
    #[must_use]
    pub fn microseconds(&self) -> Option<u64> {
        self.inference.times.map(|(begin, end)| end.saturating_sub(begin))
    }

    /// Inferences in a second.
    #[must_use]
    pub fn throughput(&self) -> Option<f64> {
        let microseconds = self.microseconds().filter(|microseconds| *microseconds > 0)?;
        Some(f64::from(self.iterations) * 1e6 / microseconds as f64)
    }

    /// Whether it was long enough for a submission.
    #[must_use]
    pub fn is_long_enough(&self) -> bool {
        self.microseconds().is_some_and(|microseconds| u128::from(microseconds) > LEAST_WINDOW.as_micros())
    }
}

/// Warm-up inferences of the benchmark's own scripts.
fn warmups(task: Task) -> u32 {
    match task {
        Task::Vww | Task::Ic => 5,
        _ => 10,
    }
}

/// Runs a data set on a device. `progress` is told how many windows of how many are done.
///
/// # Errors
/// What a device, a line or a data set can do wrong; [`Error::NoTime`] where times are wanted and the device tells none.
pub fn measure(
    device: &mut Device,
    task: Task,
    set: &Dataset,
    plan: Plan,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Outcome, Error> {
    let started = Instant::now();
    let windows = match plan.mode {
        Mode::Accuracy => every_input(device, set, progress)?,
        Mode::Performance | Mode::Energy => few_inputs(device, task, set, plan, progress)?,
    };
    let elapsed = started.elapsed();
    let rates: Vec<_> = windows.iter().filter_map(Window::throughput).collect();
    let invalid = match plan.mode {
        Mode::Accuracy if set.is_made() => Some("the inputs are made up"),
        Mode::Accuracy => None,
        Mode::Energy => Some("no power monitor: the windows ran, nobody measured them"),
        Mode::Performance if windows.len() != WINDOWS => Some("there have to be five windows"),
        Mode::Performance if !windows.iter().all(Window::is_long_enough) => {
            Some("a window has to be longer than ten seconds")
        }
        Mode::Performance if windows.iter().any(|window| window.iterations < LEAST_ITERATIONS) => {
            Some("a window has to have ten inferences")
        }
        Mode::Performance if set.is_made() => Some("the inputs are made up"),
        Mode::Performance => None,
    };
    Ok(Outcome {
        throughput: (plan.mode == Mode::Performance).then(|| median(&rates)).flatten(),
        score: (plan.mode == Mode::Accuracy).then(|| score(&answers(&windows))),
        windows,
        invalid,
        elapsed,
    })
}

/// The first windows of the first inputs, many times each.
fn few_inputs(
    device: &mut Device,
    task: Task,
    set: &Dataset,
    plan: Plan,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Window>, Error> {
    let warmups = plan.warmups.unwrap_or_else(|| warmups(task));
    let mut iterations = plan.iterations;
    let mut windows = Vec::new();
    let total = set.rows().len().min(plan.windows);
    for (index, row) in set.rows().iter().enumerate().take(total) {
        progress(index, total);
        let Some(input) = set.inputs(index)?.into_iter().next() else { continue };
        device.load(&input)?;
        let iterations = match iterations {
            Some(iterations) => iterations,
            None => *iterations.insert(enough(device, plan.seconds)?),
        };
        let inference = device.infer(iterations, warmups)?;
        if plan.mode == Mode::Performance && inference.times.is_none() {
            return Err(Error::NoTime { command: format!("infer {iterations} {warmups}") });
        }
        windows.push(Window { row: row.clone(), segments: 1, iterations, warmups, inference });
    }
    progress(total, total);
    Ok(windows)
}

/// Inferences that take longer than a window has to be. Where the device tells no time, the host's clock is asked.
fn enough(device: &mut Device, seconds: Duration) -> Result<u32, Error> {
    const TRIED: u32 = 4;
    let (each, margin) = match device.infer(TRIED, 1)?.times {
        Some((begin, end)) => (end.saturating_sub(begin) / u64::from(TRIED), MARGIN),
        None => (each_by_host(device)?, MARGIN_BY_HOST),
    };
    let least = seconds.as_micros() as u64 * (100 + margin) / 100;
    let needed = least.div_ceil(each.max(1));
    Ok(u32::try_from(needed).unwrap_or(u32::MAX).max(LEAST_ITERATIONS))
}

/// Microseconds of an inference by the host's clock: what more of them take longer than one, since an answer takes time, too. More
/// are tried until that is long enough to be told.
fn each_by_host(device: &mut Device) -> Result<u64, Error> {
    let mut taken = |inferences| -> Result<u64, Error> {
        let started = Instant::now();
        device.infer(inferences, 0)?;
        Ok(started.elapsed().as_micros() as u64)
    };
    let one = taken(1)?;
    let mut more = 4;
    loop {
        let longer = taken(1 + more)?.saturating_sub(one);
        if longer >= TELLING.as_micros() as u64 || more >= MOST_TRIED {
            return Ok(longer / u64::from(more));
        }
        more *= 4;
    }
}

/// Every window of every input, once each.
fn every_input(
    device: &mut Device,
    set: &Dataset,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Window>, Error> {
    let mut windows = Vec::new();
    let total = set.rows().len();
    for (index, row) in set.rows().iter().enumerate() {
        progress(index, total);
        let inputs = set.inputs(index)?;
        let segments = inputs.len();
        for input in inputs {
            device.load(&input)?;
            let inference = device.infer(1, 0)?;
            windows.push(Window { row: row.clone(), segments, iterations: 1, warmups: 0, inference });
        }
    }
    progress(total, total);
    Ok(windows)
}

/// One answer for each input: the mean of its windows', each as shares of its sum where there is more than one number.
fn answers(windows: &[Window]) -> Vec<(Vec<f64>, usize)> {
    let same = |a: &Window, b: &Window| a.row.file == b.row.file;
    windows
        .chunk_by(same)
        .filter_map(|of_one| {
            let results = of_one.iter().map(|window| match &window.inference.results[..] {
                [number] => vec![*number],
                scores => normalised(scores),
            });
            let sum = results.reduce(|mut sum, next| {
                sum.iter_mut().zip(next).for_each(|(sum, next)| *sum += next);
                sum
            })?;
            let count = of_one.len() as f64;
            let class = of_one.first()?.row.class;
            Some((sum.into_iter().map(|sum| sum / count).collect(), class))
        })
        .collect()
}
