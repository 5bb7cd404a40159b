use lab::{
    simulated_instruments::{Faults, Noise, Pace, Scene, Stage, Stretch, Waveform, stage},
    stream::{Error, EventKind, GapReason},
};

use super::measured::{faulty, measure, scene};

#[test]
fn the_energy_of_a_known_waveform_is_recovered() {
    let measured = measure("ppk2", scene(), None);
    assert!(measured.error.is_none() && measured.gaps.is_empty(), "{:?} {:?}", measured.error, measured.gaps);
    assert_eq!(measured.samples.len(), 100_000);
    let truth = scene().waveform;
    assert!(
        (measured.charge() / truth.charge() - 1.0).abs() < 1e-3,
        "{}",
        measured.charge() / truth.charge()
    );
    let windows = measured.charge_in_windows() / truth.charge_while(1);
    assert!((windows - 1.0).abs() < 1e-3, "{windows}");
    let ranges: Vec<_> = measured.samples.iter().map(|(_, sample)| sample.range).collect();
    assert!(ranges.contains(&0) && ranges.contains(&2));
}

#[test]
fn the_energy_of_every_range_is_recovered() {
    for amperes in [2e-6, 30e-6, 300e-6, 4e-3, 20e-3, 400e-3] {
        let waveform = Waveform::windows(2, (0.02, 3e-6), (0.5, amperes));
        let measured = measure("ppk2", Scene { waveform: waveform.clone(), ..scene() }, None);
        let ratio = measured.charge() / waveform.charge();
        assert!((ratio - 1.0).abs() < 2e-3, "{amperes} A: {ratio}");
    }
}

#[test]
fn noise_averages_out() {
    let noise = Noise { relative: 0.05, amperes: 1e-6, seed: 3 };
    let measured = measure("ppk2", faulty(Faults { noise, ..Faults::default() }), None);
    assert!((measured.charge() / scene().waveform.charge() - 1.0).abs() < 2e-3);
}

#[test]
fn what_is_lost_is_counted_and_stays_lost() {
    let lose = vec![Stretch { at: 5000, samples: 7 }, Stretch { at: 20_000, samples: 63 }];
    let measured = measure("ppk2", faulty(Faults { lose, garble: vec![40_000], ..Faults::default() }), None);
    let told: Vec<_> = measured.gaps.iter().map(|gap| (gap.at, gap.missing, gap.why)).collect();
    assert_eq!(told[0], (5007, 7, GapReason::Counter));
    assert_eq!(told[1], (20_063, 63, GapReason::Counter));
    assert!(told[2..].iter().all(|gap| gap.2 == GapReason::Garbled));
    assert_eq!(measured.missing(), 71);
    assert_eq!(measured.samples.len() as u64 + measured.missing(), 100_000);
    assert_eq!(measured.samples.last().map(|(index, _)| *index), Some(99_999));
}

#[test]
fn an_overload_is_told() {
    let overload = vec![Stretch { at: 500, samples: 10 }];
    let measured = measure("ppk2", faulty(Faults { overload, ..Faults::default() }), None);
    let overloads: Vec<_> = measured.events.iter().filter(|it| it.kind == EventKind::Overload).collect();
    assert_eq!(overloads.iter().map(|it| it.at).collect::<Vec<_>>(), [500]);
}

#[test]
fn a_pulled_cable_is_told_with_what_came_before() {
    let measured = measure("ppk2", faulty(Faults { disconnect: Some(30_000), ..Faults::default() }), None);
    assert!(matches!(measured.error, Some(Error::Disconnected { samples: 30_000 })), "{:?}", measured.error);
    assert_eq!(measured.samples.len(), 30_000);
}

#[test]
fn a_drifting_board_ends_early() {
    let measured = measure("ppk2", Scene { drift_ppm: 100.0, ..scene() }, None);
    assert_eq!(measured.samples.len(), 99_990);
}

#[test]
fn a_mute_instrument_is_said_to_be_silent() {
    let stage: Stage = stage("ppk2", faulty(Faults { mute: true, ..Faults::default() })).unwrap();
    let error = lab::instruments::open(&format!("ppk2:{}", stage.place())).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Silent { .. }), "{error}");
}

#[test]
fn a_line_in_use_says_so() {
    let stage = stage("ppk2", scene()).unwrap();
    let name = format!("ppk2:{}", stage.place());
    let _first = lab::instruments::open(&name).unwrap();
    let error = lab::instruments::open(&name).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("in use"), "{error}");
}

#[test]
fn at_its_own_pace_a_second_takes_a_second() {
    let waveform = Waveform::windows(1, (0.1, 4e-6), (0.2, 3e-3));
    let started = std::time::Instant::now();
    let measured = measure("ppk2", Scene { waveform, pace: Pace::Real, ..scene() }, None);
    assert_eq!(measured.samples.len(), 40_000);
    assert!(started.elapsed().as_secs_f64() > 0.39);
}
