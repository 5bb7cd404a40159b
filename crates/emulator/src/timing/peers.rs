//! The tables against figures that others modelled: whole networks of TensorFlow Lite Micro, whose instructions are known by
//! class. Which loads follow another, how many branches are taken, and how many registers move at once is not in those
//! figures. The shares below are what they imply for each compilation, one set for all its networks.

use std::collections::BTreeMap;

use super::*;

const FIGURES: &str = include_str!("../../../../bench/peers/tflm_mix.csv");

/// What the figures imply.
struct Split {
    core: &'static str,
    kernels: &'static str,
    opt: &'static str,
    /// Of all single loads, those directly after a load or store.
    after_memory: f64,
    /// Of all conditional branches, those taken.
    taken: f64,
    /// Registers that a multiple load or store moves.
    registers: u8,
}

const fn split(
    core: &'static str,
    (kernels, opt): (&'static str, &'static str),
    (after_memory, taken, registers): (f64, f64, u8),
) -> Split {
    Split { core, kernels, opt, after_memory, taken, registers }
}

const SPLITS: [Split; 8] = [
    split("cortex-m0+", ("", ""), (0.0, 0.8, 4)),
    split("cortex-m4", ("cmsis-nn", "O2"), (0.2, 0.4, 3)),
    split("cortex-m4", ("cmsis-nn", "O3"), (0.2, 0.4, 3)),
    split("cortex-m4", ("cmsis-nn", "Os"), (0.25, 0.9, 3)),
    split("cortex-m4", ("reference", "O2"), (0.7, 1.0, 3)),
    split("cortex-m4", ("reference", "O3"), (0.3, 0.7, 3)),
    split("cortex-m4", ("reference", "Os"), (0.35, 1.0, 3)),
    split("cortex-m55", ("", ""), (0.0, 0.6, 2)),
];

/// Cycles of a mix as the figures name its classes.
fn cycles(timing: &Timing, split: &Split, mix: &BTreeMap<&str, u64>) -> f64 {
    let price = |class: Class, transfers: u8, after: bool| {
        timing.price(class, transfers, after).unwrap_or_else(|| panic!("{}", class.name())) as f64 / 1000.0
    };
    let between = |share: f64, one: f64, other: f64| share * one + (1.0 - share) * other;
    let each = |class: &str| match class {
        "load_single" => {
            between(split.after_memory, price(Class::Load, 0, true), price(Class::Load, 0, false))
        }
        "branch_cond" => {
            let not_taken = price(Class::BranchNotTaken, 0, false);
            between(split.taken, price(Class::BranchTaken, 0, false), not_taken)
        }
        "load_multi" => price(Class::LoadMultiple, split.registers, false),
        "store_multi" => price(Class::StoreMultiple, split.registers, false),
        "vfp_ldst" => price(Class::FloatLoad, 1, false),
        _ => price(
            match class {
                "mul" => Class::Multiply,
                "mla" => Class::MultiplyAccumulate,
                "smlad_dual_mac" => Class::DualMac,
                "mul_long" => Class::LongMultiply,
                "div" => Class::Divide,
                "store_single" => Class::Store,
                "branch_uncond" => Class::BranchTaken,
                "it" => Class::It,
                "lob_loop" => Class::Loop,
                "mve_load" => Class::VectorLoad,
                "mve_store" => Class::VectorStore,
                "mve_mac" => Class::VectorMac,
                "mve_other" => Class::Vector,
                "vfp" => Class::Float,
                "sys_hint" => Class::Other,
                _ => Class::Alu,
            },
            0,
            false,
        ),
    };
    mix.iter().filter(|(_, count)| **count > 0).map(|(class, count)| *count as f64 * each(class)).sum()
}

#[test]
fn the_same_mix_costs_what_the_peers_modelled_within_five_percent() {
    let mut lines = FIGURES.lines().filter(|line| !line.starts_with('#'));
    let head: Vec<_> = lines.next().unwrap().split(',').collect();
    let classes = &head[7..];
    let mut rows = BTreeMap::new();
    for line in lines {
        let fields: Vec<_> = line.split(',').collect();
        let [core, kernels, opt, model, _, cycles_modelled] = fields[..6] else { panic!("{line}") };
        let mix =
            classes.iter().zip(&fields[7..]).map(|(class, count)| (*class, count.parse().unwrap())).collect();
        let split = SPLITS.iter().find(|split| {
            split.core == core && kernels.starts_with(split.kernels) && opt.starts_with(split.opt)
        });
        let timing = Timing::of(core).unwrap();
        let ours = cycles(timing, split.unwrap(), &mix);
        let theirs: f64 = cycles_modelled.parse().unwrap();
        let off = ours / theirs - 1.0;
        assert!(off.abs() < 0.05, "{core} {kernels} {opt} {model}: {:+.1} %", off * 100.0);
        *rows.entry(core).or_insert(0) += 1;
    }
    assert_eq!(rows, BTreeMap::from([("cortex-m0+", 23), ("cortex-m4", 43), ("cortex-m55", 24)]));
}
