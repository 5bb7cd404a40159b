//! The second reading: sums by window, idle power, the trace.

use crate::{
    recording::{Error, Recording},
    statistics::{Idle, Integral},
    trace::Trace,
    window::Window,
};

/// What a reading brought.
#[derive(Clone, Debug)]
pub struct Collected {
    /// One for each window.
    pub windows: Vec<Integral>,
    /// Whether there are gaps in it, known or unknown, likewise.
    pub holes: Vec<bool>,
    /// What is in none.
    pub idle: Idle,
    /// The current over all of the time.
    pub trace: Trace,
    /// The index after the last sample.
    pub end: u64,
}

/// Reads it all; `windows` are in order and do not overlap.
pub fn collect(recording: &mut Recording, windows: &[Window]) -> Result<Collected, Error> {
    let acquisition = recording.metadata().acquisition.clone();
    let volts = acquisition.volts;
    let mut integrals = vec![Integral::default(); windows.len()];
    let mut holes = vec![false; windows.len()];
    let mut idle = Idle::new(acquisition.rate_hz);
    let mut trace = Trace::new(acquisition.rate_hz, windows.first().copied());
    let mut end = 0;
    // The window that the stream is in or before.
    let mut at = 0;
    recording.each_block(|block| {
        if !block.gaps.is_empty() {
            idle.interrupt();
        }
        for gap in &block.gaps {
            let hit = |window: &Window| gap.at > window.begin && gap.at <= window.end;
            let both = std::iter::zip(&mut holes, windows);
            both.filter(|(_, window)| hit(window)).for_each(|(hole, _)| *hole = true);
        }
        for (index, sample) in block.indexed() {
            while windows.get(at).is_some_and(|window| index >= window.end) {
                at += 1;
            }
            match windows.get(at).filter(|window| index >= window.begin) {
                Some(_) => {
                    if let Some(integral) = integrals.get_mut(at) {
                        integral.add(sample, volts);
                    }
                    idle.interrupt();
                }
                None => idle.add(sample, volts),
            }
            trace.push(index, sample.current);
        }
        end = block.next();
    })?;
    Ok(Collected { windows: integrals, holes, idle, trace, end })
}
