//! Time by the machine's timer, which the privileged architecture asks of every RISC-V system.

use crate::serial::registers::Registers;

const LOW: usize = 0;
const HIGH: usize = 4;

/// The machine's timer, which always runs.
#[derive(Debug)]
pub(crate) struct Counter(Registers);

impl Counter {
    /// The one whose register is at `address`.
    pub(crate) fn start(address: usize) -> Self {
        Self(Registers(address))
    }

    /// Waits for so long; nothing here would wake a core that sleeps.
    #[cfg(feature = "energy")]
    pub(crate) fn sleep(&mut self, ticks: u64) {
        let end = self.ticks().saturating_add(ticks);
        while self.ticks() < end {}
    }

    /// Ticks since the machine was switched on.
    pub(crate) fn ticks(&self) -> u64 {
        loop {
            let high = self.0.read(HIGH);
            let low = self.0.read(LOW);
            if high == self.0.read(HIGH) {
                return u64::from(high) << 32 | u64::from(low);
            }
        }
    }
}
