//! Windows by the current alone: stretches of high current between stretches of low current.
//!
//! Means over a millisecond are sorted into those below and above a threshold, which is Otsu's: the one that leaves the
//! least variance within the two classes, here of the logarithm of the current. (N. Otsu, "A threshold selection method
//! from gray-level histograms", IEEE Trans. SMC 9, 1979.)

use super::Window;
use crate::{recording::WindowPlan, stream::Block};

/// Means that are kept; when there are more, two become one.
const MOST: usize = 1 << 20;
/// Length of a mean at first, in seconds.
const MEAN_SECONDS: f64 = 1e-3;
/// Classes of the histogram.
const CLASSES: usize = 256;
/// Lower current for less than this, in seconds, does not end a window: a core that waits for memory.
const DIP_SECONDS: f64 = 0.05;
/// High current for less than this share of the longest stretch is no window: an input that is being loaded.
const SHORT: f64 = 0.5;
/// Between the classes' means, as a ratio of currents; what differs by less is one level and its noise.
const APART: f64 = 1.2;

/// The current over a whole stream in short means.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Samples of a mean.
    length: u64,
    sums: Vec<(f64, u32)>,
}

impl Levels {
    /// Nothing yet.
    #[must_use]
    pub fn new(rate_hz: f64) -> Self {
        Self { length: (rate_hz * MEAN_SECONDS).round().max(1.0) as u64, sums: Vec::new() }
    }

    /// Takes a block.
    pub fn push(&mut self, block: &Block) {
        for (index, sample) in block.indexed() {
            let mut bin = (index / self.length) as usize;
            while bin >= MOST {
                self.merge();
                bin = (index / self.length) as usize;
            }
            if bin >= self.sums.len() {
                self.sums.resize(bin + 1, (0.0, 0));
            }
            if let Some((sum, count)) = self.sums.get_mut(bin) {
                *sum += f64::from(sample.current);
                *count += 1;
            }
        }
    }

    fn merge(&mut self) {
        let add = |pair: &[(f64, u32)]| pair.iter().fold((0.0, 0), |of, next| (of.0 + next.0, of.1 + next.1));
        self.sums = self.sums.chunks(2).map(add).collect();
        self.length *= 2;
    }

    /// Means; nothing where all samples were lost.
    fn means(&self) -> impl Iterator<Item = Option<f64>> {
        self.sums.iter().map(|(sum, count)| (*count > 0).then(|| sum / f64::from(*count)))
    }
}

/// The windows, or why there are none.
pub fn windows(levels: &Levels, plan: &WindowPlan, rate_hz: f64) -> Result<Vec<Window>, String> {
    let threshold = threshold(levels)?;
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let dip = (DIP_SECONDS * rate_hz / levels.length as f64).ceil() as u64;
    let count = levels.sums.len() as u64;
    for (bin, mean) in levels.means().enumerate() {
        if mean.is_none_or(|mean| mean < threshold) {
            continue;
        }
        let bin = bin as u64;
        match runs.last_mut().filter(|(_, end)| bin - *end <= dip) {
            Some((_, end)) => *end = bin + 1,
            None => runs.push((bin, bin + 1)),
        }
    }
    // What is cut off by the stream's ends has no length to compare.
    runs.retain(|(begin, end)| *begin > 0 && *end < count);
    let longest = runs.iter().map(|(begin, end)| end - begin).max().unwrap_or(0) as f64;
    let planned = plan.seconds * rate_hz / levels.length as f64;
    let least = SHORT * if planned > 0.0 { longest.min(planned) } else { longest };
    runs.retain(|(begin, end)| (end - begin) as f64 >= least);
    if runs.is_empty() {
        return Err("no stretch of high current lies between two of low current".to_owned());
    }
    let length = levels.length;
    let window = |(begin, end): (u64, u64)| Window {
        begin: begin * length,
        end: end * length,
        begin_within: length,
        end_within: length,
    };
    Ok(runs.into_iter().map(window).collect())
}

