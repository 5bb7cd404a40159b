//! Machines that rest on records of the emulator hold what the records say.

use simulator::Spread;
use simulator::calibrate::{Calibrated, calibrate};
use simulator::machine::{find_machine, machines};
use simulator::network::{Precision, shipped_network};
use simulator::{Settings, simulate};
use std::path::Path;

fn all() -> Vec<Calibrated> {
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/record");
    calibrate(&records).expect("records and machines are well formed")
}

#[test]
fn files_are_what_a_fit_to_the_records_writes() {
    let all = all();
    let stale: Vec<_> =
        all.iter().filter(|machine| !machine.is_current).map(|machine| &machine.file).collect();
    assert!(stale.is_empty(), "run `cargo xtask sim --calibrate`; stale are {stale:?}");
    let emulated = machines().expect("shipped").iter().filter(|machine| machine.emulated.is_some());
    assert_eq!(emulated.count(), all.len(), "a machine's board has no record");
    for core in ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"] {
        let machine = find_machine(core).expect("an alias");
        assert!(all.iter().any(|one| one.machine == machine.name), "{core} rests on no record");
    }
}

#[test]
fn half_of_the_records_are_within_a_tenth_even_by_fits_without_the_model() {
    for machine in all() {
        let spread = |error: &dyn Fn(&simulator::calibrate::ModelFit) -> f64| {
            Spread::of(machine.models.iter().map(|model| error(model).abs())).expect("models")
        };
        let (fitted, left_out) = (spread(&|model| model.error()), spread(&|model| model.left_out_error()));
        // One network in nine has shapes that few kernels are made for.
        assert!(fitted.median <= 0.06 && fitted.p90 <= 0.12, "{}: {fitted:?}", machine.machine);
        assert!(left_out.median <= 0.1 && left_out.p90 <= 0.35, "{}: {left_out:?}", machine.machine);
        // The error bar that users see is not below what was found.
        let shipped = find_machine(&machine.machine).expect("shipped").calibration;
        assert!(shipped.latency_median >= left_out.median && shipped.latency_p90 >= left_out.p90);
        assert_eq!(shipped.rows as usize, machine.models.len());
    }
}

/// From the layer list to the sum, not from the record's own shapes.
#[test]
fn mlperf_tiny_networks_take_the_cycles_that_the_emulator_counted() {
    for calibrated in all() {
        let machine = find_machine(&calibrated.machine).expect("shipped");
        let mut errors = Vec::new();
        for name in ["kws", "vww", "ic", "ad"] {
            let recorded = calibrated.models.iter().find(|model| model.model == name).expect("a record");
            let network = shipped_network(&format!("mlperf_{name}")).expect("shipped");
            let network = network.with_precision(Precision::Int8);
            let us = simulate(&network, &machine, Settings::default()).expect("runs").total_us;
            errors.push((us * machine.engines[0].clock_hz * 1e-6 / recorded.cycles - 1.0).abs());
        }
        let spread = Spread::of(errors.iter().copied()).expect("four");
        assert!(spread.median <= 0.1 && spread.p90 <= 0.15, "{}: {errors:?}", machine.name);
    }
}

/// The compiler leaves out what no input can change: a model's file is priced as its plan runs it.
#[test]
fn a_model_file_is_priced_as_its_plan_runs() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/kws/model.tflite");
    let bytes = std::fs::read(file).expect("a shipped model");
    let (whole, planned) = (
        simulator::network::network_of_model("kws.tflite", &bytes).expect("a model"),
        simulator::network::network_of_plan("kws.tflite", &bytes).expect("a model"),
    );
    assert_eq!(planned.name, whole.name);
    assert!(planned.macs() <= whole.macs() && planned.macs() > 0.0);
    let machine = find_machine("cortex-m4").expect("an alias");
    let us = |network| simulate(network, &machine, Settings::default()).expect("runs").total_us;
    assert!(us(&planned) <= us(&whole) * 1.000_001);
}
