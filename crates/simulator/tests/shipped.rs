//! The shipped tables, and what must hold whatever the numbers are.

use proptest::prelude::*;
use simulator::machine::{find_machine, machines, read_machine};
use simulator::network::{read_network, shipped_network, shipped_networks};
use simulator::report::{html, record, table, trace};
use simulator::{Place, Settings, simulate, workload};
use std::fmt::Write;

#[test]
fn totals_of_shipped_networks_on_shipped_machines() {
    let mut out = String::new();
    // What rests on records changes with every record; tests/calibrated.rs holds it to them.
    let all = machines().expect("shipped machines are well formed").iter();
    for machine in all.filter(|machine| machine.emulated.is_none()) {
        for name in ["mlperf_kws", "mobilenet_v2_1.0_224", "efficientnet_b0_224"] {
            let network = shipped_network(name).expect("shipped");
            let network = match machine.class.as_str() {
                "phone" | "desktop" | "generic" => {
                    network.with_precision(simulator::network::Precision::Fp16)
                }
                _ => network.with_precision(simulator::network::Precision::Int8),
            };
            let line = match simulate(&network, machine, Settings::default()) {
                Ok(one) => format!(
                    "{:.4} ms {:.4} mJ {} segments",
                    one.total_us / 1e3,
                    one.total_uj / 1e3,
                    one.overhead.segments
                ),
                Err(error) => error.to_string(),
            };
            let _ = writeln!(out, "{:<26} {:<22} {line}", machine.name, name);
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn table_of_one_prediction() {
    let network = shipped_network("mlperf_ic").expect("shipped");
    let machine = find_machine("ra8p1").expect("shipped");
    let one = simulate(&network, &machine, Settings::default()).expect("runs");
    insta::assert_snapshot!(table(&one));
}

#[test]
fn explanation_of_a_depthwise_convolution() {
    let network = workload::parse_op("dwconv:256x256x32,k3,s1").expect("a form it takes");
    let machine = find_machine("ne16-30tops").expect("shipped");
    let one = simulate(&network, &machine, Settings::default()).expect("runs");
    insta::assert_snapshot!(workload::explain(&one));
}

#[test]
fn explanation_of_a_depthwise_convolution_on_a_core() {
    let network = workload::parse_op("dwconv:24x24x32,k3,s1,int8").expect("a form it takes");
    let machine = find_machine("cortex-m4").expect("shipped");
    let one = simulate(&network, &machine, Settings::default()).expect("runs");
    let text = workload::explain(&one);
    // The terms are the whole: numbers are those of the records of the day.
    let cycles =
        text.lines().filter_map(|line| line.split_once(" = ")).filter(|(_, right)| right.contains(" × "));
    let sum: f64 = cycles.filter_map(|(left, _)| left.trim().parse::<f64>().ok()).sum();
    let all = one.total_us * machine.engines[0].clock_hz * 1e-6;
    assert!((sum / all - 1.0).abs() < 1e-4, "{sum} {all}\n{text}");
    assert!(text.contains("18432 output elements") || text.contains("18432 input elements"), "{text}");
}

#[test]
fn energy_is_the_sum_of_its_parts_everywhere() {
    for machine in machines().expect("shipped") {
        for network in shipped_networks().expect("shipped") {
            let Ok(one) = simulate(&network, machine, Settings { place: Place::Auto, ..Settings::default() })
            else {
                continue;
            };
            let parts: f64 = record(&one).energy_parts.values().sum();
            assert!((parts - one.total_uj).abs() <= 1e-6 * one.total_uj, "{} {}", machine.name, network.name);
            let time: f64 = one.steps.iter().map(|step| step.cost.total_us).sum();
            let over = &one.overhead;
            let all = time + over.dispatch_us + over.wake_us + over.boundary_us + over.crossing_us;
            assert!((all - one.total_us).abs() <= 1e-6 * one.total_us, "{} {}", machine.name, network.name);
        }
    }
}

#[test]
fn the_same_bytes_every_time() {
    let network = shipped_network("efficientnet_b0_224").expect("shipped");
    let machine = find_machine("a15-ios18").expect("shipped");
    let run = || {
        let one = simulate(&network, &machine, Settings::default()).expect("runs");
        (serde_json::to_string(&record(&one)).expect("serialises"), trace(&one), html(&one))
    };
    assert_eq!(run(), run());
}

#[test]
fn a_page_needs_no_network_and_a_trace_overlaps() {
    let network = shipped_network("mobilenet_v2_1.0_224").expect("shipped");
    let machine = find_machine("m4").expect("shipped");
    let one = simulate(&network, &machine, Settings::default()).expect("runs");
    let page = html(&one);
    let links = page.matches("http").count() - page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(links, 0);
    let value: serde_json::Value = serde_json::from_str(&trace(&one)).expect("JSON");
    let events = value["traceEvents"].as_array().expect("events");
    let spans: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
    let overlap = spans.iter().any(|a| {
        spans.iter().any(|b| a["tid"] != b["tid"] && a["ts"] == b["ts"] && a["dur"].as_f64() > Some(0.0))
    });
    assert!(overlap);
}

#[test]
fn automatic_placement_is_never_worse_than_one_engine() {
    for machine in machines().expect("shipped").iter().filter(|machine| machine.engines.len() > 1) {
        let network = shipped_network("mobilenet_v2_1.0_224").expect("shipped");
        let time = |place| {
            simulate(&network, machine, Settings { place, ..Settings::default() }).map(|one| {
                // Copies at the boundary belong to the first engine, and are not part of the search.
                one.total_us - one.overhead.boundary_us
            })
        };
        let Ok(auto) = time(Place::Auto) else { continue };
        for place in [Place::Ne, Place::Gpu, Place::Cpu] {
            if let Ok(fixed) = time(place) {
                assert!(auto <= fixed * 1.000_001, "{} {place:?}: {auto} > {fixed}", machine.name);
            }
        }
    }
}

#[test]
fn whatever_fell_off_says_why() {
    let text = r#"{"name":"n","input":[1,8,8,8],"dtype":"fp16","layers":[
        {"op":"conv2d","in_channels":8,"out_channels":8,"out_height":8,"out_width":8,"kernel":3},
        {"op":"fft","in_channels":8,"out_channels":8,"out_height":8,"out_width":8}]}"#;
    let network = read_network("n.json", text).expect("well formed");
    let machine = find_machine("a15").expect("shipped");
    let one = simulate(&network, &machine, Settings::default()).expect("falls to another engine");
    let last = one.steps.last().expect("two steps");
    assert_ne!(last.engine, "ne");
    assert_eq!(last.reason.as_deref(), Some("ne has no `fft`"));
}

#[test]
fn malformed_files_name_file_line_and_expectation() {
    let machine = include_str!("../machines/m4.toml");
    let cases = [
        machine.replace("clock_hz =", "clock_herz ="),
        machine.replacen("overlap = 3.0", "overlap = -3.0", 1),
        machine.replacen("kind = \"ne\"", "kind = \"tpu\"", 1),
        machine.replacen("rows = 47", "rows = many", 1),
    ];
    for text in cases {
        assert_ne!(text, machine);
        let error = read_machine("m.toml", &text).expect_err("malformed").to_string();
        let line =
            text.lines().position(|line| !machine.lines().any(|good| good == line)).expect("a changed line")
                + 1;
        assert!(error.starts_with(&format!("m.toml:{line}: ")), "{error}, line {line}");
        assert!(error.contains("; expected "), "{error}");
    }
    let networks = [
        ("{\"layers\": []}", 1, "0 layers"),
        (
            "{\"layers\": [\n{\"op\":\"conv2d\",\"in_channels\":8,\"out_channels\":8,\n\"out_height\":-1}]}",
            3,
            "-1",
        ),
        ("{\"layers\": [\n\n{\"op\":\"conv2d\",\"in_channels\":0,\"out_channels\":8}]}", 3, "in_channels 0"),
        (
            "{\"layers\": [\n{\"op\":\"conv2d\",\"in_channels\":8,\"out_channels\":8,\"groups\":3}]}",
            2,
            "3 groups",
        ),
        (
            "{\"dtype\": \"int9\",\n\"layers\": [{\"op\":\"copy\",\"in_channels\":8,\"out_channels\":8}]}",
            1,
            "int9",
        ),
        ("{\n\"layers\": [", 2, "EOF"),
    ];
    for (text, line, found) in networks {
        let error = read_network("n.json", text).expect_err("malformed").to_string();
        assert!(error.starts_with(&format!("n.json:{line}: ")), "{error}");
        assert!(error.contains(found) && error.contains("; expected "), "{error}");
    }
    let unknown = find_machine("m55").expect_err("no such machine").to_string();
    assert!(unknown.contains("m5"), "{unknown}");
}

fn total(network: &simulator::network::Network, machine: &simulator::machine::Machine) -> f64 {
    simulate(network, machine, Settings::default()).map_or(0.0, |one| one.total_us)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn more_bandwidth_or_faster_arithmetic_is_never_slower(
        machine in 0usize..60, network in 0usize..40, factor in 1.0f64..16.0,
        dimension in prop::sample::select(vec!["bandwidth", "macs", "clock"]),
    ) {
        let all = machines().expect("shipped");
        let networks = shipped_networks().expect("shipped");
        let machine = &all[machine % all.len()];
        let network = &networks[network % networks.len()];
        let faster = machine.scaled(dimension, factor).expect("a dimension");
        let (before, after) = (total(network, machine), total(network, &faster));
        prop_assert!(after <= before * (1.0 + 1e-9), "{before} → {after}");
    }

    #[test]
    fn more_work_is_never_cheaper(
        machine in 0usize..60, side in 1u64..128, channels in 1u64..512, kernel in 1u64..8,
        kind in prop::sample::select(vec!["conv", "dwconv", "pool"]), more in 1u64..4,
    ) {
        let all = machines().expect("shipped");
        let machine = &all[machine % all.len()];
        let op = |side: u64, channels: u64| {
            workload::parse_op(&format!("{kind}:{side}x{side}x{channels},k{kernel},int8")).expect("a form")
        };
        let small = simulate(&op(side, channels), machine, Settings::default());
        for bigger in [op(side * more, channels), op(side, channels * more)] {
            let big = simulate(&bigger, machine, Settings::default());
            if let (Ok(small), Ok(big)) = (&small, big) {
                prop_assert!(big.total_us >= small.total_us * (1.0 - 1e-9));
                prop_assert!(big.total_uj >= small.total_uj * (1.0 - 1e-9));
            }
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,200}") {
        let _ = read_network("n", &text);
        let _ = read_machine("m", &text);
        let _ = workload::parse_op(&text);
        let _ = workload::Lm::parse(&text);
    }
}

#[test]
fn generic_engines_draw_below_two_watts_on_average_whatever_they_run() {
    for name in ["ne16-30tops", "ne32-30tops"] {
        let machine = find_machine(name).expect("shipped");
        for network in shipped_networks().expect("shipped") {
            for precision in [simulator::network::Precision::Fp16, simulator::network::Precision::Int8] {
                let network = network.clone().with_precision(precision);
                let settings = Settings { place: Place::Ne, ..Settings::default() };
                let Ok(one) = simulate(&network, &machine, settings) else { continue };
                // Memory included, whose peaks alone take 1.6 W while weights stream.
                assert!(one.average_w() < 2.0, "{name} {}: {} W on average", network.name, one.average_w());
            }
        }
    }
}

/// Milliseconds on a Renesas RA8P1 (renesas/ruhmi-model-zoo c4e393c), with weights in MRAM and with all in SRAM, beside
/// what Vela 5.2 estimates for `Ethos_U55_High_End_Embedded` with `Shared_Sram` and with `Sram_Only`.
#[test]
fn closer_to_silicon_than_vela_on_every_network() {
    let machine = find_machine("ra8p1").expect("shipped");
    for (name, silicon, vela) in [
        ("mlperf_kws", 0.108, 0.11668),
        ("mlperf_kws", 0.141, 0.11244),
        ("mlperf_vww", 0.364, 0.32292),
        ("mlperf_vww", 0.406, 0.29388),
        ("mlperf_ic", 0.640, 0.28387),
        ("mlperf_ic", 0.640, 0.21430),
        ("mlperf_ad", 0.132, 0.40237),
    ] {
        let network =
            shipped_network(name).expect("shipped").with_precision(simulator::network::Precision::Int8);
        let ms = simulate(&network, &machine, Settings::default()).expect("runs").total_us / 1e3;
        let off = |estimate: f64| (estimate / silicon - 1.0).abs();
        assert!(off(ms) < off(vela), "{name}: {ms} ms, Vela {vela} ms, silicon {silicon} ms");
    }
}
