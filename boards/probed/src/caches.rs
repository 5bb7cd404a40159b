//! The core's own caches, which are off after reset.

use cortex_m::Peripherals;

/// Turns them on.
pub fn start(core: &mut Peripherals) {
    core.SCB.enable_icache();
    core.SCB.enable_dcache(&mut core.CPUID);
}
