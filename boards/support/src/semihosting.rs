//! Calls to the machine that emulates the core: files of the host, its console, the end.
//!
//! Operations and their arguments: "Semihosting for AArch32 and AArch64", release 2.0, Arm. RISC-V took them over.
#![allow(unsafe_code)]

use core::fmt;

use crate::machine::host_call;

const SYS_OPEN: usize = 0x01;
const SYS_WRITEC: usize = 0x03;
const SYS_WRITE: usize = 0x05;
const SYS_READ: usize = 0x06;
const SYS_EXIT_EXTENDED: usize = 0x20;

/// The reason that makes [`SYS_EXIT_EXTENDED`] hand on a code.
const ADP_STOPPED_APPLICATION_EXIT: usize = 0x2_0026;

/// What a file is opened for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(usize)]
pub enum Mode {
    /// It has to be there.
    Read = 1,
    /// It starts empty.
    Write = 5,
}

/// A file of the host, in the folder that the emulator runs in. It is closed when the emulator ends.
#[derive(Clone, Copy, Debug)]
pub struct File(usize);

/// The host did not do all of what it was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HostError;

impl File {
    /// # Errors
    /// When the host cannot open it.
    pub fn open(name: &str, mode: Mode) -> Result<Self, HostError> {
        let mut terminated = [0; 32];
        let place = terminated.get_mut(..name.len()).ok_or(HostError)?;
        place.copy_from_slice(name.as_bytes());
        if name.len() == terminated.len() {
            return Err(HostError);
        }
        let arguments = [terminated.as_ptr() as usize, mode as usize, name.len()];
        // SAFETY: the operation reads three words, and a name that a zero follows.
        let handle = unsafe { host_call(SYS_OPEN, arguments.as_ptr() as usize) };
        if handle == usize::MAX { Err(HostError) } else { Ok(Self(handle)) }
    }

    /// Fills `bytes` from where the last read ended.
    ///
    /// # Errors
    /// When the file ends before.
    pub fn read(self, bytes: &mut [u8]) -> Result<(), HostError> {
        let arguments = [self.0, bytes.as_mut_ptr() as usize, bytes.len()];
        // SAFETY: the operation reads three words and writes at most the given length to a slice that is ours alone.
        let missing = unsafe { host_call(SYS_READ, arguments.as_ptr() as usize) };
        if missing == 0 { Ok(()) } else { Err(HostError) }
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// When the host could not write all of them.
    pub fn write(self, bytes: &[u8]) -> Result<(), HostError> {
        let arguments = [self.0, bytes.as_ptr() as usize, bytes.len()];
        // SAFETY: the operation reads three words and as much of the slice as it is long.
        let missing = unsafe { host_call(SYS_WRITE, arguments.as_ptr() as usize) };
        if missing == 0 { Ok(()) } else { Err(HostError) }
    }
}

/// The emulator's console. Each character costs a call: for last words only.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.as_bytes() {
            // SAFETY: the operation reads one byte.
            unsafe { host_call(SYS_WRITEC, &raw const *byte as usize) };
        }
        Ok(())
    }
}

/// Ends the emulation with `code`.
pub fn exit(code: u32) -> ! {
    let arguments = [ADP_STOPPED_APPLICATION_EXIT, code as usize];
    loop {
        // SAFETY: the operation reads two words, and does not come back.
        unsafe { host_call(SYS_EXIT_EXTENDED, arguments.as_ptr() as usize) };
    }
}
