//! The device's end of MLPerf Tiny's protocol, talked to as its runner does, and as nobody should.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use engine::{Arena, DType, Executor, Flow, Io, Operand, Operator, Plan, RunError, Step, TensorInfo};
use proptest::prelude::*;
use telemetry::mlperf::{ACTIVATIONS, Board, Device, Mode, Network, NoAudio, READY, ROW_BYTES, Task};

/// What happened on the board, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Event {
    Sent(u8),
    Flush,
    Pulse,
    Clock,
    Inference,
    Listen,
    Deaf,
    Heard(i8, bool),
}

#[derive(Clone, Debug, Default)]
struct Desk {
    events: Rc<RefCell<Vec<Event>>>,
    incoming: Rc<RefCell<VecDeque<u8>>>,
    /// What it hears, where it has ears.
    rows: Option<Rc<RefCell<VecDeque<[u8; ROW_BYTES]>>>>,
}

thread_local! {
    static RUNS: RefCell<Option<Rc<RefCell<Vec<Event>>>>> = const { RefCell::new(None) };
}

impl Board for Desk {
    fn receive(&mut self) -> Option<u8> {
        self.incoming.borrow_mut().pop_front()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.events.borrow_mut().extend(bytes.iter().map(|&byte| Event::Sent(byte)));
    }

    fn flush(&mut self) {
        self.events.borrow_mut().push(Event::Flush);
    }

    fn microseconds(&mut self) -> u64 {
        let mut events = self.events.borrow_mut();
        events.push(Event::Clock);
        5_000_000_000 + events.iter().filter(|event| **event == Event::Clock).count() as u64
    }

    fn pulse(&mut self) {
        self.events.borrow_mut().push(Event::Pulse);
    }

    fn listen(&mut self) -> Result<(), NoAudio> {
        self.rows.as_ref().map(|_| self.events.borrow_mut().push(Event::Listen)).ok_or(NoAudio)
    }

    fn stop(&mut self) {
        self.events.borrow_mut().push(Event::Deaf);
    }

    fn hear(&mut self) -> Option<[u8; ROW_BYTES]> {
        self.rows.as_ref()?.borrow_mut().pop_front()
    }

    fn heard(&mut self, activation: i8, detected: bool) {
        self.events.borrow_mut().push(Event::Heard(activation, detected));
    }
}

impl Desk {
    fn said(&self) -> String {
        let bytes: Vec<_> = self.events.borrow().iter().filter_map(sent).collect();
        String::from_utf8(bytes).expect("only printable characters are sent")
    }
}

fn sent(event: &Event) -> Option<u8> {
    match event {
        Event::Sent(byte) => Some(*byte),
        _ => None,
    }
}

/// Copies its input, or the start of it, and spoils the input, as networks do that work in place.
struct Copy;

impl Operator for Copy {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        RUNS.with_borrow(|runs| runs.iter().for_each(|runs| runs.borrow_mut().push(Event::Inference)));
        let ([output, input], []) = io.split([0, 1], [])?;
        for (to, from) in output.iter_mut().zip(input.iter()) {
            *to = *from;
        }
        if input.first() == Some(&0x55) {
            return Err(RunError::Corrupt);
        }
        input.fill(0x7f);
        Ok(Flow::Next)
    }
}

const ARENA_BYTES: usize = 65_536;

/// A device of `input` and `output` elements that was sent `lines`; what happened since it began.
fn talk(shape: (u32, u32), mode: Mode, lines: &[&[u8]]) -> Vec<Event> {
    talk_at(Desk::default(), shape, mode, lines)
}

