//! Whole runs against the protocol's device end in a thread, and against devices that do it wrong.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use engine::{Arena, DType, Executor, Flow, Io, Operand, Operator, Plan, RunError, Step, TensorInfo};
use mlperf::{Dataset, Device, Error, Mode, Plan as Work, Session, measure};
use telemetry::mlperf::{Board, Device as Firmware, Mode as Build, Network, Task};

/// One end of a line without a wire.
struct Wire {
    out: Sender<u8>,
    back: Receiver<u8>,
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let first = self.back.recv_timeout(Duration::from_millis(20)).map_err(|error| match error {
            RecvTimeoutError::Timeout => io::ErrorKind::TimedOut,
            RecvTimeoutError::Disconnected => io::ErrorKind::BrokenPipe,
        })?;
        let all = [first].into_iter().chain(self.back.try_iter());
        Ok(bytes.iter_mut().zip(all).map(|(place, byte)| *place = byte).count())
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        bytes.iter().try_for_each(|byte| self.out.send(*byte)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Board for Wire {
    fn receive(&mut self) -> Option<u8> {
        None
    }

    fn send(&mut self, bytes: &[u8]) {
        let _ = self.write(bytes);
    }

    fn flush(&mut self) {}

    /// A clock that goes on by three seconds whenever somebody looks.
    fn microseconds(&mut self) -> u64 {
        thread_local!(static NOW: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });
        NOW.set(NOW.get() + 3_000_000);
        NOW.get()
    }

    fn pulse(&mut self) {}
}

fn wires() -> (Wire, Wire) {
    let (here, there) = (channel(), channel());
    (Wire { out: here.0, back: there.1 }, Wire { out: there.0, back: here.1 })
}

/// Says of an input that it is of the class that its first byte names.
struct First;

impl Operator for First {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [input]) = io.split([0], [1])?;
        output.fill(0x80);
        let class = input.first().map_or(0, |byte| usize::from(*byte));
        output.get_mut(class).map(|score| *score = 0x7f).ok_or(RunError::Corrupt)?;
        Ok(Flow::Next)
    }
}

/// A device that knows a network with the shapes of keyword spotting.
fn keyword_spotter(build: Build) -> Wire {
    let (host, mut line) = wires();
    thread::spawn(move || {
        let (output, input) = (Operand::arena(512, 12), Operand::arena(0, 490));
        let tensor = |shape, operand| TensorInfo {
            name: "",
            dtype: DType::Int8,
            shape,
            scale: 1.0 / 256.0,
            zero_point: -128,
            operand,
        };
        let (inputs, outputs) = ([tensor(&[1, 49, 10, 1], input)], [tensor(&[1, 12], output)]);
        let plan = Plan {
            name: "first",
            inputs: &inputs,
            outputs: &outputs,
            arena_bytes: 1024,
            state_bytes: 0,
            fills: &[],
            setup: &[],
            steps: &[Step { operator: &First, operands: &[output, input], layer: 0 }],
            weights: &[],
        };
        let mut arena = Arena::<1024>::new();
        let mut executor = Executor::new(plan, &mut arena.0, &mut []).unwrap();
        let task = Task::of(&inputs, &outputs);
        let mut buffer = vec![0; task.kept_bytes()];
        // What comes in is handed over by hand, so that the thread can sleep while nothing does.
        let (_, unused) = channel();
        let incoming = std::mem::replace(&mut line.back, unused);
        let mut device =
            Firmware::new(line, Network::new(&mut executor, task), "a maker", build, &mut buffer);
        device.begin();
        incoming.iter().for_each(|byte| device.take(byte));
    });
    host
}

/// A device that answers everything with the same words.
fn parrot(words: &'static str) -> Wire {
    let (host, mut line) = wires();
    thread::spawn(move || {
        let mut byte = [0];
        loop {
            match line.read(&mut byte) {
                Ok(_) if byte == *b"%" => line.write_all(words.as_bytes()).unwrap_or(()),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return,
                _ => {}
            }
        }
    });
    host
}

fn connect(wire: Wire) -> Result<Device, Error> {
    Device::connect(Box::new(wire), Duration::from_secs(2))
}

/// Inputs of which all but the last say what they are.
fn folder(path: &Path) -> Dataset {
    let mut labels = String::new();
    for index in 0..13_u8 {
        let class = index % 12;
        let name = format!("{index}.bin");
        fs::write(path.join(&name), vec![if index == 12 { 5 } else { class }; 490]).unwrap();
        labels += &format!("{name},12,{class}\n");
    }
    fs::write(path.join("y_labels.csv"), labels).unwrap();
    Dataset::open(path, Task::Kws).unwrap()
}

