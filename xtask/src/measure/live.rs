//! What somebody at the terminal sees while samples come.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lab::acquisition::Live;

/// A line that follows the stream.
#[derive(Debug)]
pub struct View {
    bar: ProgressBar,
    rate_hz: f64,
    name: &'static str,
}

impl View {
    /// Of a stream that should take so long. What a simulated instrument plays says so.
    pub fn new(rate_hz: f64, seconds: f64, simulated: bool) -> Self {
        let bar = ProgressBar::new(seconds.ceil() as u64);
        let style = ProgressStyle::with_template("{bar:20} {pos}/{len} s  {msg}");
        let bar = style.map_or(bar.clone(), |style| bar.with_style(style));
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, rate_hz, name: if simulated { "simulated: " } else { "" } }
    }

    /// Shows what has come.
    pub fn show(&self, live: &Live) {
        let seconds = live.at as f64 / self.rate_hz;
        self.bar.set_position(seconds as u64);
        let pin = if live.digital & 1 == 1 { "▔" } else { "▁" };
        self.bar.set_message(format!(
            "{}{:.3} mA now, {:.3} mA in the mean, {:.3} mA at most, pin {pin} after {} edges, {} samples lost",
            self.name,
            live.current * 1e3,
            live.sum / (live.at - live.missing).max(1) as f64 * 1e3,
            live.peak * 1e3,
            live.edges,
            live.missing
        ));
    }

    /// Leaves the terminal as it was.
    pub fn end(self) {
        self.bar.finish_and_clear();
    }
}
