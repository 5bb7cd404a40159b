//! From an instrument to a recording, while somebody watches.

use std::time::{Duration, Instant};

use crate::{
    recording::{self, Recorder},
    stream::{Block, Error, Event, EventKind, Instrument, Progress},
};

/// How long a read waits.
const PATIENCE: Duration = Duration::from_millis(100);
/// A stream from which nothing comes for so long is broken.
const SILENCE: Duration = Duration::from_secs(5);
/// What was sent before the instrument was stopped may come for so long.
const REST: Duration = Duration::from_secs(1);

/// What a stream has brought so far, for whoever watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Live {
    /// The index after the last sample.
    pub at: u64,
    /// Gaps so far.
    pub gaps: u64,
    /// Of these, samples.
    pub missing: u64,
    /// Mean current of what came last, in amperes.
    pub current: f64,
    /// The most so far.
    pub peak: f64,
    /// Charge so far, in amperes times samples.
    pub sum: f64,
    /// Digital inputs, as they were last.
    pub digital: u8,
    /// Their changes so far, with those that the instrument tells of beside its samples.
    pub edges: u64,
}

/// What to do next.
#[derive(Clone, Debug, Default)]
pub struct Next {
    /// To be noted at the sample that came last.
    pub notes: Vec<EventKind>,
    /// Inferences in a window, where that became known only now.
    pub inferences: Option<u32>,
    /// Enough.
    pub stop: bool,
}

/// Records until `watch` says that it is enough, or the stream ends. Power is on meanwhile, and off afterwards.
///
/// A stream that broke is recorded as far as it came, and its end is in the recording: that is no error here.
///
/// # Errors
/// [`recording::Error`], where the recording cannot be written.
pub fn acquire(
    instrument: &mut dyn Instrument,
    mut recorder: Recorder,
    watch: &mut dyn FnMut(&Live) -> Next,
) -> Result<(), recording::Error> {
    let mut live = Live::default();
    let begun = instrument.power(true).and_then(|()| instrument.start());
    let ran = match begun {
        Ok(()) => stream(instrument, &mut recorder, &mut live, watch)?,
        Err(error) => Err(error),
    };
    // The device is switched off whatever happened; an instrument that is not there any more cannot.
    if instrument.stop().is_ok() && ran.is_ok() {
        rest(instrument, &mut recorder, &mut live)?;
    }
    let _ = instrument.power(false);
    let broken = ran.err().map(|error| error.to_string());
    recorder.finish(broken).map(|_| ())
}

/// Reads until it is enough. The inner result is the stream's.
fn stream(
    instrument: &mut dyn Instrument,
    recorder: &mut Recorder,
    live: &mut Live,
    watch: &mut dyn FnMut(&Live) -> Next,
) -> Result<Result<(), Error>, recording::Error> {
    let mut block = Block::default();
    let mut heard = Instant::now();
    loop {
        block.clear(live.at);
        let progress = instrument.read(PATIENCE, &mut block);
        recorder.push(&block)?;
        live.take(&block);
        match progress {
            Err(error) => return Ok(Err(error)),
            Ok(Progress::Ended) => return Ok(Ok(())),
            Ok(Progress::Data) => heard = Instant::now(),
            Ok(Progress::Idle) if heard.elapsed() > SILENCE => {
                return Ok(Err(Error::Silent { asked: "samples".to_owned(), waited: SILENCE }));
            }
            Ok(Progress::Idle) => {}
        }
        let next = watch(live);
        let at = live.at.saturating_sub(1);
        next.notes.into_iter().for_each(|kind| recorder.event(Event { at, kind }));
        if let Some(inferences) = next.inferences {
            recorder.metadata_mut().windows.inferences = inferences;
        }
        if next.stop {
            return Ok(Ok(()));
        }
    }
}

/// Takes what is still on its way: some instruments tell of edges later than of samples.
fn rest(
    instrument: &mut dyn Instrument,
    recorder: &mut Recorder,
    live: &mut Live,
) -> Result<(), recording::Error> {
    let end = Instant::now() + REST;
    let mut block = Block::default();
    while Instant::now() < end {
        block.clear(live.at);
        let progress = instrument.read(PATIENCE, &mut block);
        recorder.push(&block)?;
        live.take(&block);
        // It was stopped: that nothing more comes is no fault.
        if !matches!(progress, Ok(Progress::Data)) {
            break;
        }
    }
    Ok(())
}

impl Live {
    fn take(&mut self, block: &Block) {
        let sum: f64 = block.samples.iter().map(|sample| f64::from(sample.current)).sum();
        if !block.samples.is_empty() {
            self.current = sum / block.samples.len() as f64;
        }
        self.sum += sum;
        for sample in &block.samples {
            self.peak = self.peak.max(sample.current.into());
            self.edges += u64::from(self.at > 0 && sample.digital != self.digital);
            self.digital = sample.digital;
            self.at += 1;
        }
        let told = block.events.iter().filter(|event| matches!(event.kind, EventKind::Edge { .. }));
        self.edges += told.count() as u64;
        self.gaps += block.gaps.len() as u64;
        self.missing += block.gaps.iter().map(|gap| gap.missing).sum::<u64>();
        self.at = self.at.max(block.next());
    }
}
