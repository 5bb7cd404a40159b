//! Which kernels suit a target.
//!
//! Also compiled into this crate's build script: stable rustc does not expose `target_feature = "dsp"` or `"mve"`, so
//! that the target triple and the core asked for are the only evidence there is.

/// The name of the instruction set whose kernels run best on a target.
///
/// `core` is the core's name as a board or as rustc's `target-cpu` spells it (`Cortex-M55`, `cortex-m33`), or empty.
/// ARMv8-M cores differ in what they have beside the base: only those that are known to have the DSP extension
/// or Helium get kernels that use it.
pub fn best_isa(triple: &str, core: &str) -> &'static str {
    let is = |names: &[&str]| {
        names.iter().any(|name| core.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
    };
    if triple.starts_with("thumbv6m") || triple.starts_with("thumbv8m.base") {
        "armv6m"
    } else if triple.starts_with("thumbv7em") {
        "armv7em"
    } else if triple.starts_with("thumbv8m.main") {
        if is(&["cortex-m55", "cortex-m85", "cortex-m52"]) {
            "armv8_1m_mve"
        } else if is(&["cortex-m33", "cortex-m35p"]) {
            "armv7em"
        } else {
            "armv7m"
        }
    } else if triple.starts_with("thumbv7m") {
        "armv7m"
    } else if triple.starts_with("riscv32") {
        "riscv32"
    } else if triple.starts_with("x86_64") {
        "x86_64"
    } else if triple.starts_with("aarch64") {
        "aarch64"
    } else {
        "portable"
    }
}
