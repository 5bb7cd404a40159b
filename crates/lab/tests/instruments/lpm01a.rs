use lab::{
    instruments,
    simulated_instruments::{Faults, Scene, Stretch, stage},
    stream::{Error, EventKind, GapReason},
};

use super::measured::{Measured, faulty, measure, scene};

/// By the rate, the instrument sends energies in text or currents in binary.
const RATES_HZ: [f64; 3] = [1e3, 5e3, 100e3];

fn edges(measured: &Measured) -> Vec<(u64, bool)> {
    let edge = |kind: &EventKind| match kind {
        EventKind::Edge { input: 0, rising } => Some(*rising),
        _ => None,
    };
    measured.events.iter().filter_map(|event| Some((event.at, edge(&event.kind)?))).collect()
}

#[test]
fn the_energy_of_a_known_waveform_is_recovered() {
    for rate_hz in RATES_HZ {
        let measured = measure("lpm01a", scene(), Some(rate_hz));
        assert!(
            measured.error.is_none() && measured.gaps.is_empty(),
            "{:?} {:?}",
            measured.error,
            measured.gaps
        );
        assert_eq!(measured.samples.len() as f64, rate_hz);
        let ratio = measured.charge() / scene().waveform.charge();
        assert!((ratio - 1.0).abs() < 1e-3, "{rate_hz} Hz: {ratio}");
        let windows = edges(&measured);
        let expected: Vec<_> =
            [0.1, 0.3, 0.4, 0.6, 0.7, 0.9].iter().map(|it| (it * rate_hz).round() as u64).collect();
        assert_eq!(windows.iter().map(|edge| edge.0).collect::<Vec<_>>(), expected);
        assert_eq!(
            windows.iter().map(|edge| edge.1).collect::<Vec<_>>(),
            [true, false, true, false, true, false]
        );
        assert_eq!(
            measured.events.iter().filter(|it| matches!(it.kind, EventKind::DeviceTime(_))).count(),
            1
        );
    }
}

#[test]
fn what_is_lost_shows_in_the_time_stamps() {
    let waveform = lab::simulated_instruments::Waveform::windows(2, (0.5, 1e-5), (1.5, 3e-3));
    for rate_hz in RATES_HZ {
        let lost = (rate_hz / 10.0) as u64;
        let lose = vec![Stretch { at: (rate_hz * 1.5) as u64, samples: lost }];
        let faults = Faults { lose, ..Faults::default() };
        let measured =
            measure("lpm01a", Scene { waveform: waveform.clone(), faults, ..scene() }, Some(rate_hz));
        assert_eq!(measured.missing(), lost, "{rate_hz} Hz");
        assert!(measured.gaps.iter().all(|gap| gap.why == GapReason::Counter));
    }
}

#[test]
fn a_garbled_sample_and_an_overload_are_told() {
    for rate_hz in RATES_HZ {
        let overload = vec![Stretch { at: 700, samples: 1 }];
        let measured = measure(
            "lpm01a",
            faulty(Faults { garble: vec![500], overload, ..Faults::default() }),
            Some(rate_hz),
        );
        assert!(measured.gaps.iter().any(|gap| gap.why == GapReason::Garbled), "{:?}", measured.gaps);
        let overloads = measured.events.iter().filter(|it| it.kind == EventKind::Overload).count();
        assert_eq!(overloads, 1, "{rate_hz} Hz");
    }
}

#[test]
fn a_pulled_cable_is_told_with_what_came_before() {
    for rate_hz in RATES_HZ {
        let measured =
            measure("lpm01a", faulty(Faults { disconnect: Some(400), ..Faults::default() }), Some(rate_hz));
        assert!(matches!(measured.error, Some(Error::Disconnected { samples: 400 })), "{:?}", measured.error);
        assert_eq!(measured.samples.len(), 400);
    }
}

#[test]
fn another_speed_of_the_line_is_named() {
    let stage = stage("lpm01a", faulty(Faults { baud: Some(921_600), ..Faults::default() })).unwrap();
    let error = instruments::open(&format!("lpm01a:{}", stage.place())).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("3686400 baud"), "{error}");
}
