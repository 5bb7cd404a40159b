//! The chip: cores that a debugger halts and starts, memories, and what is wrong with it.

use probe_rs::config::{CoreType, Target};
use probe_rs_target::{ApAddress, CoreAccessOptions};

use super::{
    algorithm::{Algorithm, Call},
    fault::Fault,
    firmware::Firmware,
    memory::Memory,
    port::{Naming, Ports},
};
use crate::probes::{Identity, Protection};

const CPUID: u32 = 0xe000_ed00;
const AIRCR: u32 = 0xe000_ed0c;
const DFSR: u32 = 0xe000_ed30;
const DHCSR: u32 = 0xe000_edf0;
const DCRSR: u32 = 0xe000_edf4;
const DCRDR: u32 = 0xe000_edf8;
const DEMCR: u32 = 0xe000_edfc;
const FP_CTRL: u32 = 0xe000_2000;
/// RP2040's and RP2350's, which tells cores apart.
const SIO_CPUID: u32 = 0xd000_0000;

const LR: usize = 14;
const PC: usize = 15;
const REGISTERS: usize = 128;

/// A core as its debugger sees it.
#[derive(Clone, Debug)]
pub struct Core {
    registers: [u32; REGISTERS],
    dcrdr: u32,
    demcr: u32,
    debug: bool,
    halted: bool,
    was_reset: bool,
    /// In a flash algorithm that does not end.
    stuck: bool,
}

impl Core {
    fn new() -> Self {
        Self {
            registers: [0; REGISTERS],
            dcrdr: 0,
            demcr: 0,
            debug: false,
            halted: false,
            was_reset: false,
            stuck: false,
        }
    }

    /// Whether something that only a debugger needs is on.
    pub fn is_debugged(&self) -> bool {
        self.debug || self.demcr != 0
    }

    fn register(&mut self, number: usize) -> &mut u32 {
        &mut self.registers[number % REGISTERS]
    }
}

/// What every access goes through.
#[derive(Debug)]
pub struct Machine {
    pub memory: Memory,
    pub ports: Ports,
    pub firmware: Option<Firmware>,
    pub log: Vec<String>,
    pub cores: Vec<Core>,
    cpuid: u32,
    two_cores_by_sio: bool,
    /// Where the chip looks for its vector table.
    vectors_at: u32,
    algorithms: Vec<Algorithm>,
    identity: Option<&'static Identity>,
    faults: Vec<Fault>,
    programmed: u64,
    gone: bool,
}

/// Why an access was not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    NoAcknowledge,
    Wait,
    Protected,
    Gone,
}

impl Machine {
    /// Nothing where a core is no Cortex-M.
    pub fn new(target: &Target) -> Option<Self> {
        let mut accesses = Vec::new();
        let mut naming = Naming::Number;
        for core in &target.cores {
            match &core.core_access_options {
                CoreAccessOptions::Arm(options) if core.core_type.is_cortex_m() => match options.ap {
                    ApAddress::V1(port) => accesses.push((options.targetsel, port.into())),
                    ApAddress::V2(address) => {
                        naming = Naming::Address;
                        accesses.push((options.targetsel, u32::try_from(address).ok()?));
                    }
                },
                _ => return None,
            }
        }
        let mut memory = Memory::of(target);
        let identity = Identity::of(&target.name);
        for (address, word) in identity.iter().flat_map(|known| known.words(Protection::Open)) {
            memory.set(address, word);
        }
        let cpuid = match target.default_core().core_type {
            CoreType::Armv6m => 0x410c_c601,
            CoreType::Armv8m => 0x410f_d214,
            _ if target.name.starts_with("STM32H7") => 0x411f_c270,
            _ => 0x410f_c241,
        };
        let control: &[u32] = match target.name.get(..5) {
            Some("nRF52") => &[1],
            Some("nRF53") => &[2, 3],
            _ => &[],
        };
        let is_flash = |address: &u32| memory.is_flash(*address);
        let vectors_at = match target.name.starts_with("RP2040") {
            // Behind the second stage of its boot code.
            true => Some(0x1000_0100),
            false => [0, 0x0800_0000, 0x1000_0000].into_iter().find(is_flash),
        };
        Some(Self {
            vectors_at: vectors_at?,
            memory,
            ports: Ports::new(naming, accesses, control),
            firmware: None,
            log: Vec::new(),
            cores: target.cores.iter().map(|_| Core::new()).collect(),
            cpuid,
            two_cores_by_sio: target.name.starts_with("RP2"),
            algorithms: Algorithm::all(target),
            identity,
            faults: Vec::new(),
            programmed: 0,
            gone: false,
        })
    }