#[test]
fn accuracy_is_that_of_the_labels() {
    let path = tempfile::tempdir().unwrap();
    let set = folder(path.path());
    let mut device = connect(keyword_spotter(Build::Performance)).unwrap();
    assert_eq!((device.name(), device.model()), ("a maker", "kws01"));
    let work = Work::new(Mode::Accuracy);
    let mut heard = Vec::new();
    let outcome =
        measure(&mut device, Task::Kws, &set, work, &mut |done, of| heard.push((done, of))).unwrap();
    let score = outcome.score.unwrap();
    assert!((score.top_1 - 1200.0 / 13.0).abs() < 1e-9, "{score:?}");
    assert_eq!(outcome.invalid, None);
    assert_eq!((heard.first(), heard.last()), (Some(&(0, 13)), Some(&(13, 13))));

    let session = Session::begin(path.path()).unwrap();
    session.log(&device).unwrap();
    let text = session.results(Mode::Accuracy, "emulated", &outcome).unwrap();
    assert!(text.contains("ulp-mlperf: Top 1% = 92.3\n"), "{text}");
    let read = |name: &str| fs::read_to_string(session.folder().join(name)).unwrap();
    assert_eq!(read("results.txt"), text);
    assert!(read("log.txt").contains("> db load 490\n< m-[Expecting 490 bytes]\n< m-ready\n"));
    let data: serde_json::Value = serde_json::from_str(&read("results.json")).unwrap();
    assert_eq!(data.as_array().map(Vec::len), Some(13));
    assert_eq!(data[3]["infer"]["results"][3], 0.996);
}

#[test]
fn windows_are_as_long_as_they_have_to_be_and_five() {
    let path = tempfile::tempdir().unwrap();
    let set = folder(path.path()).first(5).unwrap();
    let mut device = connect(keyword_spotter(Build::Performance)).unwrap();
    let work = |iterations| Work { iterations, warmups: Some(0), ..Work::new(Mode::Performance) };
    // Four inferences take three seconds of its clock, so ten and a half take fifteen.
    let outcome = measure(&mut device, Task::Kws, &set, work(None), &mut |_, _| ()).unwrap();
    assert_eq!(outcome.windows.len(), 5);
    assert!(outcome.windows.iter().all(|window| window.iterations == 14), "{:?}", outcome.windows[0]);
    assert_eq!(outcome.throughput, Some(14.0 / 3.0));
    // The clock does not know of the iterations: each window takes three seconds.
    assert_eq!(outcome.invalid, Some("a window has to be longer than ten seconds"));
    let four =
        measure(&mut device, Task::Kws, &set.first(4).unwrap(), work(Some(20)), &mut |_, _| ()).unwrap();
    assert_eq!(four.invalid, Some("there have to be five windows"));
}

#[test]
fn energy_builds_run_their_windows_and_have_no_times() {
    let path = tempfile::tempdir().unwrap();
    let set = folder(path.path()).first(5).unwrap();
    let mut device = connect(keyword_spotter(Build::Energy)).unwrap();
    let work = |mode| Work { iterations: Some(2), warmups: Some(0), ..Work::new(mode) };
    let error = measure(&mut device, Task::Kws, &set, work(Mode::Performance), &mut |_, _| ()).unwrap_err();
    assert!(error.to_string().contains("it is an energy build"), "{error}");
    let outcome = measure(&mut device, Task::Kws, &set, work(Mode::Energy), &mut |_, _| ()).unwrap();
    assert_eq!(outcome.windows.len(), 5);
    assert!(outcome.invalid.unwrap().starts_with("no power monitor"));
}

#[test]
fn windows_of_a_device_that_tells_no_time_are_as_long_as_asked() {
    let path = tempfile::tempdir().unwrap();
    let set = folder(path.path()).first(2).unwrap();
    let mut device = connect(keyword_spotter(Build::Energy)).unwrap();
    let seconds = Duration::from_millis(300);
    let plan = Work { warmups: Some(0), seconds, ..Work::new(Mode::Energy) };
    let started = Instant::now();
    measure(&mut device, Task::Kws, &set, plan, &mut |_, _| ()).unwrap();
    // Of an answer's time, which is longer than such an inference, next to nothing is a window. A busy machine is no clock.
    assert!(started.elapsed() > seconds, "{:?}", started.elapsed());
}

#[test]
fn devices_that_do_it_wrong_are_told_apart() {
    let said = |wire| connect(wire).err().unwrap().to_string();
    let (silent, _line) = wires();
    let silent = said(silent);
    assert!(silent.contains("did not answer `name` within 2 s: is it powered"), "{silent}");
    let stranger = said(parrot("login:\r\nm-ready\r\n"));
    assert!(stranger.contains("is no device of MLPerf Tiny: to `name` it said [\"login:\"]"), "{stranger}");
    let stuck = said(parrot("m-name-dut-[slow]\r\n"));
    assert!(stuck.contains("stopped in the middle of its answer to `name`"), "{stuck}");
    let (gone, line) = wires();
    drop(line);
    assert!(said(gone).contains("the line to the device broke during `name`"));
    let missing = mlperf::open("/dev/no-such-line", 115_200).err().unwrap().to_string();
    assert!(missing.contains("cannot open the serial line /dev/no-such-line") && missing.contains("dialout"));
}

#[test]
fn noise_is_told_from_silence() {
    let (host, mut line) = wires();
    line.write_all(&[0xff, 0xfe, 0xf0]).unwrap();
    let error = connect(host).err().unwrap();
    assert!(matches!(error, Error::Noise { bytes: 3, .. }), "{error}");
}

#[test]
fn what_the_device_refuses_is_repeated() {
    let mut device = connect(keyword_spotter(Build::Performance)).unwrap();
    let error = device.load(&[0; 491]).unwrap_err().to_string();
    assert_eq!(error, "the device refused `db load 491`: e-[Buffer has room for 490 bytes]");
    device.load(&[11; 490]).unwrap();
    assert_eq!(device.infer(1, 0).unwrap().results[11], 0.996);
}
