use std::time::Instant;

use super::{Faults, Waveform, faults::Draw, waveform::Player};

/// What a simulated instrument plays.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The current of the device under test, by the device's clock.
    pub waveform: Waveform,
    /// What goes wrong.
    pub faults: Faults,
    /// How much faster the device's clock runs than the instrument's, in parts per million.
    pub drift_ppm: f64,
    /// How fast the samples come.
    pub pace: Pace,
}

/// How fast samples come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Pace {
    /// As they would.
    #[default]
    Real,
    /// As fast as they are read.
    Fast,
}

/// What becomes of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// It is sent.
    Sent {
        /// Mean current over the sample, with noise.
        amperes: f64,
        /// Digital lines.
        digital: u8,
    },
    /// It is sent, and its bytes are damaged.
    Garbled,
    /// It is taken, and not sent.
    Lost,
    /// The current is beyond the range.
    Overload {
        /// What it would be.
        amperes: f64,
        /// Digital lines.
        digital: u8,
    },
    /// The cable is pulled.
    Unplugged,
}

/// Plays a [`Scene`] sample by sample, from the start of a stream.
#[derive(Debug)]
pub struct Source {
    player: Player,
    draw: Draw,
    faults: Faults,
    /// Seconds of the device's clock by sample.
    step: f64,
    rate_hz: f64,
    pace: Pace,
    started: Instant,
    index: u64,
    /// No fault before this sample.
    quiet_until: u64,
    lines: Lines,
}

impl Source {
    /// Starts the stream.
    #[must_use]
    pub fn new(scene: &Scene, rate_hz: f64) -> Self {
        let mut player = scene.waveform.play();
        let lines = Lines::new(player.step(0.0).map_or(0, |(_, digital)| digital), &scene.faults);
        Self {
            player,
            draw: Draw::new(scene.faults.noise),
            faults: scene.faults.clone(),
            step: (1.0 + scene.drift_ppm * 1e-6) / rate_hz,
            rate_hz,
            pace: scene.pace,
            started: Instant::now(),
            index: 0,
            quiet_until: 0,
            lines,
        }
    }

    /// How many samples are due by now, and at most `most`.
    #[must_use]
    pub fn due(&self, most: u64) -> u64 {
        match self.pace {
            Pace::Fast => most,
            Pace::Real => {
                let due = (self.started.elapsed().as_secs_f64() * self.rate_hz) as u64;
                due.saturating_sub(self.index).min(most)
            }
        }
    }

    /// Index of the next sample.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The next sample; none at the end of the waveform.
    pub fn next_sample(&mut self) -> Option<Fate> {
        let index = self.index;
        let (amperes, digital) = self.player.step(self.step)?;
        self.index += 1;
        let digital = self.lines.seen(digital);
        let amperes = self.draw.disturb(amperes);
        if index < self.quiet_until {
            return Some(Fate::Sent { amperes, digital });
        }
        Some(self.fate(index, amperes, digital))
    }

    fn fate(&mut self, index: u64, amperes: f64, digital: u8) -> Fate {
        let faults = &self.faults;
        if faults.disconnect.is_some_and(|at| index >= at) {
            return Fate::Unplugged;
        }
        if faults.lose.iter().any(|stretch| stretch.contains(index)) {
            return Fate::Lost;
        }
        if faults.garble.contains(&index) {
            return Fate::Garbled;
        }
        if faults.overload.iter().any(|stretch| stretch.contains(index)) {
            return Fate::Overload { amperes, digital };
        }
        let stretches = faults.lose.iter().chain(&faults.overload).map(|stretch| stretch.at);
        let starts = stretches.chain(faults.garble.iter().copied()).chain(faults.disconnect);
        self.quiet_until = starts.filter(|start| *start > index).min().unwrap_or(u64::MAX);
        Fate::Sent { amperes, digital }
    }
}

/// The digital lines as an instrument sees them that misses some edges.
#[derive(Debug)]
struct Lines {
    real: u8,
    seen: u8,
    edges: u64,
    missed: Vec<u64>,
}

impl Lines {
    fn new(start: u8, faults: &Faults) -> Self {
        Self { real: start, seen: start, edges: 0, missed: faults.miss_edges.clone() }
    }

    fn seen(&mut self, real: u8) -> u8 {
        let mut changed = real ^ self.real;
        self.real = real;
        while changed != 0 {
            let line = changed & changed.wrapping_neg();
            changed ^= line;
            if !self.missed.contains(&self.edges) {
                self.seen = self.seen & !line | real & line;
            }
            self.edges += 1;
        }
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated_instruments::Stretch;

    fn scene(faults: Faults) -> Scene {
        Scene { waveform: Waveform::windows(2, (2.0, 0.0), (2.0, 1.0)), faults, ..Scene::default() }
    }

    #[test]
    fn every_fault_comes_at_its_sample_and_nowhere_else() {
        let faults = Faults {
            lose: vec![Stretch { at: 1, samples: 2 }],
            garble: vec![4],
            overload: vec![Stretch { at: 6, samples: 2 }],
            disconnect: Some(9),
            ..Faults::default()
        };
        let mut source = Source::new(&scene(faults), 1.0);
        let fates: Vec<_> = std::iter::from_fn(|| source.next_sample()).collect();
        let sent = |amperes, digital| Fate::Sent { amperes, digital };
        let expected = [
            sent(0.0, 0),
            Fate::Lost,
            Fate::Lost,
            sent(1.0, 1),
            Fate::Garbled,
            sent(0.0, 0),
            Fate::Overload { amperes: 1.0, digital: 1 },
            Fate::Overload { amperes: 1.0, digital: 1 },
            sent(0.0, 0),
            Fate::Unplugged,
        ];
        assert_eq!(fates, expected);
    }

    #[test]
    fn a_missed_edge_leaves_the_line_where_it_was() {
        let faults = Faults { miss_edges: vec![1], ..Faults::default() };
        let mut source = Source::new(&scene(faults), 1.0);
        let lines: Vec<_> = std::iter::from_fn(|| source.next_sample())
            .map(|fate| if let Fate::Sent { digital, .. } = fate { digital } else { 9 })
            .collect();
        assert_eq!(lines, [0, 0, 1, 1, 1, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn a_fast_device_is_done_sooner() {
        let drifting = Scene { drift_ppm: 250_000.0, ..scene(Faults::default()) };
        let mut source = Source::new(&drifting, 1.0);
        assert_eq!(std::iter::from_fn(|| source.next_sample()).count(), 8);
    }
}
