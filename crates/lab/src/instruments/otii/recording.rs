use serde::Deserialize;

use crate::{
    instruments::Tally,
    stream::{Block, GapReason, RANGE_UNKNOWN, Sample},
};

/// A piece of a channel of figures.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Analogue {
    /// When its first value was taken, in seconds.
    pub timestamp: f64,
    /// Seconds from value to value.
    pub interval: f64,
    /// Amperes, volts; `null` where there is none.
    pub values: Vec<Option<f64>>,
}

/// A piece of a channel of edges.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Digital {
    /// In order.
    pub values: Vec<Edge>,
}

/// When an input became what.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub struct Edge {
    /// Seconds.
    pub timestamp: f64,
    /// High.
    pub value: bool,
}

/// Puts the channels of a recording together.
#[derive(Clone, Debug)]
pub struct Recording {
    id: i64,
    rate_hz: f64,
    /// Values of the current that were taken from the server.
    taken: u64,
    /// Values of the voltage, and edges of both inputs, that were.
    counts: (u64, [u64; 2]),
    /// The time of sample 0.
    start: Option<f64>,
    /// Those voltages that the current has not come to yet, with their times.
    voltages: std::collections::VecDeque<(f64, f32)>,
    volts: Option<f32>,
    edges: [std::collections::VecDeque<Edge>; 2],
    digital: u8,
}

impl Recording {
    /// At the start of a recording.
    #[must_use]
    pub fn new(id: i64, rate_hz: f64) -> Self {
        Self {
            id,
            rate_hz,
            taken: 0,
            counts: (0, [0; 2]),
            start: None,
            voltages: Default::default(),
            volts: None,
            edges: Default::default(),
            digital: 0,
        }
    }

    pub(super) fn id(&self) -> i64 {
        self.id
    }

    /// How many values of the current were taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// How many values of the voltage were taken.
    #[must_use]
    pub fn voltages(&self) -> u64 {
        self.counts.0
    }

    /// How many edges of an input were taken.
    #[must_use]
    pub fn edges(&self, input: usize) -> u64 {
        self.counts.1.get(input).copied().unwrap_or(0)
    }

    /// Takes voltages; they reach until the next of them.
    pub fn voltage(&mut self, piece: &Analogue) {
        self.counts.0 += piece.values.len() as u64;
        let times = (0..).map(|index| piece.timestamp + f64::from(index) * piece.interval);
        let known = times.zip(&piece.values).filter_map(|(time, volts)| Some((time, (*volts)? as f32)));
        self.voltages.extend(known);
    }

    /// Takes edges of an input, 0 or 1.
    pub fn digital(&mut self, input: usize, piece: &Digital) {
        let (Some(edges), Some(count)) = (self.edges.get_mut(input), self.counts.1.get_mut(input)) else {
            return;
        };
        *count += piece.values.len() as u64;
        edges.extend(&piece.values);
    }

    /// Takes currents, and adds them to a block with what the other channels tell of their time.
    ///
    /// A jump of the time is a gap, and so is a `null`.
    pub fn current(&mut self, piece: &Analogue, tally: &mut Tally, block: &mut Block) {
        self.taken += piece.values.len() as u64;
        let start = *self.start.get_or_insert(piece.timestamp);
        let ahead = (piece.timestamp - start) * self.rate_hz - tally.next() as f64;
        if ahead > 0.5 && ahead.is_finite() {
            tally.gap(block, ahead.round() as u64, GapReason::Overrun);
        }
        let mut missing = 0;
        for current in &piece.values {
            let Some(current) = current.map(|it| it as f32).filter(|it| it.is_finite()) else {
                missing += 1;
                continue;
            };
            if missing > 0 {
                tally.gap(block, missing, GapReason::Overrun);
                missing = 0;
            }
            // The middle of its time, so that no rounding puts an edge on the wrong side.
            self.advance(start + (tally.next() as f64 + 0.5) / self.rate_hz);
            let (voltage, digital) = (self.volts, self.digital);
            tally.sample(block, Sample { current, voltage, digital, range: RANGE_UNKNOWN });
        }
        if missing > 0 {
            tally.gap(block, missing, GapReason::Overrun);
        }
    }

    /// Brings voltage and inputs up to a time.
    fn advance(&mut self, time: f64) {
        while let Some((_, volts)) = self.voltages.pop_front_if(|(at, _)| *at <= time) {
            self.volts = Some(volts);
        }
        for (input, edges) in self.edges.iter_mut().enumerate() {
            while let Some(edge) = edges.pop_front_if(|edge| edge.timestamp <= time) {
                self.digital = self.digital & !(1 << input) | u8::from(edge.value) << input;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Gap;

    #[test]
    fn channels_meet_in_time() {
        let (mut recording, mut tally, mut block) =
            (Recording::new(1, 1000.0), Tally::default(), Block::default());
        recording.voltage(&Analogue {
            timestamp: 5.0,
            interval: 0.002,
            values: vec![Some(3.0), None, Some(3.2)],
        });
        let edges = vec![Edge { timestamp: 5.001, value: true }, Edge { timestamp: 5.0035, value: false }];
        recording.digital(1, &Digital { values: edges });
        let values = vec![Some(0.1), Some(0.2), None, Some(0.3), Some(0.4)];
        recording.current(&Analogue { timestamp: 5.0, interval: 0.001, values }, &mut tally, &mut block);
        let rows: Vec<_> =
            block.indexed().map(|(index, it)| (index, it.current, it.voltage, it.digital)).collect();
        let expected =
            [(0, 0.1, Some(3.0), 0), (1, 0.2, Some(3.0), 2), (3, 0.3, Some(3.0), 0), (4, 0.4, Some(3.2), 0)];
        assert_eq!(rows, expected);
        assert_eq!(block.gaps, [Gap { at: 3, missing: 1, why: GapReason::Overrun }]);
        // A millisecond and a half of nothing, of which a whole sample is missing.
        let late = Analogue { timestamp: 5.007, interval: 0.001, values: vec![Some(0.5)] };
        recording.current(&late, &mut tally, &mut block);
        assert_eq!(block.gaps.last(), Some(&Gap { at: 7, missing: 2, why: GapReason::Overrun }));
        assert_eq!(recording.taken(), 6);
    }

    #[test]
    fn a_time_out_of_reach_adds_nothing() {
        let (mut recording, mut tally, mut block) =
            (Recording::new(1, 1000.0), Tally::default(), Block::default());
        for timestamp in [0.0, f64::INFINITY, f64::NAN, -1e300] {
            recording.current(&Analogue { timestamp, interval: 0.0, values: vec![] }, &mut tally, &mut block);
        }
        assert!(block.is_empty());
    }
}
