//! Runs any plan: the blob comes from a file of the host instead of a flash partition.

use microjoule::{
    Executor,
    blob::{Blob, Header},
    ops,
};
use telemetry::{exit, files};

use crate::{
    semihosting::{self, File, HostError, Mode},
    serve,
};

/// Loads the host's plan into `room`, does the host's job with it, and ends.
///
/// All three memories must begin at a multiple of 16.
pub fn serve_plan(room: &mut [u8], arena: &mut [u8], state: &mut [u8]) -> ! {
    let Ok(bytes) = fetch(room) else {
        defmt::error!("no plan, or one that is larger than the room for it");
        semihosting::exit(exit::FAILED)
    };
    let blob = match Blob::load(bytes, ops::ALL) {
        Ok(blob) => blob,
        Err(error) => refuse(defmt::Display2Format(&error)),
    };
    match Executor::new(blob, arena, state) {
        Ok(mut executor) => serve(&mut executor),
        Err(error) => refuse(defmt::Display2Format(&error)),
    }
}

fn refuse<T: core::fmt::Display>(error: defmt::Display2Format<'_, T>) -> ! {
    defmt::error!("{}", error);
    semihosting::exit(exit::FAILED)
}

/// Reads the plan's header, which says how long the plan is, and then the rest.
fn fetch(room: &mut [u8]) -> Result<&[u8], HostError> {
    let file = File::open(files::PLAN, Mode::Read)?;
    let (head, rest) = room.split_at_mut_checked(size_of::<Header>()).ok_or(HostError)?;
    file.read(head)?;
    let total = head.get(Header::TOTAL_BYTES_AT..).and_then(|bytes| bytes.first_chunk()).ok_or(HostError)?;
    let total = u32::from_le_bytes(*total) as usize;
    let more = total.checked_sub(size_of::<Header>()).ok_or(HostError)?;
    file.read(rest.get_mut(..more).ok_or(HostError)?)?;
    room.get(..total).ok_or(HostError)
}
