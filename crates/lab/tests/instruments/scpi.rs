use lab::{
    recording::Acquisition,
    simulated_instruments::{Faults, Stretch, open},
    stream::{Error, EventKind, GapReason, Mode, Setup},
};

use super::measured::{faulty, measure, scene};

#[test]
fn the_energy_of_a_known_waveform_is_recovered() {
    for rate_hz in [None, Some(1000.0)] {
        let measured = measure("scpi", scene(), rate_hz);
        assert!(
            measured.error.is_none() && measured.gaps.is_empty(),
            "{:?} {:?}",
            measured.error,
            measured.gaps
        );
        assert!((measured.charge() / scene().waveform.charge() - 1.0).abs() < 2e-3, "{}", measured.charge());
    }
}

#[test]
fn the_shortest_period_is_the_units_own() {
    let measured = measure("scpi", scene(), Some(1e6));
    assert!((measured.rate_hz - 9765.625).abs() < 1e-3);
    assert_eq!(measured.samples.len(), 9765);
}

#[test]
fn what_is_lost_and_what_is_beyond_the_range_are_gaps() {
    let lose = vec![Stretch { at: 1500, samples: 30 }];
    let overload = vec![Stretch { at: 4000, samples: 5 }];
    let measured = measure("scpi", faulty(Faults { lose, overload, ..Faults::default() }), None);
    let missing = |why| measured.gaps.iter().filter(|gap| gap.why == why).map(|gap| gap.missing).sum::<u64>();
    assert_eq!((missing(GapReason::Garbled), missing(GapReason::Overload)), (30, 5));
    assert_eq!(measured.samples.len(), 9765 - 35);
    assert!(measured.events.iter().any(|event| event.kind == EventKind::Overload));
}

#[test]
fn a_pulled_cable_is_told() {
    let measured = measure("scpi", faulty(Faults { disconnect: Some(3000), ..Faults::default() }), None);
    assert!(matches!(measured.error, Some(Error::Disconnected { .. })), "{:?}", measured.error);
}

#[test]
fn what_nobody_could_check_of_ammeter_mode_is_said_beside_its_figures() {
    for (mode, expected) in [(Mode::Source, 0), (Mode::Ampere, 1)] {
        let mut unit = open("scpi", scene()).unwrap();
        let applied = unit.configure(&Setup { mode, volts: 3.0, rate_hz: None, duration: None }).unwrap();
        let acquisition = Acquisition::new(unit.as_ref(), mode, applied);
        assert_eq!(acquisition.unverified.len(), expected);
        assert!(acquisition.unverified.iter().all(|what| what.starts_with("not verified: that `EMUL AMM`")));
    }
}
