//! Tells ARMv6-M apart, which has no cycle counter; `target_arch` does not. Writes down the windows of an energy image.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(armv6m)");
    if env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv6m")) {
        println!("cargo::rustc-cfg=armv6m");
    }
    // The names are those that `firmware::build` sets.
    let number = |name: &str, otherwise: u32| {
        println!("cargo::rerun-if-env-changed={name}");
        env::var(name).map_or(otherwise, |text| text.parse().expect("a whole number"))
    };
    let (count, inferences) = (number("MICROJOULE_WINDOWS", 5), number("MICROJOULE_INFERENCES", 1));
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let text = format!("Windows {{ count: {count}, inferences: {inferences} }}\n");
    fs::write(Path::new(&out).join("windows.rs"), text).expect("a folder for what is generated");
}
