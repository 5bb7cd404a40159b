//! What differs from one kind of core to the next, under the same names.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(all(target_arch = "arm", feature = "faults"))]
mod cortex_m_fault;
#[cfg(all(target_arch = "arm", feature = "semihosting"))]
mod cortex_m_host;
#[cfg(all(target_arch = "arm", feature = "semihosting", not(feature = "faults")))]
mod cortex_m_last_words;
#[cfg(all(target_arch = "arm", any(feature = "watchdog", all(feature = "faults", feature = "semihosting"))))]
mod cortex_m_watchdog;
#[cfg(all(target_arch = "arm", any(feature = "energy", feature = "quiet")))]
mod doze;
#[cfg(all(target_arch = "riscv32", not(feature = "semihosting")))]
mod espressif;
#[cfg(target_arch = "arm")]
mod memory;
#[cfg(all(feature = "mlperf", target_arch = "riscv32"))]
mod mtime;
#[cfg(target_arch = "riscv32")]
mod riscv32;
#[cfg(target_arch = "riscv32")]
mod riscv32_fault;
#[cfg(all(target_arch = "riscv32", feature = "semihosting"))]
mod riscv32_guard;
#[cfg(all(target_arch = "riscv32", feature = "semihosting"))]
mod riscv32_host;
#[cfg(all(feature = "counter", target_arch = "arm"))]
mod systick;

#[cfg(target_arch = "arm")]
pub use cortex_m::*;
#[cfg(all(target_arch = "arm", feature = "semihosting"))]
pub(crate) use cortex_m_host::host_call;
#[cfg(all(
    target_arch = "arm",
    any(feature = "watchdog", all(feature = "faults", feature = "semihosting"))
))]
pub use cortex_m_watchdog::*;
#[cfg(all(target_arch = "arm", any(feature = "energy", feature = "quiet")))]
pub use doze::doze;
#[cfg(all(target_arch = "riscv32", not(feature = "semihosting")))]
pub use espressif::{cycles, start, start_cycles};
#[cfg(target_arch = "riscv32")]
pub use riscv32::*;
#[cfg(all(target_arch = "riscv32", feature = "semihosting"))]
pub use riscv32_guard::start;
#[cfg(all(target_arch = "riscv32", feature = "semihosting"))]
pub(crate) use riscv32_host::host_call;

#[cfg(all(feature = "mlperf", target_arch = "riscv32"))]
pub(crate) use mtime::Counter;
#[cfg(all(feature = "counter", target_arch = "arm"))]
pub use systick::Counter;
