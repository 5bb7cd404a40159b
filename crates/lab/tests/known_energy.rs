//! Energies that are known beforehand: found within what is promised, and no fault is passed over.

mod known;

use known::{Chance, Device, Faults, record, record_marked, replay};
use lab::{
    measurement::{Measurement, Options},
    recording::{Marking, Recording},
    stream::{Event, EventKind},
    window::Fault,
};

fn measured(device: &Device, faults: &Faults) -> Measurement {
    let folder = tempfile::tempdir().unwrap();
    replay(&record(folder.path(), device, faults, &mut Chance(1)), Options::default())
}

fn figure(measurement: &Measurement) -> f64 {
    measurement.energy.unwrap().microjoules.mean / 1e6
}

#[test]
fn without_noise_the_energy_is_found_within_half_a_per_cent() {
    for rate_hz in [1000.0, 10_000.0, 100_000.0] {
        for phase in [0.0, 0.3, 0.9] {
            let device = Device { rate_hz, phase, ..Device::default() };
            let measurement = measured(&device, &Faults::default());
            assert!(measurement.is_good(), "{:?}", measurement.problems);
            let off = figure(&measurement) / device.energy() - 1.0;
            assert!(off.abs() < 0.005, "{rate_hz} Hz, phase {phase}: {off}");
            assert!((measurement.microseconds.unwrap().mean - 5e4).abs() < 0.005 * 5e4);
        }
    }
}

/// Of 100 instruments that are as far off as their makers say, with noise, on devices that warm up.
#[test]
fn the_interval_holds_the_truth_in_at_least_93_of_100_noisy_runs() {
    let mut chance = Chance(42);
    let mut held = 0;
    let mut widths = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    let (gain, offset) = (0.01, 2e-6);
    for _ in 0..100 {
        let each = (0..5).map(|_| 1.0 + 0.01 * chance.normal()).collect();
        let device = Device { rate_hz: 2000.0, window: 0.2, phase: chance.uniform(), ..Device::default() };
        // What the windows differ by is chance; the truth is the device's, not that of these five.
        let truth = device.energy();
        let device = Device { each, ..device };
        let faults = Faults {
            gain: chance.normal() * gain / 1.96,
            offset: chance.normal() * offset / 1.96,
            clock: (chance.uniform() * 2.0 - 1.0) * 100e-6,
            noise: 200e-6,
            stated: (gain, offset),
            ..Faults::default()
        };
        let path = record(folder.path(), &device, &faults, &mut chance);
        let interval = replay(&path, Options::default()).energy.unwrap().microjoules;
        held += u32::from((interval.low..=interval.high).contains(&(truth * 1e6)));
        widths.push(interval.relative());
    }
    assert!((93..=100).contains(&held), "{held} of 100");
    // An interval that holds everything says nothing.
    let mean = widths.iter().sum::<f64>() / 100.0;
    assert!(mean < 0.025, "±{:.2} %", mean * 100.0);
}

#[test]
fn a_replay_gives_the_same_to_the_last_digit() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults { noise: 1e-4, ..Faults::default() };
    let path = record(folder.path(), &Device::default(), &faults, &mut Chance(7));
    let once = serde_json::to_string(&replay(&path, Options::default())).unwrap();
    let again = serde_json::to_string(&replay(&path, Options::default())).unwrap();
    assert_eq!(once, again);
    let copy = folder.path().join("copy.parquet");
    std::fs::copy(&path, &copy).unwrap();
    assert_eq!(serde_json::to_string(&replay(&copy, Options::default())).unwrap(), once);
}

#[test]
fn samples_that_were_changed_afterwards_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = record(folder.path(), &Device::default(), &Faults::default(), &mut Chance(7));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = Recording::open(&path).unwrap_err().to_string();
    assert!(error.contains("its samples are not those that were recorded"), "{error}");
}

