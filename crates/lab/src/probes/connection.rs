use std::{cell::RefCell, time::Duration};

use probe_rs::{
    MemoryInterface, Permissions, Session,
    architecture::arm::{FullyQualifiedApAddress, dp::DpAddress, sequences::DefaultArmSequence},
    config::CoreType,
    flashing::{DownloadOptions, FlashError, FlashLoader, FlashProgress, ProgressEvent, ProgressOperation},
    probe::Probe,
    rtt::{self, Rtt},
};

use super::{
    Chip, Error, Flashed, How, Identity, Image, Progress, Protection, Stage, State, Target, espressif,
    why::{Why, told, why},
};

/// A chip behind a debug probe, real or simulated.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    chip: Chip,
    rtt: Option<Rtt>,
}

const CPUID: u64 = 0xe000_ed00;
/// How long a chip may take to stop after a reset.
const HALT_LIMIT: Duration = Duration::from_millis(500);
/// Nordic's control access ports, which a chip of another maker does not have: the series, the port, and what it calls itself.
const CTRL_APS: [(&str, u8, u32); 2] = [("nRF52", 1, 0x0288_0000), ("nRF53", 2, 0x1288_0000)];
const IDR: u64 = 0xfc;

impl Connection {
    /// Connects to the chip at the probe's end, and makes sure that it is the one that is meant. With `unlock`, a chip that
    /// can only be opened by erasing all of it is erased.
    ///
    /// # Errors
    /// [`Error::NoAnswer`], [`Error::WrongChip`], [`Error::Locked`], [`Error::Lost`].
    pub fn open(probe: Probe, chip: &Chip, unlock: bool) -> Result<Self, Error> {
        let probe = match CTRL_APS.iter().find(|(series, ..)| chip.name().starts_with(series)) {
            Some(control) => nordic(probe, chip, *control)?,
            None => probe,
        };
        let permissions = if unlock { Permissions::new().allow_erase_all() } else { Permissions::new() };
        let session = probe
            .attach(chip.target().clone(), permissions)
            .map_err(|error| unattached(chip, &error, "connecting"))?;
        let mut connection = Self { session, chip: chip.clone(), rtt: None };
        connection.identify()?;
        Ok(connection)
    }

    /// Asks the chip who it is, and whether it is open.
    fn identify(&mut self) -> Result<(), Error> {
        if !self.chip.is_arm() {
            // By JTAG it told who it is while connecting.
            return Ok(());
        }
        let cpuid = self.word(CPUID)?;
        let expected = self.chip.target().default_core().core_type;
        if core_type(cpuid).is_some_and(|found| found != expected) {
            return Err(self.wrong(format!("one with another core (CPUID {cpuid:#010x})")));
        }
        let Some(identity) = Identity::of(self.chip.name()) else { return Ok(()) };
        let word = self.word(identity.address.into())?;
        if word & identity.mask != identity.value {
            let word = word & identity.mask;
            return Err(self.wrong(match identity.named(word) {
                Some(name) => format!("a {name}"),
                None => format!("one that calls itself {word:#x} where {:#x} was expected", identity.value),
            }));
        }
        if let Some(address) = identity.protection_address() {
            let word = self.word(address.into())?;
            if identity.protection(word) == Protection::Closed {
                return Err(locked(&self.chip));
            }
        }
        Ok(())
    }

    fn wrong(&self, found: String) -> Error {
        Error::WrongChip { expected: self.chip.name().to_owned(), found }
    }

    fn word(&mut self, address: u64) -> Result<u32, Error> {
        let read = self.session.core(0).and_then(|mut core| core.read_word_32(address));
        read.map_err(|error| unattached(&self.chip, &error, "asking the chip who it is"))
    }

    /// What is to be written, and where.
    fn loader(&mut self, image: &Image) -> Result<FlashLoader, Error> {
        let mut loader = self.session.target().flash_loader();
        if espressif::is_one(self.chip.name()) {
            espressif::load(&mut loader, &mut self.session, image).map_err(|error| match why(&error) {
                Why::Silent | Why::Waits | Why::Unplugged => {
                    let (doing, reason) = ("preparing to flash", told(&error));
                    Error::Lost { doing, reason, state: State::default() }
                }
                _ => Error::Image { file: image.path.clone(), reason: told(&error) },
            })?;
            return Ok(loader);
        }
        for segment in &image.segments {
            loader
                .add_data(segment.address.into(), &segment.bytes)
                .map_err(|error| Error::Image { file: image.path.clone(), reason: told(&error) })?;
        }
        Ok(loader)
    }

