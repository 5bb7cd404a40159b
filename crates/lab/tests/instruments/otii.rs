use lab::{
    instruments,
    simulated_instruments::{Faults, Pace, Scene, Stretch, stage},
    stream::{Error, EventKind, GapReason},
};

use super::measured::{faulty, measure, scene};

#[test]
fn the_energy_of_a_known_waveform_is_recovered() {
    let measured = measure("otii", scene(), None);
    assert!(measured.error.is_none() && measured.gaps.is_empty(), "{:?} {:?}", measured.error, measured.gaps);
    assert_eq!(measured.samples.len(), 4000);
    assert!((measured.charge() / scene().waveform.charge() - 1.0).abs() < 1e-5);
    assert!((measured.charge_in_windows() / scene().waveform.charge_while(1) - 1.0).abs() < 1e-5);
    assert!(measured.samples.iter().all(|(_, sample)| sample.voltage == Some(3.0)));
}

#[test]
fn at_its_own_pace_it_streams_while_it_records() {
    let measured = measure("otii", Scene { pace: Pace::Real, ..scene() }, None);
    assert_eq!(measured.samples.len(), 4000);
    assert!((measured.charge_in_windows() / scene().waveform.charge_while(1) - 1.0).abs() < 1e-5);
}

#[test]
fn what_is_lost_is_counted_and_stays_lost() {
    let lose = vec![Stretch { at: 1500, samples: 30 }];
    let measured = measure("otii", faulty(Faults { lose, garble: vec![700], ..Faults::default() }), None);
    let told: Vec<_> = measured.gaps.iter().map(|gap| (gap.at, gap.missing, gap.why)).collect();
    assert_eq!(told, [(701, 1, GapReason::Overrun), (1530, 30, GapReason::Overrun)]);
    assert_eq!(measured.samples.len(), 3969);
    assert_eq!(measured.samples.last().map(|(index, _)| *index), Some(3999));
}

#[test]
fn an_output_that_was_cut_off_is_told() {
    let overload = vec![Stretch { at: 2000, samples: 1 }];
    let measured = measure("otii", faulty(Faults { overload, ..Faults::default() }), None);
    assert!(measured.events.iter().any(|event| event.kind == EventKind::Overload));
}

#[test]
fn a_server_that_goes_away_is_told() {
    let measured = measure("otii", faulty(Faults { disconnect: Some(2000), ..Faults::default() }), None);
    assert!(matches!(measured.error, Some(Error::Disconnected { .. })), "{:?}", measured.error);
}

#[test]
fn a_mute_server_and_none_at_all_are_told() {
    let stage = stage("otii", faulty(Faults { mute: true, ..Faults::default() })).unwrap();
    let error = instruments::open(&format!("otii:{}", stage.place())).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Silent { .. }), "{error}");
    let error = instruments::open("otii:127.0.0.1:1").map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("start the Otii application"), "{error}");
}
