//! What a model takes of a core: of a whole run, and of each of its steps.

use std::{collections::BTreeMap, path::Path, time::Duration};

use firmware::Contents;

use crate::{Code, Counts, Emulator, Error, Job, Mix, Region, Reply, Timing, qemu::MARKS};

/// What one warm run of a model takes.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Of the whole run, nobody watching: the steps, and the loop that runs them.
    pub whole: Mix,
    /// Of each step, in the order in which they first ran.
    pub steps: Vec<StepProfile>,
    /// What the firmware answered.
    pub reply: Reply,
}

/// What one step of the plan takes in a run.
#[derive(Clone, Debug, Default)]
pub struct StepProfile {
    /// The plan's number for it.
    pub step: u32,
    /// The model's number for the layer that it belongs to.
    pub layer: u32,
    /// How often it ran: several times in a loop.
    pub times: u32,
    /// What ran, all times together.
    pub mix: Mix,
}

/// An image, and how to run it for a profile.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// The image, built with the features `marks` and `steps`.
    pub image: &'a Path,
    /// The library that counts: see the crate `microjoule-emulator-plugin`.
    pub plugin: &'a Path,
    /// What instructions take.
    pub timing: &'a Timing,
    /// For each of the two runs.
    pub limit: Duration,
}

/// Runs of the model: the first sets it up, the second is counted.
const RUNS: usize = 2;

impl Emulator {
    /// Counts and prices the second of two runs on the same input: what is done once is done in the first.
    ///
    /// The functions that mark where counting begins and ends are not counted; the call to the second is.
    ///
    /// # Errors
    /// As [`Emulator::count`]; [`Error::Unpriced`], when the core does not have an instruction; [`Error::Regions`].
    pub fn profile(&self, session: &Session<'_>, input: &[u8]) -> Result<Profile, Error> {
        let Session { image, plugin, timing, limit } = *session;
        let code = Code::read(image)?;
        let contents = Contents::read(image)?;
        let marks = MARKS
            .map(|name| contents.function(name).map_or(0..0, |mark| mark.address..mark.address + mark.bytes));
        let is_mark = |address: u64| marks.iter().any(|mark| mark.contains(&address));
        let price = |region: &Region| Mix::of(region, &code, timing, &is_mark);
        let cases = vec![input.to_vec(); RUNS];
        let count = |steps: bool| -> Result<(Reply, Counts), Error> {
            self.count(image, &Job { cases: &cases, steps, reset: false }, plugin, limit)
        };

        let (reply, counts) = count(false)?;
        let regions = |found: usize, expected: usize| Error::Regions { found, expected };
        let [_, second] = &counts.marked[..] else { return Err(regions(counts.marked.len(), RUNS)) };
        let whole = price(second)?;

        let (observed, counts) = count(true)?;
        let ran: Vec<_> = observed.cases.iter().map(|case| case.steps.len()).collect();
        let [first, second] = ran[..] else { return Err(regions(ran.len(), RUNS)) };
        if counts.marked.len() < first + second {
            return Err(regions(counts.marked.len(), first + second));
        }
        let last = &counts.marked[counts.marked.len() - second..];
        let mut steps: Vec<StepProfile> = Vec::new();
        let mut places: BTreeMap<u32, usize> = BTreeMap::new();
        for (region, step) in last.iter().zip(observed.cases.iter().skip(1).flat_map(|case| &case.steps)) {
            let place = *places.entry(step.step).or_insert_with(|| {
                steps.push(StepProfile { step: step.step, layer: step.layer, ..StepProfile::default() });
                steps.len() - 1
            });
            let own = &mut steps[place];
            own.times += 1;
            own.mix.extend(&price(region)?);
        }
        Ok(Profile { whole, steps, reply })
    }
}
