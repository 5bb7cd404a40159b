use lab::{
    instruments,
    simulated_instruments::{Faults, Stretch, stage},
    stream::{Error, EventKind, GapReason},
};

use super::measured::{faulty, measure, scene};

#[test]
fn the_energy_of_a_known_waveform_is_recovered() {
    let measured = measure("ina", scene(), None);
    assert!(measured.error.is_none() && measured.gaps.is_empty(), "{:?} {:?}", measured.error, measured.gaps);
    assert_eq!(measured.samples.len(), 1000);
    assert!((measured.charge() / scene().waveform.charge() - 1.0).abs() < 1e-4);
    assert!((measured.charge_in_windows() / scene().waveform.charge_while(1) - 1.0).abs() < 1e-4);
    assert!(
        measured
            .samples
            .iter()
            .all(|(_, sample)| sample.voltage.is_some_and(|volts| (volts - 3.0).abs() < 1e-4))
    );
}

#[test]
fn what_is_lost_is_counted_and_stays_lost() {
    let lose = vec![Stretch { at: 100, samples: 7 }];
    let overload = vec![Stretch { at: 700, samples: 2 }];
    let measured =
        measure("ina", faulty(Faults { lose, overload, garble: vec![500], ..Faults::default() }), None);
    let missing = |why| measured.gaps.iter().filter(|gap| gap.why == why).map(|gap| gap.missing).sum::<u64>();
    assert_eq!(missing(GapReason::Overrun), 7);
    // A frame of 32 samples that begins at 480 was cut after sample 500.
    assert_eq!(missing(GapReason::Counter), 21);
    assert_eq!(measured.samples.len(), 1000 - 28);
    let overloads: Vec<_> =
        measured.events.iter().filter(|it| it.kind == EventKind::Overload).map(|it| it.at).collect();
    assert_eq!(overloads, [700]);
}

#[test]
fn a_pulled_cable_is_told_with_what_came_before() {
    let measured = measure("ina", faulty(Faults { disconnect: Some(333), ..Faults::default() }), None);
    assert!(matches!(measured.error, Some(Error::Disconnected { samples: 333 })), "{:?}", measured.error);
}

#[test]
fn another_speed_of_the_line_is_named() {
    let stage = stage("ina", faulty(Faults { baud: Some(9600), ..Faults::default() })).unwrap();
    let error = instruments::open(&format!("ina:{}", stage.place())).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("921600 baud"), "{error}");
}
