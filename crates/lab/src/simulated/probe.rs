//! A probe whose wires end in a [`Machine`].

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use probe_rs::{
    CoreStatus,
    architecture::arm::{
        ArmCommunicationInterface, ArmDebugInterface, ArmError, DapError, DapProbe, RawDapAccess,
        RegisterAddress, sequences::ArmDebugSequence,
    },
    probe::{DebugProbe, DebugProbeError, WireProtocol},
};

use super::machine::{Machine, Refused};

/// The probe.
pub struct SimulatedProbe {
    pub machine: Arc<Mutex<Machine>>,
}

impl SimulatedProbe {
    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_there(&self) -> Result<(), DebugProbeError> {
        match self.machine().answers() {
            Err(Refused::Gone) => Err(gone()),
            _ => Ok(()),
        }
    }
}

fn gone() -> DebugProbeError {
    DebugProbeError::Usb(io::Error::new(io::ErrorKind::NotConnected, "the device was disconnected"))
}

fn told(refused: Refused) -> ArmError {
    match refused {
        Refused::NoAcknowledge => DapError::NoAcknowledge.into(),
        Refused::Wait => DapError::WaitResponse.into(),
        Refused::Protected => DapError::FaultResponse.into(),
        Refused::Gone => gone().into(),
    }
}

impl fmt::Debug for SimulatedProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedProbe")
    }
}

impl DebugProbe for SimulatedProbe {
    fn get_name(&self) -> &str {
        "simulated probe"
    }

    fn speed_khz(&self) -> u32 {
        4000
    }

    fn set_speed(&mut self, speed_khz: u32) -> Result<u32, DebugProbeError> {
        Ok(speed_khz)
    }

    fn attach(&mut self) -> Result<(), DebugProbeError> {
        self.is_there()
    }

    fn detach(&mut self) -> Result<(), probe_rs::Error> {
        Ok(())
    }

    fn target_reset(&mut self) -> Result<(), DebugProbeError> {
        self.is_there()?;
        self.machine().reset();
        Ok(())
    }

    fn target_reset_assert(&mut self) -> Result<(), DebugProbeError> {
        self.is_there()
    }

    fn target_reset_deassert(&mut self) -> Result<(), DebugProbeError> {
        self.target_reset()
    }

    fn select_protocol(&mut self, protocol: WireProtocol) -> Result<(), DebugProbeError> {
        match protocol {
            WireProtocol::Swd => Ok(()),
            WireProtocol::Jtag => Err(DebugProbeError::UnsupportedProtocol(protocol)),
        }
    }

    fn active_protocol(&self) -> Option<WireProtocol> {
        Some(WireProtocol::Swd)
    }

    fn has_arm_interface(&self) -> bool {
        true
    }

    fn try_get_arm_debug_interface<'probe>(
        self: Box<Self>,
        sequence: Arc<dyn ArmDebugSequence>,
    ) -> Result<Box<dyn ArmDebugInterface + 'probe>, (Box<dyn DebugProbe>, ArmError)> {
        Ok(ArmCommunicationInterface::create(self, sequence, false))
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn try_as_dap_probe(&mut self) -> Option<&mut dyn DapProbe> {
        Some(self)
    }
}

impl DapProbe for SimulatedProbe {}

impl RawDapAccess for SimulatedProbe {
    fn raw_read_register(&mut self, address: RegisterAddress) -> Result<u32, ArmError> {
        let mut machine = self.machine();
        let read = match address.is_ap() {
            true => machine.read_access_port(address.lsb()),
            false => machine.read_debug_port(address.lsb()),
        };
        read.map_err(told)
    }

    fn raw_write_register(&mut self, address: RegisterAddress, value: u32) -> Result<(), ArmError> {
        let mut machine = self.machine();
        let written = match address.is_ap() {
            true => machine.write_access_port(address.lsb(), value),
            false => machine.write_debug_port(address.lsb(), value),
        };
        written.map_err(told)
    }

    fn jtag_sequence(&mut self, _: u8, _: bool, _: u64) -> Result<(), DebugProbeError> {
        Err(DebugProbeError::UnsupportedProtocol(WireProtocol::Jtag))
    }

    fn swj_sequence(&mut self, length: u8, bits: u64) -> Result<(), DebugProbeError> {
        self.is_there()?;
        self.machine().ports.sequence(bits, length);
        Ok(())
    }

    fn swj_pins(&mut self, out: u32, _: u32, _: u32) -> Result<u32, DebugProbeError> {
        self.is_there()?;
        Ok(out)
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn core_status_notification(&mut self, _: CoreStatus) -> Result<(), DebugProbeError> {
        Ok(())
    }
}