/// The same at a desk that may have ears.
fn talk_at(desk: Desk, shape: (u32, u32), mode: Mode, lines: &[&[u8]]) -> Vec<Event> {
    let (input, output) = shape;
    let operands = [Operand::arena(32_768, output), Operand::arena(0, input)];
    let tensor = |shape, operand| TensorInfo {
        name: "",
        dtype: DType::Int8,
        shape,
        scale: 1.0 / 256.0,
        zero_point: -128,
        operand,
    };
    let (input_shape, output_shape) = ([1, input], [output]);
    let inputs = [TensorInfo { scale: 0.5, zero_point: 3, ..tensor(&input_shape, operands[1]) }];
    let reconstructs = output == 640;
    let outputs = [match reconstructs {
        true => TensorInfo { shape: &output_shape, operand: operands[0], ..inputs[0] },
        false => tensor(&output_shape, operands[0]),
    }];
    let plan = Plan {
        name: "copy",
        inputs: &inputs,
        outputs: &outputs,
        arena_bytes: ARENA_BYTES as u32,
        state_bytes: 0,
        fills: &[],
        setup: &[],
        steps: &[Step { operator: &Copy, operands: &operands, layer: 0 }],
        weights: &[],
    };
    let task = Task::of(&inputs, &outputs);
    let mut arena = Box::new(Arena::<ARENA_BYTES>::new());
    let mut executor = Executor::new(plan, &mut arena.0, &mut []).expect("enough memory");
    let mut buffer = vec![0; task.kept_bytes()];
    RUNS.set(Some(Rc::clone(&desk.events)));
    let network = Network::new(&mut executor, task);
    let mut device = Device::new(desk.clone(), network, "a maker", mode, &mut buffer);
    device.begin();
    desk.events.borrow_mut().clear();
    for line in lines {
        desk.incoming.borrow_mut().extend(*line);
        device.poll();
    }
    drop(device);
    desk.events.take()
}

/// The lines that came back.
fn ask(shape: (u32, u32), lines: &[&str]) -> Vec<String> {
    let bytes: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    let desk =
        Desk { events: Rc::new(RefCell::new(talk(shape, Mode::Performance, &bytes))), ..Desk::default() };
    let said = desk.said();
    let lines: Vec<_> = said.split_terminator("\r\n").map(str::to_owned).collect();
    assert!(lines.iter().all(|line| !line.contains(['\r', '\n'])), "{said:?}");
    lines
}

const KWS: (u32, u32) = (490, 12);

#[test]
fn it_begins_with_its_mode_and_a_timestamp() {
    for (mode, expected, pulses) in [
        (
            Mode::Performance,
            "m-timestamp-mode-performance\r\nm-lap-us-5000000001\r\nm-init-done\r\nm-ready\r\n",
            0,
        ),
        (Mode::Energy, "m-timestamp-mode-energy\r\nm-init-done\r\nm-ready\r\n", 1),
    ] {
        let plan = Plan {
            name: "none",
            inputs: &[],
            outputs: &[],
            arena_bytes: 0,
            state_bytes: 0,
            fills: &[],
            setup: &[],
            steps: &[],
            weights: &[],
        };
        let mut executor = Executor::new(plan, &mut [], &mut []).unwrap();
        let desk = Desk::default();
        let network = Network::new(&mut executor, Task::Own { input_bytes: 0 });
        Device::new(desk.clone(), network, "a maker", mode, &mut []).begin();
        assert_eq!(desk.said(), expected);
        assert_eq!(desk.events.borrow().iter().filter(|event| **event == Event::Pulse).count(), pulses);
    }
}

#[test]
fn name_and_profile_are_what_runners_look_for() {
    assert_eq!(ask(KWS, &["name%"]), ["m-name-dut-[a maker]", READY]);
    for (shape, model) in [
        (KWS, "kws01"),
        ((27_648, 2), "vww01"),
        ((3072, 10), "ic01"),
        ((640, 640), "ad01"),
        ((1200, 3), "sww01"),
    ] {
        let expected = [
            "m-profile-[ULPMark for tinyML Firmware V0.0.1]".to_owned(),
            format!("m-model-[{model}]"),
            READY.into(),
        ];
        assert_eq!(ask(shape, &["profile%"]), expected);
        assert_eq!(Task::named(model).map(Task::name), Some(model));
    }
    assert_eq!(ask((5, 2), &["profile%"])[1], "m-model-[own]");
}

#[test]
fn commands_may_come_in_pieces_in_bursts_and_with_line_ends() {
    assert_eq!(ask(KWS, &["na", "me", "%"]), ["m-name-dut-[a maker]", READY]);
    assert_eq!(
        ask(KWS, &["name%timestamp%"]),
        ["m-name-dut-[a maker]", READY, "m-lap-us-5000000001", READY][..]
    );
    assert_eq!(ask(KWS, &["name%\r\n", "\r\nname%"])[2..], ["m-name-dut-[a maker]", READY]);
}

#[test]
fn an_input_is_loaded_once_and_what_is_too_much_is_left() {
    let said = ask((4, 2), &["db load 4%", "db 0102%", "db 03fF99%", "db 77%", "db print%"]);
    assert_eq!(
        said,
        ["m-[Expecting 4 bytes]", READY, READY, "m-load-done", READY, READY, "m-buffer-01-02-03-ff", READY]
    );
    let said = ask((10, 2), &["db load 10%", "db 00010203040506070809%", "db print%"]);
    assert_eq!(said[4..], ["m-buffer-00-01-02-03-04-05-06-07", "m-buffer-08-09", READY]);
}

