//! The debug port and its access ports: registers of the ADIv5 architecture, and of ADIv6 what a chip's memory is reached by.

use super::machine::{Machine, Refused};

/// Debug ports, of which a chip may have several on one pair of wires.
#[derive(Debug)]
pub struct Ports {
    /// By what a core is reached: the debug port's TARGETSEL, and the name of its access port.
    cores: Vec<(Option<u32>, u32)>,
    naming: Naming,
    selected: Option<u32>,
    ports: Vec<Port>,
    /// The numbers of Nordic's access ports that unlock, where the chip has some.
    control: &'static [u32],
    locked: bool,
    erasing: bool,
}

/// How access ports are told apart in the debug port's SELECT.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Naming {
    /// ADIv5: by a number.
    #[default]
    Number,
    /// ADIv6: by the address of their registers.
    Address,
}

#[derive(Clone, Debug, Default)]
struct Port {
    naming: Naming,
    targetsel: Option<u32>,
    control: u32,
    select: u32,
    /// Of each access port that was used.
    access: Vec<(u32, Access)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Access {
    csw: u32,
    tar: u32,
}

/// An AHB access port for a Cortex-M, as it names itself.
const AHB_AP: u32 = 0x2477_0011;
/// The same behind a debug port of ADIv6.
const AHB5_AP: u32 = 0x3477_0008;
/// Of an access port's control and status word: it can be used.
const ENABLED: u32 = 1 << 6;
/// Nordic's control access port.
const CTRL_AP: u32 = 0x0288_0000;
/// That of chips with TrustZone.
const SECURE_CTRL_AP: u32 = 0x1288_0000;
/// Where the ROM table stands.
const ROM_TABLE: u32 = 0xe00f_f003;
/// The request for the debug domain's power, in the debug port's CTRL/STAT.
const DEBUG_POWER: u32 = 1 << 28;
/// RP2040's debug port that does nothing but reset.
const RESCUE: u32 = 0xf100_2927;
/// RP2350's access port for that, and the bit of its first register that resets when it goes: "RP2350 Datasheet", 3.5.10.
const RESCUE_AP: u32 = 0x0008_0000;
const RESTART: u32 = 1 << 31;
/// Debug ports as they name themselves, of the versions 1, 2 and 3.
const IDENTITY: [u32; 3] = [0x2ba0_1477, 0x0bc1_2477, 0x4c01_3477];

impl Ports {
    pub fn new(naming: Naming, cores: Vec<(Option<u32>, u32)>, control: &'static [u32]) -> Self {
        let mut ports: Vec<Port> = Vec::new();
        for (targetsel, _) in &cores {
            if !ports.iter().any(|port| port.targetsel == *targetsel) {
                ports.push(Port { naming, targetsel: *targetsel, ..Port::default() });
            }
        }
        if ports.iter().any(|port| port.targetsel.is_some()) {
            ports.push(Port { targetsel: Some(RESCUE), ..Port::default() });
        }
        Self { cores, naming, selected: None, ports, control, locked: false, erasing: false }
    }

    pub fn lock(&mut self) {
        self.locked = true;
    }

    /// A sequence on the wires; the only one that means something here is the choice of a debug port.
    pub fn sequence(&mut self, bits: u64, length: u8) {
        // A write of TARGETSEL: its request, then 32 bits and their parity.
        if length == 48 && bits & 0x1fff == 0x1f99 {
            self.selected = Some((bits >> 13) as u32);
        }
    }

    fn port(&mut self) -> Option<&mut Port> {
        let selected = self.selected;
        self.ports.iter_mut().find(|port| port.targetsel.is_none() || port.targetsel == selected)
    }

    /// The core behind the selected access port.
    fn core(&mut self) -> Option<usize> {
        let port = self.port()?;
        let (targetsel, number) = (port.targetsel, port.number());
        self.cores.iter().position(|core| *core == (targetsel, number))
    }
}

impl Port {
    fn access(&mut self) -> &mut Access {
        let number = self.number();
        let place = self.access.iter().position(|(of, _)| *of == number).unwrap_or(self.access.len());
        if place == self.access.len() {
            self.access.push((number, Access::default()));
        }
        &mut self.access[place].1
    }

    /// The selected access port's number, or its address.
    fn number(&self) -> u32 {
        match self.naming {
            Naming::Number => self.select >> 24,
            Naming::Address => self.select & !0xfff,
        }
    }

    fn is_rescue(&self) -> bool {
        self.naming == Naming::Address && self.number() == RESCUE_AP
    }

    fn register(&self, address: u8) -> u8 {
        (self.select as u8 & 0xf0) | (address & 0xc)
    }
}

impl Access {
    fn step(&mut self) {
        if (self.csw >> 4) & 3 != 0 {
            self.tar = self.tar.wrapping_add(self.bytes());
        }
    }

