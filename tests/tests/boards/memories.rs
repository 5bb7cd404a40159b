//! A model that the first memory of a board is too small for: the rest of its tensors lie in the slower one, and the
//! bytes are the recorded ones.

use std::sync::atomic::{AtomicUsize, Ordering};

use compiler::compile;
use emulator::Job;
use firmware::{Planning, Profile};
use golden::{Record, lcg_inputs, sha256};
use microjoule_tests::{LIMIT, Program, on_each_board, workspace};

#[test]
fn what_the_arena_has_no_room_for_lies_in_the_slower_memory() {
    let folder = workspace().join("models/kws");
    let (path, record) = (folder.join("model.tflite"), folder.join("golden.json"));
    let bytes = std::fs::read(&path).expect("a shipped model");
    let record = Record::read(&record).expect("its record");
    let (ran, emulated) = (AtomicUsize::new(0), AtomicUsize::new(0));
    on_each_board(|ready| {
        let name = &ready.board.name;
        let (Some(fast_ram), Some(emulator)) = (ready.board.fast_ram(), &ready.emulator) else { return };
        emulated.fetch_add(1, Ordering::Relaxed);
        let plan = |bytes_fast| {
            let options = ready.options().fast_ram(Some(bytes_fast));
            compile("kws", &bytes, options).expect("a model that compiles")
        };
        let together = plan(fast_ram).layout;
        assert_eq!(together.overflow_bytes, 0, "{name}: nothing moves out without need");
        let fast_ram = together.arena_bytes as u32 / 2;
        let split = plan(fast_ram);
        assert!(split.layout.overflow_bytes > 0, "{name}");
        let planning = Planning { fast_ram: Some(fast_ram), ..Planning::default() };
        let image = ready.planned(Program::Of(&path), planning, Profile::Release, &[]).expect("an image");
        let cases: Vec<_> =
            record.cases.iter().map(|case| lcg_inputs(&split.inputs, case.seed).concat()).collect();
        let job = Job { cases: &cases, steps: false, reset: true };
        let (reply, _) = emulator.infer(&image, &job, LIMIT).expect("a reply");
        assert_eq!(reply.hello.arena_bytes as usize, split.layout.arena_bytes, "{name}");
        assert_eq!(reply.hello.state_bytes as usize, split.layout.state_bytes, "{name}");
        for (case, recorded) in reply.cases.iter().zip(&record.cases) {
            let found = case.outputs.iter().map(|output| sha256(output));
            assert!(found.eq(recorded.outputs.iter().map(|it| it.sha256.clone())), "{name}: other bytes");
        }
        ran.fetch_add(1, Ordering::Relaxed);
    });
    let (ran, emulated) = (ran.into_inner(), emulated.into_inner());
    assert!(ran == emulated && (ran >= 2 || ran == 0), "{ran} of {emulated}");
}
