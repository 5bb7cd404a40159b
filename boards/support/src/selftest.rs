//! What firmware does when things go wrong, done on purpose: the host checks that each tells what happened.
//!
//! The job file's first byte says what is asked for. A real job is served, by a model that needs no compiler.

#[cfg(feature = "faults")]
mod kept;
mod toy;

use core::hint::black_box;

use telemetry::{exit, files};

use crate::{
    machine,
    semihosting::{self, File, Mode},
    stack,
};

/// Bytes that the task `s` puts on the stack.
pub const STACK_BYTES: usize = 1500;

/// Does what the job file's first byte asks for.
///
/// | byte | what happens |
/// |---|---|
/// | `p` | a panic |
/// | `h` | a hard fault: an instruction that no core knows |
/// | `s` | a frame of [`STACK_BYTES`], and its depth as found by painting in the log |
/// | `l` | no end |
/// | `u` | one line of log of each level |
/// | `M` | a real job: see [`toy`] |
/// | `k` | what `faults` adds: see [`kept`] |
/// | other | the byte is the exit code |
pub fn main() -> ! {
    machine::start();
    let mut task = [0];
    let job = File::open(files::JOB, Mode::Read).and_then(|job| job.read(&mut task));
    if job.is_err() {
        semihosting::exit(exit::FAILED);
    }
    match task {
        [b'p'] => panic!("on purpose: {}", black_box(42)),
        [b'h'] => machine::unknown_instruction(),
        [b's'] => depth(),
        [b'l'] => loop {
            machine::nop();
        },
        [b'u'] => {
            defmt::error!("an error {=u8}", 1);
            defmt::warn!("a warning {=i16}", -2);
            defmt::info!("information {=str}", "three");
            defmt::debug!("not at this level");
            semihosting::exit(exit::DONE)
        }
        [b'M'] => toy::serve(),
        #[cfg(feature = "faults")]
        [b'k'] => kept::main(),
        [code] => semihosting::exit(u32::from(code)),
    }
}

fn depth() -> ! {
    stack::paint();
    let before = stack::used_bytes();
    occupy();
    let deepest = stack::deepest_bytes() - before;
    defmt::info!("stack {=usize}", deepest);
    semihosting::exit(exit::DONE)
}

#[inline(never)]
fn occupy() {
    black_box(&mut [0_u8; STACK_BYTES]).fill(1);
}
