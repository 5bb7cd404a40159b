/// A constant current for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// How long, in seconds.
    pub seconds: f64,
    /// Amperes.
    pub amperes: f64,
    /// The digital lines meanwhile: bit `n` is line `n`.
    pub digital: u8,
}

/// A current over time, piece by piece.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waveform {
    segments: Vec<Segment>,
    /// Starts over at its end.
    repeats: bool,
}

impl Waveform {
    /// One that ends with its last segment. Segments without a length are left out.
    #[must_use]
    pub fn new(segments: impl IntoIterator<Item = Segment>) -> Self {
        let segments = segments.into_iter().filter(|it| it.seconds > 0.0).collect();
        Self { segments, repeats: false }
    }

    /// The same, over and over.
    #[must_use]
    pub fn repeated(self) -> Self {
        Self { repeats: true, ..self }
    }

    /// A device that sleeps and works by turns, and holds line 0 high while it works.
    #[must_use]
    pub fn windows(count: usize, sleep: (f64, f64), work: (f64, f64)) -> Self {
        let asleep = Segment { seconds: sleep.0, amperes: sleep.1, digital: 0 };
        let awake = Segment { seconds: work.0, amperes: work.1, digital: 1 };
        let turns = std::iter::repeat_n([asleep, awake], count).flatten();
        Self::new(turns.chain([asleep]))
    }

    /// The pieces.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Seconds, of one round where it repeats.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.segments.iter().map(|it| it.seconds).sum()
    }

    /// Coulombs of one round; times the volts, joules.
    #[must_use]
    pub fn charge(&self) -> f64 {
        self.segments.iter().map(|it| it.seconds * it.amperes).sum()
    }

    /// Coulombs while all the lines of a mask are high, in one round.
    #[must_use]
    pub fn charge_while(&self, mask: u8) -> f64 {
        let high = self.segments.iter().filter(|it| it.digital & mask == mask);
        high.map(|it| it.seconds * it.amperes).sum()
    }

    /// Plays it from the start.
    #[must_use]
    pub fn play(&self) -> Player {
        Player {
            left: self.segments.first().map_or(0.0, |it| it.seconds),
            waveform: self.clone(),
            current: 0,
        }
    }
}

/// Goes along a [`Waveform`] in steps.
#[derive(Clone, Debug)]
pub struct Player {
    waveform: Waveform,
    current: usize,
    /// Seconds of the current segment that are still to come.
    left: f64,
}

impl Player {
    /// The mean current of the next `seconds` and the lines at their start; none when the waveform ends before.
    pub fn step(&mut self, seconds: f64) -> Option<(f64, u8)> {
        // Rounding of the steps before may leave a rest that is no time at all.
        while self.left <= seconds * 1e-6 {
            self.advance()?;
        }
        let segment = *self.waveform.segments.get(self.current)?;
        if self.left >= seconds {
            self.left -= seconds;
            return Some((segment.amperes, segment.digital));
        }
        let (mut charge, mut rest) = (0.0, seconds);
        while rest > seconds * 1e-6 {
            let segment = self.waveform.segments.get(self.current)?;
            let part = self.left.min(rest);
            charge += part * segment.amperes;
            rest -= part;
            self.left -= part;
            if self.left <= 0.0 && rest > seconds * 1e-6 {
                self.advance()?;
            }
        }
        Some((charge / seconds, segment.digital))
    }

    fn advance(&mut self) -> Option<()> {
        self.current += 1;
        if self.waveform.repeats && self.current >= self.waveform.segments.len() {
            self.current = 0;
        }
        // What was taken too much of one segment is taken from the next.
        self.left += self.waveform.segments.get(self.current)?.seconds;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_across_an_edge_has_the_mean_and_the_lines_of_its_start() {
        let mut player = Waveform::windows(1, (1.5, 1.0), (1.0, 5.0)).play();
        let steps: Vec<_> = std::iter::from_fn(|| player.step(1.0)).collect();
        assert_eq!(steps, [(1.0, 0), (3.0, 0), (3.0, 1), (1.0, 0)]);
    }

    #[test]
    fn the_charge_played_is_the_charge_told() {
        let waveform = Waveform::windows(3, (0.0123, 2e-6), (0.04567, 3.3e-3));
        let mut player = waveform.play();
        let played: f64 = std::iter::from_fn(|| player.step(1e-5)).map(|(current, _)| current * 1e-5).sum();
        assert!((played / waveform.charge() - 1.0).abs() < 1e-6);
        assert!((waveform.charge_while(1) - 3.0 * 0.04567 * 3.3e-3).abs() < 1e-12);
    }

    #[test]
    fn a_repeated_one_does_not_drift() {
        let mut player = Waveform::windows(1, (0.1, 0.0), (0.1, 1.0)).repeated().play();
        let played: f64 =
            (0..3_000_000).filter_map(|_| player.step(1e-4)).map(|(current, _)| current * 1e-4).sum();
        assert!((played - 100.0).abs() < 0.01, "{played}");
    }
}