    /// The first byte of flash that is not what was written there.
    fn difference(&mut self, image: &Image, state: State) -> Error {
        let unread = |error: &probe_rs::Error| Error::Flash {
            what: "verifying failed, and flash cannot be read".to_owned(),
            reason: told(error),
            state,
        };
        let mut core = match self.session.core(0) {
            Ok(core) => core,
            Err(error) => return unread(&error),
        };
        for segment in &image.segments {
            let mut bytes = vec![0; segment.bytes.len()];
            if let Err(error) = core.read(segment.address.into(), &mut bytes) {
                return unread(&error);
            }
            let pairs = (segment.address..).zip(segment.bytes.iter().zip(bytes));
            for (address, (written, read)) in pairs {
                if *written != read {
                    return Error::Verify { address, written: *written, read, state };
                }
            }
        }
        Error::Flash {
            what: "verifying failed".to_owned(),
            reason: "flash differed when it was checked, and is right when it is read once more".to_owned(),
            state,
        }
    }

    fn channels(&mut self, control_block: u32) -> Result<(), Error> {
        if self.rtt.is_some() {
            return Ok(());
        }
        let mut core = self.session.core(0).map_err(|error| lost("looking for the firmware", &error))?;
        match Rtt::attach_at(&mut core, control_block.into()) {
            Ok(found) => self.rtt = Some(found),
            Err(rtt::Error::Probe(error)) => return Err(lost("looking for the firmware", &error)),
            Err(_) => return Err(Error::NoRtt { control_block }),
        }
        Ok(())
    }
}

impl Target for Connection {
    fn flash(
        &mut self,
        image: &Image,
        how: How,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Flashed, Error> {
        self.chip.fits(image, &[])?;
        let loader = self.loader(image)?;
        let meter = RefCell::new(Meter { total: image.bytes(), ..Meter::default() });
        let mut options = DownloadOptions::new();
        options.do_chip_erase = how.chip_erase;
        options.verify = how.verify;
        options.progress = FlashProgress::new(|event| {
            if let Some(at) = meter.borrow_mut().hear(event) {
                progress(at);
            }
        });
        let done = loader.commit(&mut self.session, options);
        let meter = meter.into_inner();
        if let (Ok(()), Some(address)) = (&done, image.fault_record) {
            // What other firmware left there is not this one's.
            let mut core = self.session.core(0).map_err(|error| lost("clearing what was left", &error))?;
            core.write_word_32(address.into(), 0).map_err(|error| lost("clearing what was left", &error))?;
        }
        match done {
            Ok(()) => Ok(Flashed {
                image_bytes: image.bytes(),
                written_bytes: meter.done[Stage::Program as usize],
                chip_erased: meter.chip_erase,
                verified: how.verify,
            }),
            // An image in a format of its own stands elsewhere than its bytes say.
            Err(FlashError::Verify) if !espressif::is_one(self.chip.name()) => {
                Err(self.difference(image, meter.state()))
            }
            Err(error) => Err(meter.failed(&error)),
        }
    }

    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), Error> {
        let done = self.session.core(0).and_then(|mut core| core.read(address.into(), bytes));
        done.map_err(|error| lost("reading memory", &error))
    }

    fn reset(&mut self, control_block: Option<u32>) -> Result<(), Error> {
        self.rtt = None;
        let mut core = self.session.core(0).map_err(|error| lost("resetting", &error))?;
        let mut restart = || {
            core.reset_and_halt(HALT_LIMIT)?;
            // RAM survives a reset: what the last firmware left must not be taken for what this one says.
            if let Some(address) = control_block {
                core.write_8(address.into(), &[0; Rtt::RTT_ID.len()])?;
            }
            core.run()
        };
        restart().map_err(|error| lost("resetting", &error))
    }

    fn hear(&mut self, control_block: u32, channel: usize, bytes: &mut [u8]) -> Result<usize, Error> {
        self.channels(control_block)?;
        let Some(rtt) = &mut self.rtt else { return Err(Error::NoRtt { control_block }) };
        let mut core = self.session.core(0).map_err(|error| lost("listening", &error))?;
        match rtt.up_channel(channel) {
            Some(up) => up.read(&mut core, bytes).map_err(|error| lost("listening", &error)),
            None => Err(Error::NoRtt { control_block }),
        }
    }

    fn say(&mut self, control_block: u32, bytes: &[u8]) -> Result<usize, Error> {
        self.channels(control_block)?;
        let Some(rtt) = &mut self.rtt else { return Err(Error::NoRtt { control_block }) };
        let mut core = self.session.core(0).map_err(|error| lost("talking to the firmware", &error))?;
        match rtt.down_channel(0) {
            Some(down) => {
                down.write(&mut core, bytes).map_err(|error| lost("talking to the firmware", &error))
            }
            None => Err(Error::NoRtt { control_block }),
        }
    }
}

/// How far flashing came.
#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    chip_erase: bool,
    total: u64,
    stage: Option<Stage>,
    /// By stage.
    done: [u64; 3],
    totals: [Option<u64>; 3],
}

