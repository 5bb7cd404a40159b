//! A target made of tables, behind the real ARM stack of `probe-rs`.
//!
//! What is real: everything above the debug port's registers, which is attaching, unlocking, downloading flash algorithms,
//! erasing, programming, verifying, resetting, and RTT. What is not: the core executes nothing. A flash algorithm that is
//! started has its documented effect on the memories at once, and firmware is a script that fills RTT's buffers.

mod algorithm;
mod crash;
mod fault;
mod firmware;
mod log;
mod machine;
mod memory;
mod port;
mod probe;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use probe_rs::{config::Target, probe::Probe};

pub use crash::crash;
pub use fault::Fault;
pub use firmware::{Act, Script};
pub use log::first_words;

use machine::Machine;

/// A chip that cannot be simulated.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "no simulated target for {chip}: what is simulated is a Cortex-M behind its debug port, and this chip has another core"
)]
pub struct NotSimulated {
    /// The chip.
    pub chip: String,
}

/// A board that is not there.
#[derive(Clone, Debug)]
pub struct Board {
    machine: Arc<Mutex<Machine>>,
}

impl Board {
    /// A board with this chip, erased and in order.
    ///
    /// # Errors
    /// [`NotSimulated`], for chips whose cores are not of the kind that is simulated.
    pub fn new(target: &Target) -> Result<Self, NotSimulated> {
        let machine = Machine::new(target).ok_or_else(|| NotSimulated { chip: target.name.clone() })?;
        Ok(Self { machine: Arc::new(Mutex::new(machine)) })
    }

    /// The same with something wrong with it.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        self.go_wrong(fault);
        self
    }

    /// The same with firmware that does as the script says from the next reset on.
    #[must_use]
    pub fn running(self, script: Script) -> Self {
        self.machine().firmware = Some(script.into());
        self
    }

    /// A probe on the board. What it does, the board keeps.
    #[must_use]
    pub fn probe(&self) -> Probe {
        self.machine().reconnect();
        Probe::new(probe::SimulatedProbe { machine: self.machine.clone() })
    }

    /// What stands in the board's memory.
    #[must_use]
    pub fn read(&self, address: u32, bytes: usize) -> Vec<u8> {
        let machine = self.machine();
        (0..bytes)
            .map(|at| machine.memory.byte(address.wrapping_add(at as u32)).unwrap_or_default())
            .collect()
    }

    /// What happened, in order: resets, calls of flash algorithms, the start of firmware.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.machine().log.clone()
    }

    /// What the host sent by RTT's first down channel.
    #[must_use]
    pub fn heard(&self) -> Vec<u8> {
        self.machine().firmware.as_ref().map(|firmware| firmware.heard.clone()).unwrap_or_default()
    }

    /// Bytes of flash that were programmed, and those that firmware said by RTT: what faults count.
    #[must_use]
    pub fn moved_bytes(&self) -> u64 {
        self.machine().moved_bytes()
    }

    /// Something goes wrong with it from now on.
    pub fn go_wrong(&self, fault: Fault) {
        self.machine().fault(fault);
    }

    /// Writes RAM, as something that ran there before would have left it.
    pub fn leave(&self, address: u32, bytes: &[u8]) {
        self.machine().memory.write(address, bytes);
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