#[test]
fn every_fault_is_told_in_the_runners_words_and_ends_with_ready() {
    for (line, expected) in [
        ("frob%", "e-[Unknown command: frob]"),
        ("%", "e-[Unknown command: ]"),
        ("m-ready%", "e-[Unknown command: m?ready]"),
        ("db%", "e-[Command 'db' requires a subcommand]"),
        ("db load%", "e-[Command 'db load' requires the # of bytes]"),
        ("db load 0%", "e-[Command 'db load' must be >0 bytes]"),
        ("db load x%", "e-[Command 'db load' must be >0 bytes]"),
        ("db load 99999999999%", "e-[Command 'db load' must be >0 bytes]"),
        ("db load 491%", "e-[Buffer has room for 490 bytes]"),
        ("db 00%", "e-[Command 'db load' has to come first]"),
        ("infer 0%", "e-[Inference iterations must be >0]"),
        ("infer -1%", "e-[Inference iterations must be >0]"),
        ("infer 1 -1%", "e-[Inference warmup must be >=0]"),
        ("start%", "e-[No audio input on this board]"),
        ("stop%", "I2S is already idle.  Ignoring stop request"),
    ] {
        assert_eq!(ask(KWS, &[line]), [expected, READY], "{line}");
    }
    let long = "x".repeat(300) + "%";
    assert_eq!(ask(KWS, &[&long, "name%"]), ["e-[Command too long]", READY, "m-name-dut-[a maker]", READY]);
    let loading = |line| ask((4, 2), &["db load 4%", line, "db print%"]);
    assert_eq!(loading("db 012%")[2..], ["e-[Insufficent number of hex digits]", READY, READY]);
    assert_eq!(
        loading("db 01x2%")[2..],
        ["e-[Invalid hex digit 'x2']", READY, READY],
        "nothing of it is taken"
    );
    assert_eq!(loading("infer 1 0%")[2..4], ["e-[Input incomplete: 0 bytes are loaded]", READY]);
}

#[test]
fn inferences_are_timed_between_two_moments_at_which_the_line_rests() {
    let lines: [&[u8]; 3] = [b"db load 4%", b"db 80ff0055%", b"infer 3 2%"];
    let events = talk((4, 2), Mode::Performance, &lines);
    let clocks: Vec<_> =
        events.iter().enumerate().filter(|(_, event)| **event == Event::Clock).map(|(at, _)| at).collect();
    let [begin, end] = clocks[..] else { panic!("two timestamps, {clocks:?}") };
    assert_eq!(events[begin - 1], Event::Flush);
    assert_eq!(events[begin + 1..end], vec![Event::Inference; 3]);
    assert_eq!(events[..begin].iter().filter(|event| **event == Event::Inference).count(), 2);
    let said: Vec<_> = events.iter().filter_map(sent).collect();
    let said = String::from_utf8(said).unwrap();
    let after = said.split_once("m-load-done\r\nm-ready\r\n").unwrap().1;
    assert_eq!(
        after,
        "m-warmup-start-2\r\nm-warmup-done\r\nm-infer-start-3\r\nm-lap-us-5000000001\r\nm-lap-us-5000000002\r\n\
         m-infer-done\r\nm-results-[0.000,0.496]\r\nm-ready\r\n"
    );
}

#[test]
fn energy_builds_pulse_twice_and_tell_no_time() {
    let events = talk((4, 2), Mode::Energy, &[b"infer 4 1%"]);
    let pulses: Vec<_> =
        events.iter().enumerate().filter(|(_, event)| **event == Event::Pulse).map(|(at, _)| at).collect();
    let [begin, end] = pulses[..] else { panic!("two pulses, {pulses:?}") };
    assert_eq!(events[begin + 1..end], vec![Event::Inference; 4]);
    let said = String::from_utf8(events.iter().filter_map(sent).collect()).unwrap();
    assert!(!said.contains("m-lap-us") && said.contains("m-infer-start-4\r\nm-infer-done\r\n"), "{said}");
    assert!(!events.contains(&Event::Clock));
    assert_eq!(talk((4, 2), Mode::Energy, &[b"timestamp%"])[0], Event::Pulse);
}

