use std::{
    io::{self, Read, Write},
    time::Duration,
};

use crate::Error;

/// How long a read waits before it says that nothing came.
const PATIENCE: Duration = Duration::from_millis(50);

/// A line to a device. A read that finds nothing ends with [`io::ErrorKind::TimedOut`] after a short while.
pub trait Port: Read + Write + Send {}

impl<T: Read + Write + Send> Port for T {}

/// Opens a serial line: eight bits, no parity, one stop bit. A pseudo-terminal is one, too.
///
/// # Errors
/// [`Error::Open`], with what to check.
pub fn open(path: &str, baud: u32) -> Result<Box<dyn Port>, Error> {
    let port = serialport::new(path, baud).timeout(PATIENCE).open();
    let port = port.map_err(|error| Error::Open { path: path.to_owned(), reason: error.to_string() })?;
    Ok(Box::new(Quiet(port)))
}

/// A port as [`Port`] wants it: what the system says of a line that is not there any more is an error, not an end.
struct Quiet(Box<dyn serialport::SerialPort>);

impl Read for Quiet {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.0.read(bytes)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

impl Write for Quiet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
