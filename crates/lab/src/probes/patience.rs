use std::{thread::sleep, time::Duration};

use probe_rs::probe::Probe;

use super::{Chip, Connection, Error, Flashed, How, Image, Progress, Target};

/// How long a probe may take to come back after its cable moved.
const PAUSE: Duration = Duration::from_secs(1);

/// Connects and flashes; when the connection is lost on the way, once more from the start.
///
/// # Errors
/// Those of [`Connection::open`] and [`Target::flash`]; when the second try does not even connect, the first one's, because
/// that is what tells how the chip was left.
pub fn flash_patiently(
    open: &mut dyn FnMut() -> Result<Probe, Error>,
    (chip, image): (&Chip, &Image),
    how: How,
    progress: &mut dyn FnMut(Progress),
    say: &mut dyn FnMut(&str),
) -> Result<(Connection, Flashed), Error> {
    let mut once = |probe: Probe| -> Result<(Connection, Flashed), Error> {
        let mut connection = Connection::open(probe, chip, how.chip_erase)?;
        let flashed = connection.flash(image, how, progress)?;
        Ok((connection, flashed))
    };
    let first = match once(open()?) {
        Err(error @ Error::Lost { .. }) => error,
        done => return done,
    };
    say(&format!("{first}"));
    say("trying once more");
    sleep(PAUSE);
    let Ok(probe) = open() else { return Err(first) };
    match once(probe) {
        Err(Error::NoAnswer { .. } | Error::Probe { .. }) => Err(first),
        Err(Error::Lost { state, .. }) if state.is_untouched() => Err(first),
        done => done,
    }
}