/// Otsu's, in amperes.
fn threshold(levels: &Levels) -> Result<f64, String> {
    let logarithms = || levels.means().flatten().filter(|mean| *mean > 0.0).map(f64::ln);
    let (low, high) = logarithms()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if high.is_nan() || high <= low {
        return Err("the current does not change".to_owned());
    }
    let mut classes = [(0_u64, 0.0_f64); CLASSES];
    for value in logarithms() {
        let class = ((value - low) / (high - low) * (CLASSES - 1) as f64).round() as usize;
        if let Some((count, sum)) = classes.get_mut(class) {
            *count += 1;
            *sum += value;
        }
    }
    let all = classes.iter().fold((0, 0.0), |of, class| (of.0 + class.0, of.1 + class.1));
    let mut below = (0, 0.0);
    // Between-class variance, and the classes' means. Empty classes in the middle share the best; their middle is taken.
    let mut best: Option<(f64, f64, f64)> = None;
    for (count, sum) in classes {
        below = (below.0 + count, below.1 + sum);
        let above = (all.0 - below.0, all.1 - below.1);
        if below.0 == 0 || above.0 == 0 {
            continue;
        }
        let means = (below.1 / below.0 as f64, above.1 / above.0 as f64);
        let apart = means.1 - means.0;
        let variance = below.0 as f64 * above.0 as f64 * apart * apart;
        if best.is_none_or(|(known, _, _)| variance > known) {
            best = Some((variance, means.0, means.1));
        }
    }
    match best {
        Some((_, low, high)) if high - low >= APART.ln() => Ok(f64::midpoint(low, high).exp()),
        _ => Err("its high and low levels are less than 20 % apart".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{recording::Marking, stream::Sample};

    fn levels(currents: &[(f64, usize)]) -> Levels {
        let mut levels = Levels::new(10_000.0);
        let samples = currents.iter().enumerate().flat_map(|(part, (current, count))| {
            let noise = move |at: usize| 1.0 + 0.05 * ((at * 7 + part) % 11) as f64 / 11.0;
            (0..*count).map(move |at| Sample {
                current: (current * noise(at)) as f32,
                voltage: None,
                digital: 0,
                range: 0,
            })
        });
        levels.push(&Block { samples: samples.collect(), ..Block::default() });
        levels
    }

    fn plan(seconds: f64) -> WindowPlan {
        WindowPlan { expected: 0, inferences: 1, seconds, marking: Marking::Shape }
    }

    #[test]
    fn stretches_of_high_current_are_windows_and_short_ones_are_not() {
        let levels = levels(&[
            (1e-5, 5000),
            (4e-3, 1000),
            (1e-5, 5000),
            (5e-3, 10_000),
            (1e-5, 200),
            (5e-3, 10_000),
            (1e-5, 5000),
            (5e-3, 20_200),
            (1e-5, 5000),
        ]);
        let windows = windows(&levels, &plan(0.0), 10_000.0).unwrap();
        let spans: Vec<_> = windows.iter().map(|window| (window.begin, window.end)).collect();
        assert_eq!(spans, [(11_000, 31_200), (36_200, 56_400)]);
        assert_eq!(windows[0].begin_within, 10);
    }

    #[test]
    fn a_level_with_noise_has_no_windows() {
        let error = windows(&levels(&[(3e-3, 50_000)]), &plan(0.0), 10_000.0).unwrap_err();
        assert!(error.contains("less than 20 % apart"), "{error}");
    }

    #[test]
    fn a_window_that_the_stream_cuts_off_is_none() {
        let levels = levels(&[(5e-3, 10_000), (1e-5, 5000), (5e-3, 10_000)]);
        assert!(windows(&levels, &plan(0.0), 10_000.0).is_err());
    }

    #[test]
    fn long_streams_are_kept_in_coarser_means() {
        let mut levels = Levels::new(1000.0);
        let sample = Sample { current: 2.0, voltage: None, digital: 0, range: 0 };
        let mut block = Block { first: 2 * MOST as u64 + 5, samples: vec![sample; 4], ..Block::default() };
        levels.push(&block);
        assert_eq!(levels.length, 4);
        block.first = 8;
        levels.push(&block);
        assert_eq!(levels.means().flatten().collect::<Vec<_>>(), [2.0; 3]);
    }
}
