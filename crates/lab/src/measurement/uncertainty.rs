//! How far figures may be off, part by part (`docs/lab.md` has the formulae).

use super::{collect::Collected, result::WindowFigures};
use crate::{
    recording::Recording,
    statistics::{Contributions, Integral, mean},
    window::Window,
};

/// What goes into the uncertainty of all figures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// In a window.
    pub inferences: f64,
    /// Of windows.
    pub count: f64,
    /// Standard uncertainty of a window's length.
    pub edge_seconds: f64,
    /// Watts.
    pub subtracted: f64,
}

impl Known {
    /// Of the energy of an inference, in microjoules; windows' scatter apart.
    pub fn energy(&self, sum: &Integral, collected: &Collected, recording: &Recording) -> Contributions {
        const REACH: f64 = 1.96;
        let acquisition = &recording.metadata().acquisition;
        let rate_hz = acquisition.rate_hz;
        let each = 1e6 / self.inferences / self.count;
        let seconds = sum.samples() as f64 / rate_hz;
        // Idle power is off by what the instrument is off outside windows.
        let outside = collected.idle.all();
        let idle = if self.subtracted > 0.0 && outside.samples() > 0 {
            outside.instrument(acquisition) / (outside.samples() as f64 / rate_hz) * seconds
        } else {
            0.0
        };
        let energy = sum.energy(rate_hz) - self.subtracted * seconds;
        let power = sum.mean_power().unwrap_or(0.0);
        Contributions {
            windows: 0.0,
            instrument: (sum.instrument(acquisition) + idle) * each / REACH,
            edges: power * self.edge_seconds * 1e6 / self.inferences / self.count.sqrt(),
            clock: energy * each * acquisition.rate_uncertainty / 3.0_f64.sqrt(),
            voltage: energy * each * acquisition.volts_uncertainty / REACH,
        }
    }

    /// Of the length of an inference, in microseconds.
    pub fn time(&self, times: &[f64], clock: f64) -> Contributions {
        let length = mean(times).unwrap_or(0.0);
        Contributions {
            edges: self.edge_seconds * 1e6 / self.inferences / self.count.sqrt(),
            clock: length * clock / 3.0_f64.sqrt(),
            ..Contributions::default()
        }
    }
}

/// The standard uncertainty of a window's length, in seconds: each edge lies anywhere within its samples.
pub(super) fn edges(windows: &[(&WindowFigures, &Integral)], rate_hz: f64) -> f64 {
    let squares = |of: &Window| (of.begin_within as f64).powi(2) + (of.end_within as f64).powi(2);
    let square = windows.iter().map(|(of, _)| squares(&of.window)).sum::<f64>() / windows.len().max(1) as f64;
    (square / 12.0).sqrt() / rate_hz
}