    pub fn fault(&mut self, fault: Fault) {
        if fault == Fault::Locked {
            self.ports.lock();
            for (address, word) in self.identity.iter().flat_map(|known| known.words(Protection::Closed)) {
                self.memory.set(address, word);
            }
        }
        self.faults.push(fault);
    }

    /// A probe is opened.
    pub fn reconnect(&mut self) {
        let comes_back = |fault: &Fault| matches!(fault, Fault::Disconnect { comes_back: true, .. });
        if self.gone && self.faults.iter().any(comes_back) {
            self.faults.retain(|fault| !comes_back(fault));
            self.gone = false;
        }
    }

    /// Bytes of flash that were programmed, and those that firmware said.
    pub fn moved_bytes(&self) -> u64 {
        self.programmed + self.firmware.as_ref().map_or(0, |firmware| firmware.said_bytes)
    }

    /// Whether the target answers at all.
    pub fn answers(&mut self) -> Result<(), Refused> {
        let moved = self.moved_bytes();
        for fault in &self.faults {
            match *fault {
                Fault::NoAcknowledge => return Err(Refused::NoAcknowledge),
                Fault::Wait { after_bytes } if moved >= after_bytes => return Err(Refused::Wait),
                Fault::Disconnect { after_bytes, .. } if moved >= after_bytes => self.gone = true,
                _ => {}
            }
        }
        if self.gone { Err(Refused::Gone) } else { Ok(()) }
    }

    /// Reads a word as a core's bus does.
    pub fn read(&mut self, core: usize, address: u32) -> u32 {
        let cpuid = self.cpuid;
        let Some(of) = self.cores.get_mut(core) else { return 0 };
        match address {
            CPUID => cpuid,
            SIO_CPUID if self.two_cores_by_sio => core as u32,
            DHCSR => {
                let mut word = (1 << 16) | u32::from(of.debug) | (u32::from(of.halted) << 1);
                word |= u32::from(of.halted) << 17;
                word |= u32::from(std::mem::take(&mut of.was_reset)) << 25;
                word
            }
            DCRDR => of.dcrdr,
            DEMCR => of.demcr,
            DFSR => 1,
            FP_CTRL => 0x61,
            _ => {
                if let Some(firmware) = &mut self.firmware {
                    firmware.poll(&mut self.memory);
                }
                self.memory.word(address)
            }
        }
    }

    /// Writes as a core's bus does: one, two or four bytes.
    pub fn write(&mut self, core: usize, address: u32, bytes: &[u8]) {
        let word = <[u8; 4]>::try_from(bytes).map(u32::from_le_bytes);
        let (Ok(word), Some(of)) = (word, self.cores.get_mut(core)) else {
            return self.memory.write(address, bytes);
        };
        match address {
            DHCSR if word >> 16 == 0xa05f => self.control(core, word),
            DCRSR => {
                let number = (word & 0x7f) as usize;
                match word & (1 << 16) {
                    0 => of.dcrdr = *of.register(number),
                    _ => *of.register(number) = of.dcrdr,
                }
            }
            DCRDR => of.dcrdr = word,
            DEMCR => of.demcr = word,
            AIRCR if word & 4 != 0 => self.reset(),
            _ => self.memory.write(address, bytes),
        }
    }

    /// The chip's reset. A core that catches it stays halted; another starts the firmware.
    pub fn reset(&mut self) {
        self.log.push("reset".to_owned());
        if self.reset_cores() {
            self.start();
        }
    }

    /// A reset into the boot code, which waits there.
    pub fn rescue(&mut self) {
        self.log.push("rescue".to_owned());
        self.reset_cores();
    }

    /// Whether the first core runs.
    fn reset_cores(&mut self) -> bool {
        if let Some(firmware) = &mut self.firmware {
            firmware.stop();
        }
        let (stack, entry) = self.vectors();
        let mut runs = false;
        for (index, core) in self.cores.iter_mut().enumerate() {
            *core = Core { debug: core.debug, demcr: core.demcr, was_reset: true, ..Core::new() };
            *core.register(13) = stack;
            *core.register(PC) = entry & !1;
            core.halted = core.debug && core.demcr & 1 != 0;
            runs |= index == 0 && !core.halted;
        }
        runs
    }

