//! Where the timed windows are in a stream: by the pin that the firmware moves, or by the current's shape where there is no
//! pin.
//!
//! Nothing is guessed over. An edge that is missing, one too many, a window beside the others' length: each is a
//! [`Fault`], and the measurement is no good.

mod edges;
mod shape;

use serde::{Deserialize, Serialize};

pub use edges::{Edge, Finder};
pub use shape::Levels;

use crate::{
    recording::{Marking, Polarity, WindowPlan},
    stream::{Event, EventKind},
};

/// A window differs from the median of all by more than this share of its length when an edge was lost or invented.
/// Inferences of one model on one clock differ by less; those of inputs that take other branches too.
const UNEVEN: f64 = 0.1;

/// A timed window: from the sample at `begin` up to the one before `end`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Window {
    /// Index of its first sample.
    pub begin: u64,
    /// Index of the first sample after it.
    pub end: u64,
    /// Samples in which the first edge may have been, before and including `begin`.
    pub begin_within: u64,
    /// Samples in which the last edge may have been.
    pub end_within: u64,
}

impl Window {
    fn between(begin: Edge, end: Edge) -> Self {
        Self { begin: begin.at, end: end.at, begin_within: begin.within, end_within: end.within }
    }

    /// Samples from edge to edge.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.end.saturating_sub(self.begin)
    }

    /// Whether a sample is in it.
    #[must_use]
    pub fn contains(&self, index: u64) -> bool {
        (self.begin..self.end).contains(&index)
    }
}

/// What is wrong with the marks of a stream.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "fault")]
#[non_exhaustive]
pub enum Fault {
    /// A window has one edge only.
    #[error("window {window}: an edge is missing, {found} of 2 arrived")]
    LostEdge {
        /// Counted from 0.
        window: u32,
        /// Edges that there are.
        found: u32,
    },
    /// Edges that pair with nothing.
    #[error("{count} edges make no pairs: one was lost, or one was noise")]
    OddEdges {
        /// How many there are.
        count: u32,
    },
    /// The stream begins or ends within a window.
    #[error("the stream {} within a window", if *.at_end { "ends" } else { "begins" })]
    CutOff {
        /// It ends there.
        at_end: bool,
    },
    /// The pin did nothing that makes a window.
    #[error(
        "the window pin marks nothing: is it wired to the input that was named, and has the firmware one?"
    )]
    NoEdges,
    /// Not as many windows as there should be.
    #[error("{found} windows, expected {expected}")]
    Count {
        /// That there are.
        found: u32,
        /// That there should be.
        expected: u32,
    },
    /// A window is not as long as the others.
    #[error("window {window} is {:.1} % {} than the median of all: an edge is missing or one too many", ratio_percent(*.ratio), if *.ratio > 1.0 { "longer" } else { "shorter" })]
    Uneven {
        /// Counted from 0.
        window: u32,
        /// Its length over the median.
        ratio: f64,
    },
    /// The current shows nothing like windows.
    #[error("no windows can be told by the current: {why}")]
    NoShape {
        /// What is missing.
        why: String,
    },
}

fn ratio_percent(ratio: f64) -> f64 {
    (ratio - 1.0).abs() * 100.0
}

/// The windows of a stream, and what is wrong with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows {
    /// In order of time; they do not overlap.
    pub found: Vec<Window>,
    /// What must not be passed over.
    pub faults: Vec<Fault>,
}

impl Windows {
    /// Pairs the edges of a pin. Where the host noted when it asked for a window and when it was answered, a
    /// window's edges are the last two in between, as MLPerf Tiny's runner takes them; otherwise edges pair in order.
    #[must_use]
    pub fn by_pin(edges: &[Edge], events: &[Event], plan: &WindowPlan) -> Self {
        let asked = asked(events);
        let mut windows = match plan.marking {
            Marking::Level { edge, .. } => levels(edges, edge),
            _ => {
                let counted: Vec<Edge> =
                    edges.iter().copied().filter(|edge| counts(*edge, plan.marking)).collect();
                if asked.is_empty() { pairs(&counted, plan.expected) } else { between(&counted, &asked) }
            }
        };
        windows.count(plan);
        // Where the host noted when each window was, no pair can be a wrong one, and a window of another length is one.
        if asked.is_empty() {
            windows.compare();
        }
        windows
    }

