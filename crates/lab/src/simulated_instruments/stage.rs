use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serialport::{SerialPort, TTYPort};

use crate::stream::Error;

/// How long a simulated instrument sleeps when it has nothing to say.
const NAP: Duration = Duration::from_millis(1);

/// One end of a protocol, without a line.
pub trait Part: Send {
    /// Bytes that came; answers go to `out`.
    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>);

    /// What it says of its own accord by now: no more than some ten thousand bytes at a time.
    fn play(&mut self, out: &mut Vec<u8>) -> Flow;

    /// The line's speed, where it matters: at another one, nothing but noise is understood.
    fn baud(&self) -> Option<u32> {
        None
    }
}

/// How a [`Part`] goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flow {
    /// There may be more to say.
    On,
    /// The cable was pulled.
    Unplugged,
}

/// A [`Part`] on a line of its own, played by a thread that ends when this is dropped.
#[derive(Debug)]
pub struct Stage {
    place: String,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    /// On a pseudo-terminal.
    ///
    /// # Errors
    /// [`Error::Io`] where the system has none.
    pub fn on_terminal(mut part: Box<dyn Part>) -> Result<Self, Error> {
        let pair = TTYPort::pair().map_err(io::Error::from);
        let (mut port, other) = pair.map_err(|reason| no_line("opening a pseudo-terminal", reason))?;
        let place = other.name().unwrap_or_default();
        let set = port.set_timeout(NAP).map_err(io::Error::from);
        set.map_err(|reason| no_line("setting a pseudo-terminal up", reason))?;
        Ok(Self::start(place, move |over| {
            let mut line = Terminal { baud: part.baud(), port, other };
            play(part.as_mut(), &mut line, over);
        }))
    }

    /// On a socket of the loopback interface, for one client after the other.
    ///
    /// # Errors
    /// [`Error::Io`] where the system has none.
    pub fn on_socket(mut part: Box<dyn Part>) -> Result<Self, Error> {
        let listen = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?.to_string(), listener))
        };
        let (place, listener) = listen().map_err(|reason| no_line("opening a socket", reason))?;
        Ok(Self::start(place, move |over| {
            while !over.load(Ordering::Relaxed) {
                let Ok((client, _)) = listener.accept() else {
                    thread::sleep(NAP);
                    continue;
                };
                let set = client.set_nonblocking(false).and_then(|()| client.set_read_timeout(Some(NAP)));
                if set.and_then(|()| client.set_write_timeout(Some(NAP))).is_ok() {
                    play(part.as_mut(), &mut Socket(client), over);
                }
            }
        }))
    }

    fn start(place: String, work: impl FnOnce(&AtomicBool) + Send + 'static) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        Self { place, over, thread: Some(thread::spawn(move || work(&told))) }
    }

    /// Where it is: a terminal's path, or an address with a port.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A part that panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

fn no_line(doing: &str, reason: io::Error) -> Error {
    Error::Io { doing: doing.to_owned(), reason }
}

/// A line as a part has it.
trait Ends: Read + Write {
    /// Whether the two ends understand each other.
    fn is_clear(&self) -> bool;

    /// Whether something has come.
    fn has_heard(&self) -> bool;

    /// Waits until the other end has what was said, or does not want it.
    fn settle(&self);
}

struct Terminal {
    baud: Option<u32>,
    port: TTYPort,
    /// The other end: as long as it is open here, whoever uses it may come and go.
    other: TTYPort,
}

impl Ends for Terminal {
    fn is_clear(&self) -> bool {
        self.baud.is_none_or(|baud| self.port.baud_rate().is_ok_and(|set| set == baud))
    }

    fn has_heard(&self) -> bool {
        self.port.bytes_to_read().is_ok_and(|bytes| bytes > 0)
    }

    fn settle(&self) {
        // What was just written takes its time through the kernel, and shows at neither end meanwhile.
        thread::sleep(10 * NAP);
        for _ in 0..500 {
            if self.other.bytes_to_read().is_ok_and(|bytes| bytes == 0) {
                return;
            }
            thread::sleep(NAP);
        }
    }
}

impl Read for Terminal {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.port.read(bytes)
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.port.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Socket(TcpStream);

impl Ends for Socket {
    fn is_clear(&self) -> bool {
        true
    }

    fn has_heard(&self) -> bool {
        let look = || {
            self.0.set_nonblocking(true)?;
            let seen = self.0.peek(&mut [0]);
            self.0.set_nonblocking(false)?;
            seen
        };
        // A client that is gone is to be heard of, too.
        !look().is_err_and(|error| is_wait(&error))
    }

    /// What is in a socket is still delivered when it closes.
    fn settle(&self) {}
}

impl Read for Socket {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.0.read(bytes) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            other => other,
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Plays a part until its line or the stage is gone.
fn play(part: &mut dyn Part, line: &mut dyn Ends, over: &AtomicBool) {
    let (mut heard, mut out) = ([0; 4096], Vec::new());
    let mut is_streaming = false;
    while !over.load(Ordering::Relaxed) {
        out.clear();
        // Only who has nothing to say waits for commands.
        let heard = if is_streaming && !line.has_heard() {
            &[]
        } else {
            match line.read(&mut heard) {
                Ok(read) => heard.get(..read).unwrap_or_default(),
                Err(error) if is_wait(&error) => &[],
                Err(_) => return,
            }
        };
        match line.is_clear() {
            true => part.hear(heard, &mut out),
            // What is understood as noise is answered with noise.
            false => out.extend_from_slice(heard),
        }
        let flow = part.play(&mut out);
        is_streaming = !out.is_empty();
        if !line.is_clear() {
            out.iter_mut().for_each(|byte| *byte = byte.rotate_left(3) | 0x81);
        }
        if !say(line, &out, over) {
            return;
        }
        if flow == Flow::Unplugged {
            return line.settle();
        }
    }
}

/// Writes all of it; whether somebody is still there.
fn say(line: &mut dyn Ends, mut bytes: &[u8], over: &AtomicBool) -> bool {
    while !bytes.is_empty() {
        match line.write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if is_wait(&error) => {}
            Err(_) => return false,
        }
        if over.load(Ordering::Relaxed) {
            return false;
        }
    }
    true
}

fn is_wait(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