impl Meter {
    fn hear(&mut self, event: ProgressEvent) -> Option<Progress> {
        match event {
            ProgressEvent::AddProgressBar { operation, total } => {
                let stage = stage(operation)?;
                self.totals[stage as usize] = total;
                // How much the erase of all erases is not counted.
                self.chip_erase |= stage == Stage::Erase && total.is_none();
                if stage == Stage::Program {
                    self.total = total.unwrap_or(self.total);
                }
                None
            }
            ProgressEvent::Started(operation) => {
                self.stage = stage(operation);
                self.progress()
            }
            ProgressEvent::Progress { operation, size, .. } => {
                let stage = stage(operation)?;
                self.stage = Some(stage);
                self.done[stage as usize] += size;
                self.progress()
            }
            _ => None,
        }
    }

    fn progress(&self) -> Option<Progress> {
        let stage = self.stage?;
        Some(Progress { stage, done: self.done[stage as usize], total: self.totals[stage as usize] })
    }

    fn state(&self) -> State {
        let [erased, written, _] = self.done;
        State {
            erased,
            chip_erase: self.chip_erase && self.stage.is_some(),
            written: written.min(self.total),
            total: self.total,
        }
    }

    fn failed(&self, error: &FlashError) -> Error {
        let doing = match self.stage {
            Some(Stage::Erase) => "erasing",
            Some(Stage::Program) => "writing",
            Some(Stage::Verify) => "verifying",
            None => "preparing to flash",
        };
        let state = self.state();
        match why(error) {
            Why::Silent | Why::Waits | Why::Unplugged => Error::Lost { doing, reason: told(error), state },
            cause => {
                let what = match error {
                    FlashError::EraseFailed { sector_address, .. } => {
                        format!("the sector at {sector_address:#010x} does not erase")
                    }
                    FlashError::PageWrite { page_address, .. } => {
                        format!("the page at {page_address:#010x} does not take what is written")
                    }
                    FlashError::ChipEraseFailed { .. } => "the chip does not erase".to_owned(),
                    _ => format!("{doing} failed"),
                };
                let reason = match cause {
                    Why::Timeout => "it is not done after the time that the chip's maker allows".to_owned(),
                    _ => told(error),
                };
                Error::Flash { what, reason, state }
            }
        }
    }
}

fn stage(operation: ProgressOperation) -> Option<Stage> {
    match operation {
        ProgressOperation::Erase => Some(Stage::Erase),
        ProgressOperation::Program => Some(Stage::Program),
        ProgressOperation::Verify => Some(Stage::Verify),
        ProgressOperation::Fill => None,
    }
}

pub(super) fn lost(doing: &'static str, error: &(dyn std::error::Error + 'static)) -> Error {
    match why(error) {
        Why::Silent | Why::Waits | Why::Unplugged => Error::LostContact { doing, reason: told(error) },
        _ => Error::Other { what: doing, reason: told(error) },
    }
}

/// Nothing was done to the chip yet.
fn unattached(chip: &Chip, error: &probe_rs::Error, doing: &'static str) -> Error {
    match why(error) {
        Why::NeedsErase => locked(chip),
        Why::Silent | Why::Waits => Error::NoAnswer { chip: chip.name().to_owned() },
        Why::Unplugged => Error::Lost { doing, reason: told(error), state: State::default() },
        _ => Error::Other { what: doing, reason: told(error) },
    }
}

fn locked(chip: &Chip) -> Error {
    let advice = Identity::of(chip.name()).map_or("", |identity| identity.unlock);
    Error::Locked { chip: chip.name().to_owned(), advice }
}

/// Makes sure that Nordic's access port is there before anybody takes what it says for a lock, and opens it by erasing.
fn nordic(mut probe: Probe, chip: &Chip, (series, port, name): (&str, u8, u32)) -> Result<Probe, Error> {
    let silent = |error: &probe_rs::Error| unattached(chip, error, "connecting");
    probe.attach_to_unspecified().map_err(|error| silent(&error))?;
    let mut interface = probe
        .try_into_arm_debug_interface(DefaultArmSequence::create())
        .map_err(|(_, error)| silent(&probe_rs::Error::from(error)))?;
    let read = interface.select_debug_port(DpAddress::Default).and_then(|()| {
        interface.read_raw_ap_register(&FullyQualifiedApAddress::v1_with_default_dp(port), IDR)
    });
    match read {
        Ok(found) if found == name => Ok(interface.close()),
        Ok(_) => Err(Error::WrongChip {
            expected: chip.name().to_owned(),
            found: format!("not one of Nordic's {series} series"),
        }),
        Err(error) => Err(silent(&probe_rs::Error::from(error))),
    }
}

/// The architecture that a CPUID names, for those that boards have.
fn core_type(cpuid: u32) -> Option<CoreType> {
    match (cpuid >> 4) & 0xfff {
        0xc20 | 0xc60 => Some(CoreType::Armv6m),
        0xc23 => Some(CoreType::Armv7m),
        0xc24 | 0xc27 => Some(CoreType::Armv7em),
        0xd20..=0xd23 => Some(CoreType::Armv8m),
        _ => None,
    }
}