    /// Takes stretches of high current for windows.
    #[must_use]
    pub fn by_shape(levels: &Levels, events: &[Event], plan: &WindowPlan, rate_hz: f64) -> Self {
        let mut windows = match shape::windows(levels, plan, rate_hz) {
            Ok(found) => Self { found, faults: Vec::new() },
            Err(why) => Self { found: Vec::new(), faults: vec![Fault::NoShape { why }] },
        };
        windows.count(plan);
        let asked = asked(events);
        let within = |(window, (_, from, to)): (&Window, &(u32, u64, u64))| {
            window.begin + window.begin_within >= *from && window.end <= to.saturating_add(window.end_within)
        };
        let noted = asked.len() == windows.found.len();
        if asked.is_empty() || !noted || !std::iter::zip(&windows.found, &asked).all(within) {
            windows.compare();
        }
        windows
    }

    /// Holds what was found against what was expected.
    fn count(&mut self, plan: &WindowPlan) {
        let found = self.found.len() as u32;
        if found == 0 && plan.marking != Marking::Shape {
            self.faults.push(Fault::NoEdges);
        }
        if plan.expected != 0 && found != plan.expected {
            self.faults.push(Fault::Count { found, expected: plan.expected });
        }
    }

    /// Holds windows against each other.
    fn compare(&mut self) {
        let mut lengths: Vec<u64> = self.found.iter().map(Window::samples).collect();
        lengths.sort_unstable();
        let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0).max(1) as f64;
        let uneven = self.found.iter().enumerate().filter_map(|(window, of)| {
            let ratio = of.samples() as f64 / median;
            ((ratio - 1.0).abs() > UNEVEN).then_some(Fault::Uneven { window: window as u32, ratio })
        });
        self.faults.extend(uneven);
    }
}

/// Whether an edge is of the kind that marks something.
fn counts(edge: Edge, marking: Marking) -> bool {
    match marking {
        Marking::Pulses { edge: wanted, .. } => edge.is(wanted),
        Marking::Level { .. } | Marking::Shape => true,
    }
}

/// From the edge that begins a window to the next of the other kind.
fn levels(edges: &[Edge], begins: Polarity) -> Windows {
    let mut windows = Windows::default();
    let mut open = None;
    for &edge in edges {
        if edge.is(begins) {
            open = Some(edge);
        } else {
            match open.take() {
                Some(begin) => windows.found.push(Window::between(begin, edge)),
                None => windows.faults.push(Fault::CutOff { at_end: false }),
            }
        }
    }
    if open.is_some() {
        windows.faults.push(Fault::CutOff { at_end: true });
    }
    windows
}

/// Two by two. A single pulse more than the windows have is what firmware sends when it starts.
fn pairs(edges: &[Edge], expected: u32) -> Windows {
    let count = edges.len() as u32;
    let starts = expected != 0 && count == expected.saturating_mul(2).saturating_add(1);
    let edges = edges.get(usize::from(starts)..).unwrap_or_default();
    let (pairs, odd) = edges.as_chunks::<2>();
    let found = pairs.iter().map(|[begin, end]| Window::between(*begin, *end)).collect();
    let faults = if odd.is_empty() { Vec::new() } else { vec![Fault::OddEdges { count }] };
    Windows { found, faults }
}

