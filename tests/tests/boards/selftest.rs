//! Firmware that tests itself, on every emulated board: what goes wrong tells, the log comes back, and what ran is
//! counted.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use emulator::{Code, Emulator, Error, Exit, Job, Outcome, Reply, Session, Timing};
use firmware::{Board, MemoryKind, Profile, build_host_library};
use microjoule_tests::{LIMIT, Program, Ready, boards, on_each, workspace};
use telemetry::exit;

struct Prepared {
    ready: &'static Ready,
    board: &'static Board,
    emulator: &'static Emulator,
    image: PathBuf,
}

/// The boards that can be emulated here, with images that are built once for all tests.
fn prepared() -> &'static [Prepared] {
    static PREPARED: OnceLock<Vec<Prepared>> = OnceLock::new();
    PREPARED.get_or_init(|| {
        boards()
            .iter()
            .filter_map(|ready| {
                let emulator = ready.emulator.as_ref()?;
                let image =
                    ready.image(Program::Named("selftest"), Profile::Release, &["steps", "marks"]).unwrap();
                Some(Prepared { ready, board: &ready.board, emulator, image })
            })
            .collect()
    })
}

/// The library that counts instructions.
fn plugin() -> PathBuf {
    build_host_library(&workspace(), "microjoule-emulator-plugin", &mut |line| eprintln!("{line}")).unwrap()
}

fn run(prepared: &Prepared, task: &[u8], limit: Duration) -> Outcome {
    prepared.emulator.run(&prepared.image, task, limit).unwrap()
}

/// What a core says of an instruction that it does not know.
fn cause(target: &str) -> &'static str {
    match target {
        _ if target.starts_with("riscv") => " mcause 0x00000002 ",
        // ARMv6-M has no fault status.
        _ if target.starts_with("thumbv6m") => " xpsr 0x",
        // UNDEFINSTR in the usage fault status, and a fault that was escalated.
        _ => " cfsr 0x00010000 hfsr 0x40000000 ",
    }
}

#[test]
fn firmware_that_goes_wrong_tells_how() {
    on_each(prepared(), |prepared| {
        let name = &prepared.board.name;

        let panicked = run(prepared, b"p", LIMIT);
        assert_eq!(panicked.exit, Exit::Code(exit::PANIC), "{name}");
        assert!(
            panicked.console.contains("selftest.rs") && panicked.console.contains("on purpose: 42"),
            "{name}"
        );

        let faulted = run(prepared, b"h", LIMIT);
        assert_eq!(faulted.exit, Exit::Code(exit::FAULT), "{name}");
        let console = &faulted.console;
        let at = console.strip_prefix("hard fault pc 0x").and_then(|rest| rest.get(..8));
        let at = at.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = prepared.board.memory.iter().find(|memory| memory.kind == MemoryKind::Flash).unwrap();
        let code = u64::from(code.origin)..u64::from(code.origin) + code.length.0;
        assert!(at.is_some_and(|at| code.contains(&u64::from(at))), "{name}: {console}");
        assert!(console.contains(cause(&prepared.board.target)), "{name}: {console}");

        let endless = run(prepared, b"l", Duration::from_secs(1));
        assert_eq!(endless.exit, Exit::TimedOut, "{name}");

        assert_eq!(run(prepared, &[7], LIMIT).exit, Exit::Code(7), "{name}");
        assert_eq!(run(prepared, b"", LIMIT).exit, Exit::Code(exit::FAILED), "{name}: no job");
    });
}

#[test]
fn the_log_is_decoded_with_level_message_and_place() {
    for prepared in prepared() {
        let outcome = run(prepared, b"u", LIMIT);
        assert_eq!(outcome.exit, Exit::Code(exit::DONE));
        let lines: Vec<_> = outcome.log.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["error an error 1", "warn  a warning -2", "info  information three"]);
        for line in &outcome.log {
            let (file, number) = line.place.as_ref().unwrap();
            assert!(file.ends_with("selftest.rs") && *number > 0, "{file}:{number}");
        }
    }
}

#[test]
fn paint_finds_the_depth_of_a_known_frame() {
    for prepared in prepared() {
        let outcome = run(prepared, b"s", LIMIT);
        let line = outcome.log.first().unwrap();
        let depth: u32 = line.message.strip_prefix("stack ").unwrap().parse().unwrap();
        // The frame itself, and a few saved registers.
        assert!((1500..1700).contains(&depth), "{}: {depth} bytes", prepared.board.name);
    }
}

/// Two cases for the toy model of `support::selftest`: four bytes and two bytes.
fn cases() -> Vec<Vec<u8>> {
    vec![vec![0, 1, 2, 3, 10, 20], vec![0x5a, 0xa5, 0, 9, 255, 0]]
}

