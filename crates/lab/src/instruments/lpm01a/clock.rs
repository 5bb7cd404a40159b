use std::time::Duration;

use crate::{
    instruments::Tally,
    stream::{Block, EventKind, GapReason},
};

/// How exact a time stamp is against the samples around it.
const JITTER: Duration = Duration::from_millis(5);

/// What the figures of a stream are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Amperes.
    Current,
    /// Joules since the figure before.
    Energy {
        /// The supply.
        volts: f64,
        /// Figures a second.
        rate_hz: f64,
    },
}

impl Scale {
    /// The current that a figure stands for.
    pub(super) fn current(self, figure: f64) -> f32 {
        match self {
            Self::Current => figure as f32,
            Self::Energy { volts, rate_hz } => (figure * rate_hz / volts) as f32,
        }
    }
}

/// Compares the instrument's time stamps with the samples that came.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    rate_hz: f64,
    /// Samples that the first stamp was ahead of those that had come.
    ahead: Option<i64>,
}

impl Clock {
    pub fn new(rate_hz: f64) -> Self {
        Self { rate_hz, ahead: None }
    }

    /// A time stamp between two samples, and how full the instrument's buffer is in percent.
    ///
    /// Both come from one clock, so that the distance between them stays: where it grows, samples are missing.
    pub fn stamp(&mut self, time: Duration, full: u8, tally: &mut Tally, block: &mut Block) {
        tally.event(block, EventKind::DeviceTime(time));
        if full >= 99 {
            tally.event(block, EventKind::Message(format!("the instrument's buffer is {full} % full")));
        }
        let due = (time.as_secs_f64() * self.rate_hz).round() as i64;
        let ahead = due.saturating_sub_unsigned(tally.next());
        let tolerance = (JITTER.as_secs_f64() * self.rate_hz) as i64 + 2;
        match self.ahead {
            Some(before) if ahead - before > tolerance => {
                tally.gap(block, (ahead - before).unsigned_abs(), GapReason::Counter);
            }
            Some(_) => {}
            None => self.ahead = Some(ahead),
        }
    }
}