    /// Starts firmware at its reset vector, if there is one.
    fn start(&mut self) {
        let (stack, entry) = self.vectors();
        if !self.memory.is_flash(entry) || stack == 0 {
            return self.log.push("no firmware: the vector table is empty".to_owned());
        }
        self.log.push(format!("firmware starts at {:#010x}", entry & !1));
        // A core that is halted later and goes on does not start anew.
        if let Some(core) = self.cores.first_mut() {
            core.registers[PC] = (entry & !1) + 4;
        }
        if let Some(firmware) = &mut self.firmware {
            firmware.start(&mut self.memory);
        }
    }

    /// The first two words of the vector table.
    fn vectors(&self) -> (u32, u32) {
        (self.memory.word(self.vectors_at), self.memory.word(self.vectors_at + 4))
    }

    fn control(&mut self, index: usize, word: u32) {
        let Some(core) = self.cores.get_mut(index) else { return };
        let was_halted = core.halted;
        core.debug = word & 1 != 0;
        core.halted = core.debug && word & 2 != 0;
        if core.halted {
            core.stuck = false;
            if let (0, Some(firmware)) = (index, &mut self.firmware) {
                firmware.stop();
            }
        } else if was_halted && word & 4 != 0 {
            // A step is over as soon as it began.
            core.halted = true;
        } else if was_halted {
            self.go(index);
        }
    }

    /// A halted core goes on: into a flash algorithm, or with its firmware.
    fn go(&mut self, index: usize) {
        let Some(core) = self.cores.get(index) else { return };
        let pc = core.registers[PC];
        let arguments = [core.registers[0], core.registers[1], core.registers[2]];
        let known = |algorithm: &Algorithm| {
            let call = algorithm.call(&self.memory, pc, arguments)?;
            Some((algorithm.name().to_owned(), call))
        };
        match self.algorithms.iter().find_map(known) {
            Some((name, call)) => {
                let result = self.perform(&name, call);
                let Some(core) = self.cores.get_mut(index) else { return };
                core.stuck = result.is_none();
                if let Some(result) = result {
                    core.registers[0] = result;
                    core.registers[PC] = core.registers[LR] & !1;
                    core.halted = true;
                }
            }
            None if index == 0 && pc == self.vectors().1 & !1 => self.start(),
            None => {
                if let (0, Some(firmware)) = (index, &mut self.firmware) {
                    firmware.resume();
                }
            }
        }
    }

    /// What a flash algorithm returns; nothing where it does not end.
    fn perform(&mut self, name: &str, call: Call) -> Option<u32> {
        let good = |good: bool| Some(u32::from(!good));
        match call {
            Call::Nothing => Some(0),
            Call::EraseAll => {
                self.log.push(format!("{name}: erase all"));
                self.memory.erase_all();
                Some(0)
            }
            Call::EraseSector { start, length } => {
                self.log.push(format!("{name}: erase {start:#010x}"));
                let stuck = self.faults.iter().any(|fault| match fault {
                    Fault::StuckErase { address } => (start..start + length).contains(&u64::from(*address)),
                    _ => false,
                });
                if stuck {
                    return None;
                }
                good(self.memory.erase(start, length))
            }
            Call::Program { address, length, buffer } => {
                self.log.push(format!("{name}: program {address:#010x}, {length} B"));
                let mut fits = true;
                for at in 0..length {
                    let byte = self.memory.byte(buffer + at).unwrap_or_default();
                    let worn = self.faults.contains(&Fault::WornOut { address: address + at });
                    fits &= self.memory.program(address + at, byte | u8::from(worn));
                }
                self.programmed += u64::from(length);
                good(fits)
            }
            Call::Verify { address, length, buffer } => {
                let differs = |at: &u32| self.memory.byte(address + at) != self.memory.byte(buffer + at);
                Some(address + (0..length).find(differs).unwrap_or(length))
            }
            Call::BlankCheck { address, length } => {
                good((address..address + length).all(|address| self.memory.byte(address) == Some(0xff)))
            }
        }
    }
}