fn infer(prepared: &Prepared, steps: bool, reset: bool) -> Result<Reply, Error> {
    let cases = cases();
    let job = Job { cases: &cases, steps, reset };
    Ok(prepared.emulator.infer(&prepared.image, &job, LIMIT)?.0)
}

#[test]
fn a_job_is_served_case_by_case_with_and_without_its_memory() {
    for prepared in prepared() {
        let outputs = |reply: &Reply| reply.cases.iter().map(|case| case.outputs.clone()).collect::<Vec<_>>();
        let flipped = [vec![0x5a, 0x5b, 0x58, 0x59], vec![0, 0xff, 0x5a, 0x53]];

        let kept = infer(prepared, false, false).unwrap();
        assert_eq!(
            outputs(&kept),
            [vec![flipped[0].clone(), vec![11, 21]], vec![flipped[1].clone(), vec![1, 2]]]
        );
        assert!(kept.cases.iter().all(|case| case.steps.is_empty()));
        assert_eq!((kept.hello.arena_bytes, kept.hello.state_bytes), (64, 1));
        assert_eq!((kept.hello.input_bytes, kept.hello.output_bytes), (6, 6));

        let reset = infer(prepared, false, true).unwrap();
        assert_eq!(
            outputs(&reset),
            [vec![flipped[0].clone(), vec![11, 21]], vec![flipped[1].clone(), vec![0, 1]]]
        );

        let stack = kept.stack;
        assert!((16..1024).contains(&stack.model_bytes), "{stack:?}");
        assert!(stack.model_bytes < stack.deepest_bytes && stack.deepest_bytes < 4096, "{stack:?}");
        let own = prepared.board.memory.iter().find(|memory| memory.name == "STACK");
        let room = own.map_or_else(|| prepared.board.memory_bytes(MemoryKind::Ram), |own| own.length.0);
        assert!((room.saturating_sub(4096)..=room).contains(&u64::from(stack.available_bytes)), "{stack:?}");
    }
}

#[test]
fn steps_come_back_in_order_with_their_layers() {
    for prepared in prepared() {
        let reply = infer(prepared, true, true).unwrap();
        for case in &reply.cases {
            let steps: Vec<_> =
                case.steps.iter().map(|step| (step.step, step.layer, step.bytes.clone())).collect();
            assert_eq!(steps, [(0, 3, case.outputs[0].clone()), (1, 7, case.outputs[1].clone())]);
        }
    }
}

#[test]
fn jobs_that_cannot_be_done_are_refused_in_words() {
    for prepared in prepared() {
        let ask = |cases: &[Vec<u8>]| {
            let job = Job { cases, steps: false, reset: false };
            prepared.emulator.infer(&prepared.image, &job, LIMIT).unwrap_err().to_string()
        };
        assert_eq!(ask(&[vec![0; 7]]), "the job has 7 bytes of input a case, the model in the image takes 6");
        assert_eq!(
            ask(&[vec![0; 6], vec![0xff, 0, 0, 0, 0, 0]]),
            "the firmware stopped in case 1: the model refused to run"
        );

        let short = Job { cases: &cases(), steps: false, reset: false }.to_bytes().unwrap();
        let outcome = run(prepared, &short[..short.len() - 1], LIMIT);
        assert_eq!(outcome.exit, Exit::Code(exit::FAILED));
        let lines: Vec<_> = outcome.log.iter().map(ToString::to_string).collect();
        assert!(lines.iter().any(|line| line == "error the job ended early, case 1"), "{lines:?}");
    }
}

#[test]
fn instructions_are_counted_by_step_and_every_time_alike() {
    let plugin = plugin();
    for prepared in prepared() {
        let cases = cases();
        let count = |steps| {
            let job = Job { cases: &cases, steps, reset: true };
            prepared.emulator.count(&prepared.image, &job, &plugin, LIMIT).unwrap()
        };
        let (reply, by_step) = count(true);
        assert_eq!(reply.cases.len(), 2);
        let totals: Vec<_> = by_step.marked.iter().map(emulator::Region::total).collect();
        assert_eq!(totals.len(), 4, "two cases of two steps");
        assert_eq!(totals[..2], totals[2..], "the toy's steps take the same way in both cases");
        assert!(totals.iter().all(|total| (10..2000).contains(total)), "{totals:?}");
        assert_eq!(count(true).1, by_step, "two runs differ");

        let (_, by_run) = count(false);
        let run: u64 = by_run.marked.iter().map(emulator::Region::total).sum();
        assert_eq!(by_run.marked.len(), 2);
        assert!(run > 0 && run < by_run.total());
        // The whole run is its steps and the loop around them.
        let steps: u64 = totals.iter().sum();
        assert!((steps / 2..steps + 4000).contains(&run), "{run} against {steps}");
    }
}

