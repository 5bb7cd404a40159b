//! Names the instruction set to write kernels' inner loops for, as `cfg(kernel_isa = "…")`.

use std::env;

#[path = "src/arch/target.rs"]
mod target;

fn main() {
    let names = ["portable", "armv6m", "armv7m", "armv7em", "armv8_1m_mve", "riscv32", "x86_64", "aarch64"];
    let values: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    println!("cargo::rustc-check-cfg=cfg(kernel_isa, values({}))", values.join(", "));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/arch/target.rs");
    let triple = env::var("TARGET").unwrap_or_default();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    println!("cargo::rustc-cfg=kernel_isa=\"{}\"", target::best_isa(&triple, target_cpu(&flags)));
}

/// The core that the compiler's flags name, or nothing.
fn target_cpu(flags: &str) -> &str {
    flags
        .split(['\u{1f}', ' '])
        .filter_map(|flag| flag.split_once("target-cpu="))
        .map(|(_, cpu)| cpu)
        .next_back()
        .unwrap_or("")
}