#[test]
fn lost_samples_are_never_filled_and_never_good() {
    // In the second window: 0.2 + 0.5 + 0.2 s on.
    let lost = vec![(10_000..10_063, true)];
    let measurement = measured(&Device::default(), &Faults { lost, ..Faults::default() });
    assert!(!measurement.is_good());
    assert_eq!((measurement.lost.samples, measurement.lost.gaps), (63, 1));
    let whole: Vec<bool> = measurement.windows.iter().map(|window| window.whole).collect();
    assert_eq!(whole, [true, false, true, true, true]);
    assert_eq!(measurement.windows[1].missing, 63);
    // The windows that are whole still give the figure.
    assert!((figure(&measurement) / Device::default().energy() - 1.0).abs() < 0.005);
    assert!(
        measurement.problems[0].contains("63 samples were lost in 1 gaps (counter 1)"),
        "{:?}",
        measurement.problems
    );
}

#[test]
fn a_gap_of_unknown_length_costs_its_window() {
    let measurement =
        measured(&Device::default(), &Faults { lost: vec![(10_000..12_000, false)], ..Faults::default() });
    assert!(!measurement.is_good());
    assert_eq!((measurement.lost.unknown, measurement.lost.samples), (1, 0));
    assert!(!measurement.windows[1].whole);
}

#[test]
fn a_lost_edge_is_told() {
    // The first window's end.
    let measurement =
        measured(&Device::default(), &Faults { stuck: Some(6_900..7_100), ..Faults::default() });
    assert!(!measurement.is_good());
    assert!(measurement.faults.contains(&Fault::OddEdges { count: 9 }), "{:?}", measurement.faults);
    assert!(measurement.warnings.iter().any(|text| text.contains("may miss pulses of 100 µs")));
}

#[test]
fn an_edge_in_a_gap_is_no_edge() {
    let measurement =
        measured(&Device::default(), &Faults { lost: vec![(6_950..7_003, true)], ..Faults::default() });
    assert!(!measurement.is_good());
    assert!(!measurement.windows[0].whole, "{:?}", measurement.windows);
}

#[test]
fn an_overload_and_an_instrument_that_went_away_are_told() {
    let events = vec![Event { at: 10_500, kind: EventKind::Overload }];
    let measurement = measured(&Device::default(), &Faults { events, ..Faults::default() });
    assert!(!measurement.is_good() && !measurement.windows[1].whole);
    let broken = Some("the instrument went away after 12 samples".to_owned());
    let measurement = measured(&Device::default(), &Faults { broken, ..Faults::default() });
    assert!(!measurement.is_good());
    assert!(
        measurement.problems[0].starts_with("the stream ended before its time"),
        "{:?}",
        measurement.problems
    );
}

#[test]
fn idle_power_is_taken_off_when_asked() {
    let device = Device { idle: 1e-3, ..Device::default() };
    let folder = tempfile::tempdir().unwrap();
    let path = record(folder.path(), &device, &Faults::default(), &mut Chance(1));
    let measurement = replay(&path, Options { subtract_idle: true });
    let expected = device.energy() * 4.0 / 5.0;
    assert!((figure(&measurement) / expected - 1.0).abs() < 0.005);
    assert!((measurement.idle_w.unwrap() - 3e-3).abs() < 1e-6);
}

#[test]
fn without_a_pin_windows_are_found_by_the_current_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device { phase: 0.4, ..Device::default() };
    let faults = Faults { noise: 1e-4, ..Faults::default() };
    let path = record_marked(folder.path(), &device, &faults, &mut Chance(3), Marking::Shape);
    let measurement = replay(&path, Options::default());
    assert!(measurement.is_good(), "{:?}", measurement.problems);
    assert!((figure(&measurement) / device.energy() - 1.0).abs() < 0.005);
    assert!(measurement.warnings[0].contains("by the current's shape"), "{:?}", measurement.warnings);
}

#[test]
fn an_instrument_that_sees_nothing_of_the_device_is_told() {
    let device = Device { active: 5e-3, idle: 5e-3, ..Device::default() };
    let measurement = measured(&device, &Faults::default());
    assert!(measurement.warnings.iter().any(|text| text.contains("does not change with the windows")));
}