/// The counters of instructions and those of edges know nothing of each other, and have to agree: what enters an
/// instruction is how often it ran, and what leaves it, too.
#[test]
fn every_entry_and_every_way_out_is_counted() {
    let plugin = plugin();
    for prepared in prepared() {
        let name = &prepared.board.name;
        let cases = cases();
        let job = Job { cases: &cases, steps: true, reset: true };
        let (_, counts) = prepared.emulator.count(&prepared.image, &job, &plugin, LIMIT).unwrap();
        let code = Code::read(&prepared.image).unwrap();
        // Of the whole life of the firmware: a region cuts the edge that leads into it.
        let mut ran = BTreeMap::<u64, u64>::new();
        let (mut entered, mut left) = (BTreeMap::<u64, u64>::new(), BTreeMap::<u64, u64>::new());
        let mut missed = BTreeMap::<u64, u64>::new();
        for region in counts.marked.iter().chain([&counts.rest]) {
            for (&at, &count) in &region.instructions {
                *ran.entry(at).or_default() += count;
            }
            for (&(from, to), &count) in &region.edges {
                *entered.entry(to).or_default() += count;
                *left.entry(from).or_default() += count;
                if code.at(from).is_ok_and(|instruction| to == from + u64::from(instruction.bytes)) {
                    *missed.entry(from).or_default() += count;
                }
            }
        }
        let of = |counts: &BTreeMap<u64, u64>, at: u64| counts.get(&at).copied().unwrap_or(0);
        let (mut branches, mut both) = (0, 0);
        let (first, last) = (ran.keys().next().unwrap(), ran.keys().next_back().unwrap());
        let (mut off, mut foreign) = (0, 0);
        for (&at, &count) in &ran {
            // A machine may start in a boot ROM, which is no code of the image's.
            let Ok(instruction) = code.at(at) else {
                foreign += 1;
                continue;
            };
            let straight = count - of(&left, at);
            if instruction.branches() {
                // Nothing falls out of a branch without an edge; the last of all is cut off by the end.
                off += straight;
                branches += 1;
                let untaken = of(&missed, at);
                both += u64::from(untaken > 0 && untaken < count);
            }
            let next = at + u64::from(instruction.bytes);
            if straight > 0 && !instruction.branches() && ran.contains_key(&next) {
                assert_eq!(of(&ran, next), straight + of(&entered, next), "{name}: {at:#x}");
            }
        }
        assert!(
            off <= 1,
            "{name}: {off} of the ways out of branches are not counted, {first:#x} to {last:#x}"
        );
        assert!(foreign < 16, "{name}: {foreign} instructions ran that the image does not hold");
        assert!(branches > 50 && both > 10, "{name}: {branches} branches, {both} of them both ways");
    }
}

#[test]
fn a_profile_prices_the_second_run() {
    let plugin = plugin();
    for prepared in prepared() {
        let name = &prepared.board.name;
        let timing = Timing::of(&prepared.board.core).unwrap();
        let session = Session { image: &prepared.image, plugin: &plugin, timing, limit: LIMIT };
        let profile = || prepared.emulator.profile(&session, &cases()[0]).unwrap();
        let first = profile();
        assert_eq!(
            first.steps.iter().map(|step| (step.step, step.layer, step.times)).collect::<Vec<_>>(),
            [(0, 3, 1), (1, 7, 1)]
        );
        // The second of two runs has counted to two.
        assert_eq!(first.reply.cases[1].outputs[1], [12, 22], "{name}");
        let steps: u64 = first.steps.iter().map(|step| step.mix.total().instructions).sum();
        let whole = first.whole.total();
        assert!(steps > 20 && whole.instructions > 20, "{name}: {steps} of {whole:?}");
        assert!(
            whole.cycles() >= whole.instructions / 2 && whole.cycles() < 4 * whole.instructions,
            "{name}"
        );
        let second = profile();
        assert_eq!((second.whole, second.reply), (first.whole, first.reply), "{name}: two runs differ");
        for (one, other) in first.steps.iter().zip(&second.steps) {
            assert_eq!(one.mix, other.mix, "{name}: two runs differ");
        }
    }
}

#[test]
fn an_image_without_marks_is_not_counted_in_silence() {
    // The host looks for marks alike on every board: one is enough.
    for prepared in prepared().iter().filter(|prepared| prepared.board.name == "qemu-an386") {
        let image = prepared.ready.image(Program::Named("selftest"), Profile::Release, &[]).unwrap();
        let cases = cases();
        let job = Job { cases: &cases, steps: false, reset: false };
        let error = prepared.emulator.count(&image, &job, Path::new("none.so"), LIMIT).unwrap_err();
        assert!(matches!(error, Error::NoMarks { .. }), "{error}");
        let job = Job { steps: true, ..job };
        let error = prepared.emulator.infer(&image, &job, LIMIT).unwrap_err();
        assert!(error.to_string().contains("without the feature `steps`"), "{error}");
    }
}