/// When each window was asked for and answered.
fn asked(events: &[Event]) -> Vec<(u32, u64, u64)> {
    let answered = |wanted: u32| {
        let mut all = events.iter();
        let found =
            all.find(|event| matches!(event.kind, EventKind::Answered { window } if window == wanted));
        found.map_or(u64::MAX, |event| event.at)
    };
    let of = |event: &Event| match event.kind {
        EventKind::Asked { window } => Some((window, event.at, answered(window))),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

fn between(edges: &[Edge], asked: &[(u32, u64, u64)]) -> Windows {
    let mut windows = Windows::default();
    for &(window, from, to) in asked {
        let within: Vec<Edge> = edges.iter().copied().filter(|edge| (from..=to).contains(&edge.at)).collect();
        match within.as_slice() {
            [.., begin, end] => windows.found.push(Window::between(*begin, *end)),
            few => windows.faults.push(Fault::LostEdge { window, found: few.len() as u32 }),
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    const PULSES: Marking = Marking::Pulses { input: 0, edge: Polarity::Falling };
    const LEVEL: Marking = Marking::Level { input: 0, edge: Polarity::Rising };

    fn plan(marking: Marking, expected: u32) -> WindowPlan {
        WindowPlan { expected, inferences: 1, seconds: 0.0, marking }
    }

    /// Pulses of ten samples that begin here.
    fn pulses(at: &[u64]) -> Vec<Edge> {
        let both = |&at: &u64| [(at, false), (at + 10, true)];
        at.iter().flat_map(both).map(|(at, rising)| Edge { at, within: 1, rising }).collect()
    }

    fn spans(windows: &Windows) -> Vec<(u64, u64)> {
        windows.found.iter().map(|window| (window.begin, window.end)).collect()
    }

    #[test]
    fn pulses_pair_and_the_one_at_the_start_is_left_out() {
        let edges = pulses(&[5, 1000, 2000, 3000, 4000]);
        let windows = Windows::by_pin(&edges, &[], &plan(PULSES, 2));
        assert_eq!((spans(&windows), windows.faults), (vec![(1000, 2000), (3000, 4000)], vec![]));
    }

    #[test]
    fn a_lost_pulse_is_told() {
        let edges = pulses(&[1000, 2000, 3000]);
        let windows = Windows::by_pin(&edges, &[], &plan(PULSES, 2));
        let count = Fault::Count { found: 1, expected: 2 };
        assert_eq!(windows.faults, [Fault::OddEdges { count: 3 }, count]);
    }

    #[test]
    fn with_the_hosts_notes_a_lost_pulse_costs_one_window() {
        let edges = pulses(&[5, 1000, 2000, 3000, 5000, 6000]);
        let at = |at, kind| Event { at, kind };
        let events: Vec<Event> = [(0, 900, 2100), (1, 2900, 4100), (2, 4900, 6100)]
            .into_iter()
            .flat_map(|(window, from, to)| {
                [at(from, EventKind::Asked { window }), at(to, EventKind::Answered { window })]
            })
            .collect();
        let windows = Windows::by_pin(&edges, &events, &plan(PULSES, 3));
        assert_eq!(spans(&windows), [(1000, 2000), (5000, 6000)]);
        let lost = Fault::LostEdge { window: 1, found: 1 };
        assert_eq!(windows.faults, [lost, Fault::Count { found: 2, expected: 3 }]);
    }

    #[test]
    fn a_level_frames_its_window_and_one_that_is_cut_off_is_told() {
        let edge = |at, rising| Edge { at, within: 1, rising };
        let edges = [edge(50, false), edge(100, true), edge(200, false), edge(300, true)];
        let windows = Windows::by_pin(&edges, &[], &plan(LEVEL, 0));
        assert_eq!(spans(&windows), [(100, 200)]);
        assert_eq!(windows.faults, [Fault::CutOff { at_end: false }, Fault::CutOff { at_end: true }]);
    }

    #[test]
    fn a_pair_across_a_lost_edge_is_uneven() {
        let edges = pulses(&[1000, 2000, 3000, 4000, 5000, 9000]);
        let windows = Windows::by_pin(&edges, &[], &plan(PULSES, 3));
        assert_eq!(windows.faults, [Fault::Uneven { window: 2, ratio: 4.0 }]);
    }

    #[test]
    fn faults_say_what_happened() {
        let said = [
            (Fault::LostEdge { window: 3, found: 1 }, "window 3: an edge is missing, 1 of 2 arrived"),
            (Fault::CutOff { at_end: true }, "the stream ends within a window"),
            (
                Fault::Uneven { window: 2, ratio: 0.75 },
                "window 2 is 25.0 % shorter than the median of all: an edge is missing or one too many",
            ),
        ];
        said.into_iter().for_each(|(fault, text)| assert_eq!(fault.to_string(), text));
    }
}
