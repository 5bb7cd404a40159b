//! Lines to instruments: serial ports and sockets, with patience that ends and advice where one cannot be opened.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use serialport::{ErrorKind, FlowControl, SerialPort, SerialPortType};

use crate::stream::Error;

/// How long a write may take; instruments take their commands at once.
const WRITE: Duration = Duration::from_secs(2);

/// Bytes to an instrument and back.
pub trait Line: Send {
    /// Reads what is there, waiting at most `patience` for the first byte; 0 when nothing came.
    ///
    /// # Errors
    /// When the line is gone.
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize>;

    /// Writes all of it.
    ///
    /// # Errors
    /// When the line is gone, or does not take it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Opens a serial line: eight bits, no parity, one stop bit.
///
/// # Errors
/// [`Error::NotFound`], with what to do.
pub fn serial(what: &'static str, path: &str, baud: u32, flow: FlowControl) -> Result<Box<dyn Line>, Error> {
    let port = serialport::new(path, baud).flow_control(flow).timeout(WRITE).dtr_on_open(true).open();
    let port = port.map_err(|error| {
        let advice = match error.kind {
            ErrorKind::NoDevice => "the line is in use, or gone: close the other program that has it open",
            ErrorKind::Io(io::ErrorKind::PermissionDenied) => {
                "you may not open it: `sudo usermod -aG dialout $USER`, and log in again"
            }
            ErrorKind::Io(io::ErrorKind::NotFound) => {
                "there is no such line: plug the instrument in, and look at `ls /dev/serial/by-id`"
            }
            _ => "the line cannot be set up: is it the instrument's?",
        };
        Error::NotFound { what, place: path.to_owned(), advice }
    })?;
    Ok(Box::new(Serial(port)))
}

/// The first serial line of a USB device.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn find(what: &'static str, vendor: u16, product: u16) -> Result<String, Error> {
    let is_it = |port: &serialport::SerialPortInfo| match &port.port_type {
        SerialPortType::UsbPort(usb) => usb.vid == vendor && usb.pid == product,
        _ => false,
    };
    let ports = serialport::available_ports().unwrap_or_default();
    let mut names: Vec<_> = ports.into_iter().filter(is_it).map(|port| port.port_name).collect();
    names.sort();
    names.into_iter().next().ok_or_else(|| Error::NotFound {
        what,
        place: format!("USB {vendor:04x}:{product:04x}"),
        advice: "plug it in, or name its line after a colon",
    })
}

/// Connects to a server.
///
/// # Errors
/// [`Error::NotFound`], with what to do.
pub fn tcp(what: &'static str, place: &str, advice: &'static str) -> Result<Box<dyn Line>, Error> {
    let absent = || Error::NotFound { what, place: place.to_owned(), advice };
    let mut addresses = place.to_socket_addrs().map_err(|_| absent())?;
    let address = addresses.next().ok_or_else(absent)?;
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).map_err(|_| absent())?;
    let set = stream.set_nodelay(true).and_then(|()| stream.set_write_timeout(Some(WRITE)));
    set.map_err(|_| absent())?;
    Ok(Box::new(Tcp(stream)))
}

/// What a line that broke in the middle of a stream is called.
pub fn lost(samples: u64) -> Error {
    Error::Disconnected { samples }
}

/// Throws away what is still on its way, for at most `patience` of silence and ten times that in all.
///
/// # Errors
/// When the line is gone.
pub fn drain(line: &mut dyn Line, patience: Duration) -> Result<(), Error> {
    let (started, mut scrap) = (Instant::now(), [0; 4096]);
    while line.read(&mut scrap, patience).map_err(|_| lost(0))? > 0 && started.elapsed() < patience * 10 {}
    Ok(())
}

/// Some bytes as an error shows them.
pub fn excerpt(bytes: &[u8]) -> String {
    let start = bytes.get(..bytes.len().min(40)).unwrap_or(bytes);
    start.escape_ascii().to_string()
}

struct Serial(Box<dyn SerialPort>);

impl Line for Serial {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        self.0.set_timeout(patience)?;
        match self.0.read(bytes) {
            // What the system says of a line that is not there any more.
            Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            other => quiet(other),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.set_timeout(WRITE)?;
        self.0.write_all(bytes)
    }
}

struct Tcp(TcpStream);

impl Line for Tcp {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        // A timeout of zero would mean none at all.
        self.0.set_read_timeout(Some(patience.max(Duration::from_micros(1))))?;
        match self.0.read(bytes) {
            Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            other => quiet(other),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}

/// A wait in vain is no error.
fn quiet(read: io::Result<usize>) -> io::Result<usize> {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    match read {
        Err(error) if matches!(error.kind(), TimedOut | WouldBlock | Interrupted) => Ok(0),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_not_there_says_what_to_do() {
        let error =
            serial("PPK2", "/dev/no_such_line", 9600, FlowControl::None).err().map(|it| it.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                "no PPK2 at /dev/no_such_line: there is no such line: plug the instrument in, and look at \
                 `ls /dev/serial/by-id`"
            )
        );
    }

    #[test]
    fn an_excerpt_is_short_and_printable() {
        assert_eq!(excerpt(b"R0: 1\n\xff"), "R0: 1\\n\\xff");
        assert_eq!(excerpt(&[b'a'; 100]).len(), 40);
    }
}