#[test]
fn every_inference_begins_with_the_same_input() {
    // The network spoils its input, so a second run over what the first left would give 0x7f.
    let once = ask((4, 2), &["db load 4%", "db 80900000%", "infer 1 0%"]);
    let often = ask((4, 2), &["db load 4%", "db 80900000%", "infer 5 3%"]);
    let results = |said: Vec<String>| said.into_iter().find(|line| line.starts_with("m-results")).unwrap();
    assert_eq!(results(once), "m-results-[0.000,0.063]");
    assert_eq!(results(often), "m-results-[0.000,0.063]");
}

#[test]
fn without_an_input_zeros_are_taken_and_ten_runs_warm_up() {
    let said = ask(KWS, &["infer%"]);
    assert!(
        said.contains(&"m-warmup-start-10".to_owned()) && said.contains(&"m-infer-start-1".to_owned()),
        "{said:?}"
    );
    let twelve = ["0.500"; 12].join(",");
    assert_eq!(said[said.len() - 2], format!("m-results-[{twelve}]"));
}

#[test]
fn pixels_lose_128_and_numbers_are_quantised() {
    let digits = format!("db {}%", "00ff80".repeat(10));
    let load = vec![digits.as_str(); 103];
    let mut lines = vec!["db load 3072%"];
    lines.extend(load);
    lines.push("infer 1 0%");
    let said = ask((3072, 10), &lines);
    let results = said.iter().find(|line| line.starts_with("m-results")).unwrap();
    assert!(results.starts_with("m-results-[0.000,0.996,0.500,0.000"), "{results}");
}

/// The runner's input for anomaly detection, every number the same.
fn anomalies(number: f32) -> String {
    let digits: String = number.to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let command = format!("db {}%", digits.repeat(7));
    let mut lines = vec!["db load 2560%"];
    lines.extend(vec![command.as_str(); 92]);
    lines.push("infer 2 0%");
    let said = ask((640, 640), &lines);
    said.into_iter().find(|line| line.starts_with("m-results")).unwrap()
}

#[test]
fn an_anomaly_is_the_mean_square_of_what_the_network_could_not_reconstruct() {
    // Steps of a half: 1.5 comes back as it is, 1.7 is nearest to 1.5, and -100 is out of the range down to -65.5.
    assert_eq!(anomalies(1.5), "m-results-[0.000]");
    assert_eq!(anomalies(1.7), "m-results-[0.040]");
    assert_eq!(anomalies(-100.0), "m-results-[1190.250]");
    // No number is no reason to fall over.
    assert_eq!(anomalies(f32::NAN), "m-results-[0.000]");
}

#[test]
fn a_network_that_does_not_run_is_an_error_and_no_result() {
    let said = ask((4, 2), &["db load 4%", "db 55000000%", "infer 2 0%"]);
    assert_eq!(said[said.len() - 2..], ["e-[The network did not run]", READY]);
    assert!(!said.iter().any(|line| line.starts_with("m-results")));
}

/// Pieces that make up commands, near-commands and noise.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "name",
        "profile",
        "timestamp",
        "help",
        "results",
        "start",
        "stop",
        "db",
        "db load ",
        "db print",
        "infer ",
        "infer 1 ",
        "%",
        "%",
        "%",
        " ",
        "4",
        "2",
        "0",
        "-",
        "00ff",
        "zz",
        "\r\n",
        "m-ready",
    ]);
    prop_oneof![
        4 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (any::<u8>().prop_filter("no end", |byte| *byte != b'%'), 200..400_usize).prop_map(|(byte, n)| vec![byte; n]),
    ]
}

/// A command that would run for longer than a test should.
fn endless(input: &[u8]) -> bool {
    input.split(|byte| *byte == b'%').any(|command| {
        let text = String::from_utf8_lossy(command);
        text.contains("infer")
            && text.split_whitespace().any(|word| word.len() > 3 && word.parse::<u32>().is_ok())
    })
}