    fn bytes(&self) -> u32 {
        1 << (self.csw & 7).min(2)
    }
}

impl Machine {
    pub fn read_debug_port(&mut self, address: u8) -> Result<u32, Refused> {
        self.answers()?;
        let Some(port) = self.ports.port() else { return Err(Refused::NoAcknowledge) };
        let targetsel = port.targetsel;
        let [first, second, third] = IDENTITY;
        Ok(match address & 0xc {
            0 if port.naming == Naming::Address => match port.select & 0xf {
                0 => third,
                // Where it has a table of its access ports is not told.
                _ => 0,
            },
            0 if targetsel.is_some() => second,
            0 => first,
            4 => match (port.select & 0xf, targetsel) {
                (0, _) => {
                    // What was asked for is acknowledged at once.
                    let asked = port.control & ((1 << 30) | (1 << 28));
                    port.control | (asked << 1)
                }
                // TARGETID, and DLPIDR with the instance.
                (2, Some(targetsel)) => targetsel & 0x0fff_ffff,
                (3, Some(targetsel)) => (targetsel & 0xf000_0000) | 1,
                _ => 0,
            },
            _ => 0,
        })
    }

    pub fn write_debug_port(&mut self, address: u8, value: u32) -> Result<(), Refused> {
        self.answers()?;
        let Some(port) = self.ports.port() else { return Err(Refused::NoAcknowledge) };
        match address & 0xc {
            // Of other banks, SELECT1 is all zeros for addresses of 32 bits.
            4 if port.naming == Naming::Address && port.select & 0xf != 0 => {}
            4 => {
                let was_powered = port.control & DEBUG_POWER != 0;
                port.control = value;
                if was_powered && value & DEBUG_POWER == 0 && port.targetsel != Some(RESCUE) {
                    let debugged = self.cores.iter().filter(|core| core.is_debugged()).count();
                    self.log.push(format!("debug power off, {debugged} cores with debug on"));
                    return Ok(());
                }
                if port.targetsel == Some(RESCUE) && value == 0 {
                    self.reset();
                }
            }
            8 => port.select = value,
            _ => {}
        }
        Ok(())
    }

    pub fn read_access_port(&mut self, address: u8) -> Result<u32, Refused> {
        self.answers()?;
        let control = self.ports.control;
        let Some(port) = self.ports.port() else { return Err(Refused::NoAcknowledge) };
        let register = port.register(address);
        if control.contains(&port.number()) {
            return Ok(match register {
                0x08 => u32::from(std::mem::take(&mut self.ports.erasing)),
                0x0c => u32::from(!self.ports.locked),
                0xfc if control.len() > 1 => SECURE_CTRL_AP,
                0xfc => CTRL_AP,
                _ => 0,
            });
        }
        if port.is_rescue() {
            return Ok(if register == 0 { port.access().csw } else { 0 });
        }
        let access = *port.access();
        match register {
            // A lock takes the bus away from its access port.
            0x00 if self.ports.locked && !control.is_empty() => Ok(access.csw & !ENABLED),
            0x00 => Ok(access.csw | ENABLED),
            0x04 => Ok(access.tar),
            0x0c => {
                let word = self.bus_read(access.tar & !3)?;
                if let Some(port) = self.ports.port() {
                    port.access().step();
                }
                Ok(word)
            }
            0x10 | 0x14 | 0x18 | 0x1c => self.bus_read((access.tar & !0xf) + u32::from(register & 0xf)),
            0xf8 => Ok(ROM_TABLE),
            0xfc => Ok(if self.ports.naming == Naming::Address { AHB5_AP } else { AHB_AP }),
            _ => Ok(0),
        }
    }

    pub fn write_access_port(&mut self, address: u8, value: u32) -> Result<(), Refused> {
        self.answers()?;
        let control = self.ports.control;
        let Some(port) = self.ports.port() else { return Err(Refused::NoAcknowledge) };
        let register = port.register(address);
        if control.contains(&port.number()) {
            if register == 0x04 && value == 1 {
                self.log.push("CTRL-AP: erase all".to_owned());
                self.memory.erase_all();
                self.ports.erasing = true;
                self.ports.locked = false;
            }
            return Ok(());
        }
        let is_rescue = port.is_rescue();
        let access = port.access();
        match register {
            0x00 if is_rescue => {
                let was = std::mem::replace(&mut access.csw, value);
                if was & RESTART != 0 && value & RESTART == 0 {
                    self.rescue();
                }
            }
            0x00 => access.csw = value,
            0x04 => access.tar = value,
            0x0c => {
                let (at, bytes) = (access.tar, access.bytes());
                access.step();
                let lane = (at & 3 & !(bytes - 1)) as usize;
                let value = value.to_le_bytes();
                self.bus_write(at, value.get(lane..lane + bytes as usize).unwrap_or(&value))?;
            }
            0x10 | 0x14 | 0x18 | 0x1c => {
                let at = (access.tar & !0xf) + u32::from(register & 0xf);
                self.bus_write(at, &value.to_le_bytes())?;
            }
            _ => {}
        }
        Ok(())
    }

    fn bus_read(&mut self, address: u32) -> Result<u32, Refused> {
        self.allowed(address)?;
        let core = self.ports.core().unwrap_or(usize::MAX);
        Ok(match core {
            usize::MAX => self.memory.word(address),
            core => self.read(core, address),
        })
    }

    fn bus_write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Refused> {
        self.allowed(address)?;
        match self.ports.core() {
            Some(core) => self.write(core, address, bytes),
            None => self.memory.write(address, bytes),
        }
        Ok(())
    }

    /// Nordic's lock closes the whole bus; others close flash alone.
    fn allowed(&self, address: u32) -> Result<(), Refused> {
        match self.ports.locked && (!self.ports.control.is_empty() || self.memory.is_flash(address)) {
            true => Err(Refused::Protected),
            false => Ok(()),
        }
    }
}
