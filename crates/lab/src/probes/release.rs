//! The end of debugging, for whoever measures current afterwards.

use probe_rs::{
    architecture::arm::{
        ApV2Address, ArmError, FullyQualifiedApAddress, dp::DpAddress, sequences::DefaultArmSequence,
    },
    config::{Core, CoreType},
    probe::Probe,
};
use probe_rs_target::{ApAddress, CoreAccessOptions};

use super::{Chip, Error, connection::lost};

/// Trace and the cycle counter, and what a core stops for.
const DEMCR: u64 = 0xe000_edfc;
/// Debugging of the core; written with its key alone, it is off.
const DHCSR: u64 = 0xe000_edf0;
const DHCSR_KEY: u32 = 0xa05f_0000;

const DOING: &str = "letting go of the chip";

/// Switches off in every core what debugging switched on, and takes back the request for the debug port's power. The firmware runs on.
///
/// Sessions of `probe-rs` leave debugging on in the cores of some makers when they end, so that this is done without one.
///
/// # Errors
/// [`Error::LostContact`], [`Error::Other`]: debugging is on then, until the board is without power for a while.
pub fn release(mut probe: Probe, chip: &Chip) -> Result<(), Error> {
    if !chip.is_arm() {
        // Sessions with RISC-V's end with the debug module switched off.
        return Ok(());
    }
    probe.attach_to_unspecified().map_err(|error| lost(DOING, &error))?;
    let mut interface = probe
        .try_into_arm_debug_interface(DefaultArmSequence::create())
        .map_err(|(_, error)| lost(DOING, &error))?;
    for port in chip.target().cores.iter().filter_map(port) {
        let mut off = || -> Result<(), ArmError> {
            let mut memory = interface.memory_interface(&port)?;
            memory.write_word_32(DEMCR, 0)?;
            memory.write_word_32(DHCSR, DHCSR_KEY)?;
            memory.flush()
        };
        off().map_err(|error| lost(DOING, &error))?;
    }
    drop(interface.close());
    Ok(())
}

/// By what a Cortex-M is reached.
fn port(core: &Core) -> Option<FullyQualifiedApAddress> {
    let CoreAccessOptions::Arm(options) = &core.core_access_options else { return None };
    let dp = options.targetsel.map_or(DpAddress::Default, DpAddress::Multidrop);
    let is_cortex_m = !matches!(core.core_type, CoreType::Armv7a | CoreType::Armv7r | CoreType::Armv8a);
    is_cortex_m.then(|| match &options.ap {
        ApAddress::V1(port) => FullyQualifiedApAddress::v1_with_dp(dp, *port),
        ApAddress::V2(port) => FullyQualifiedApAddress::v2_with_dp(dp, ApV2Address::new(*port)),
    })
}