proptest! {
    #[test]
    fn whatever_comes_in_every_command_has_one_answer_that_ends_with_ready(
        input in prop::collection::vec(pieces(), 0..60),
        energy in any::<bool>(),
    ) {
        let input = input.concat();
        prop_assume!(!endless(&input));
        let mode = if energy { Mode::Energy } else { Mode::Performance };
        let events = talk((4, 2), mode, &[&input]);
        let said: Vec<u8> = events.iter().filter_map(sent).collect();
        let said = String::from_utf8(said).expect("printable characters");
        let commands = input.iter().filter(|byte| **byte == b'%').count();
        prop_assert_eq!(said.matches("m-ready").count(), commands);
        prop_assert_eq!(said.matches("m-ready\r\n").count(), commands);
        prop_assert!(said.is_empty() || said.ends_with("m-ready\r\n"));
        prop_assert!(said.bytes().all(|byte| byte == b'\r' || byte == b'\n' || (0x20..0x7f).contains(&byte)));
        prop_assert_eq!(said.matches('\r').count(), said.matches('\n').count());
    }

    #[test]
    fn any_input_arrives_as_it_was_sent(input in prop::collection::vec(any::<u8>(), 490..=490), piece in 1..120_usize) {
        let mut lines = vec!["db load 490%".to_owned()];
        for bytes in input.chunks(piece) {
            lines.push(format!("db {}%", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
        }
        lines.push("db print%".into());
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let said = ask(KWS, &lines);
        let digits: String =
            said.iter().filter_map(|line| line.strip_prefix("m-buffer-")).flat_map(|row| row.split('-')).collect();
        let expected: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(digits, expected);
        prop_assert_eq!(said.iter().filter(|line| *line == "m-load-done").count(), 1);
    }
}

/// A board that hears rows of these bytes.
fn listener(rows: impl IntoIterator<Item = u8>) -> Desk {
    let rows = rows.into_iter().map(|byte| [byte; ROW_BYTES]).collect();
    Desk { rows: Some(Rc::new(RefCell::new(rows))), ..Desk::default() }
}

#[test]
fn what_is_heard_goes_through_the_network_until_it_stops() {
    // The network says its oldest byte: 29 rows of zeros, and then what came first.
    let desk = listener([120, 116, 115, 0xff].into_iter().chain([0; 40]));
    let mut lines: Vec<&[u8]> = vec![b"stop%", b"start%"];
    lines.extend([&b""[..]; 32]);
    lines.extend([&b"start%"[..], b"stop%", b"", b"name%"]);
    let events = talk_at(desk, (1200, 3), Mode::Performance, &lines);
    let said = String::from_utf8(events.iter().filter_map(sent).collect()).unwrap();
    let mut activations = vec!["0"; 29];
    activations.extend(["120", "116", "115", "-1", "0"]);
    assert_eq!(
        said,
        format!(
            "I2S is already idle.  Ignoring stop request\r\nm-ready\r\nListening for I2S data ... \r\n\
             m-lap-us-5000000001\r\nDMA receive initiated.\r\nm-ready\r\n\
             I2S Rx currently in progress. Ignoring request\r\nm-ready\r\nm-lap-us-5000000002\r\nStreaming stopped.\r\n\
             target activations: \r\n[{}]\r\nm-ready\r\nm-name-dut-[a maker]\r\nm-ready\r\n",
            activations.join(", ")
        )
    );
    // The first row is told as if it were the word; after that a value has to be above the threshold.
    let detected: Vec<_> = events.iter().filter(|event| matches!(event, Event::Heard(_, true))).collect();
    assert_eq!(detected, [&Event::Heard(0, true), &Event::Heard(120, true), &Event::Heard(116, true)]);
    let heard = events.iter().filter(|event| matches!(event, Event::Heard(..))).count();
    assert_eq!((heard, events.iter().filter(|event| **event == Event::Deaf).count()), (34, 1));
}

#[test]
fn an_energy_build_marks_both_ends_of_listening_by_pulses() {
    let events = talk_at(listener([1, 2, 3]), (1200, 3), Mode::Energy, &[b"start%", b"", b"stop%"]);
    let marks: Vec<_> =
        events.iter().filter(|event| !matches!(event, Event::Sent(_) | Event::Flush)).collect();
    let expected = [
        Event::Listen,
        Event::Pulse,
        Event::Inference,
        Event::Heard(0, true),
        Event::Inference,
        Event::Heard(0, false),
        Event::Deaf,
        Event::Pulse,
    ];
    assert_eq!(marks, expected.iter().collect::<Vec<_>>());
}

#[test]
fn what_there_is_no_room_for_is_heard_and_not_kept() {
    let desk = listener(std::iter::repeat_n(7, 3000));
    let mut lines: Vec<&[u8]> = vec![b"start%"];
    lines.extend([&b""[..]; 2999]);
    lines.push(b"stop%");
    let events = talk_at(desk, (1200, 3), Mode::Performance, &lines);
    let said = String::from_utf8(events.iter().filter_map(sent).collect()).unwrap();
    assert_eq!(said.matches(", 7").count(), ACTIVATIONS - 29);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Heard(..))).count(), 3000);
}
