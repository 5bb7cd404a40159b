//! Tells ARMv6-M apart, which has no cycle counter; `target_arch` does not.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(armv6m)");
    if std::env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv6m")) {
        println!("cargo::rustc-cfg=armv6m");
    }
}
