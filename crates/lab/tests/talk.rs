//! Firmware hears a job and answers by RTT, over the real debug stack and a simulated target, and what goes wrong is told.

mod common;

use std::time::Duration;

use common::{each, image};
use lab::{
    probes::{Chip, Connection, Error, How, Image, Target, converse},
    simulated::{Act, Board, Fault, Script},
};
use telemetry::wire::{FrameHeader, Kind};

/// Longer than a ring, as most jobs are.
const JOB_BYTES: usize = 3000;
const PATIENCE: Duration = Duration::from_millis(300);

fn frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader { kind, subject: 0, detail: 0, payload_bytes: payload.len() as u32 };
    [&header.to_bytes()[..], payload].concat()
}

/// Several frames, the longest of them longer than a ring.
fn reply() -> Vec<u8> {
    [frame(Kind::Case, &[]), frame(Kind::Output, &[7; 5000]), frame(Kind::Done, &[])].concat()
}

/// A board whose firmware waits for the job, says all of this, and was flashed.
fn board(chip: &Chip, image: &Image, says: Vec<u8>) -> Board {
    let acts = vec![Act::Hear { bytes: JOB_BYTES }, Act::Say { channel: 1, bytes: says }];
    let board = Board::new(chip.target()).unwrap();
    let board = board.running(Script { control_block: image.control_block.unwrap(), acts });
    let mut connection = Connection::open(board.probe(), chip, false).unwrap();
    connection.flash(image, How::default(), &mut |_| ()).unwrap();
    board
}

fn talk(board: &Board, chip: &Chip, image: &Image) -> Result<Vec<u8>, Error> {
    let control_block = image.control_block.unwrap();
    let mut connection = Connection::open(board.probe(), chip, false)?;
    connection.reset(Some(control_block))?;
    converse(&mut connection, control_block, &[1; JOB_BYTES], PATIENCE)
}

#[test]
fn a_job_longer_than_a_ring_is_heard_and_its_answer_ends_with_the_last_frame() {
    each(|chip, image| {
        let says = [reply(), b"of the next job".to_vec()].concat();
        let board = board(chip, image, says);
        assert!(talk(&board, chip, image).unwrap() == reply(), "{}", chip.name());
        // The debug stack lets go of an RP2040 by resetting it, and then it has heard nothing.
        let expected = if chip.name() == "RP2040" { vec![] } else { vec![1; JOB_BYTES] };
        assert!(board.heard() == expected, "{}: {} B heard", chip.name(), board.heard().len());
    });
}

#[test]
fn what_is_no_frame_is_handed_over_at_once() {
    let image = image(0x0800_0000, 0x2000_0400);
    let chip = Chip::named("STM32L4R5ZITx").unwrap();
    let board = board(&chip, &image, vec![0xee; 40]);
    assert_eq!(talk(&board, &chip, &image).unwrap(), [0xee; 40]);
}

#[test]
fn firmware_that_hangs_is_told_with_how_far_it_came() {
    each(|chip, image| {
        let half = reply()[..2000].to_vec();
        let message = talk(&board(chip, image, half), chip, image).unwrap_err().to_string();
        assert!(message.starts_with("the firmware does not answer"), "{message}");
        assert!(message.contains("3000 of 3000 B of the job, and answered with 2000 B"), "{message}");
        assert!(message.contains("cargo xtask attach"), "{message}");
    });
}

#[test]
fn a_connection_that_is_lost_in_a_run_is_told_and_flash_is_not_doubted() {
    each(|chip, image| {
        for (comes_back, reason) in
            [(Some(true), "disconnected"), (Some(false), "disconnected"), (None, "WAIT")]
        {
            let board = board(chip, image, reply());
            let after_bytes = board.moved_bytes() + 2500;
            board.go_wrong(match comes_back {
                Some(comes_back) => Fault::Disconnect { after_bytes, comes_back },
                None => Fault::Wait { after_bytes },
            });
            let message = talk(&board, chip, image).unwrap_err().to_string();
            assert!(message.starts_with("lost the connection while "), "{}: {message}", chip.name());
            assert!(message.contains(reason) && message.contains("Flash is as it was"), "{message}");
            assert!(!message.contains("erased"), "{message}");
            if let Some(comes_back) = comes_back {
                assert_eq!(talk(&board, chip, image).is_ok(), comes_back, "{}", chip.name());
            }
        }
    });
}

#[test]
fn wires_that_fall_silent_or_were_never_there_are_told_at_each_stage() {
    each(|chip, image| {
        let control_block = image.control_block.unwrap();
        let silent = board(chip, image, reply());
        silent.go_wrong(Fault::NoAcknowledge);
        let message = talk(&silent, chip, image).unwrap_err().to_string();
        assert!(message.contains(" does not answer. Check that the board has power"), "{message}");

        let falls_silent = board(chip, image, reply());
        let mut connection = Connection::open(falls_silent.probe(), chip, false).unwrap();
        connection.reset(Some(control_block)).unwrap();
        connection.hear(control_block, 0, &mut [0; 16]).unwrap();
        falls_silent.go_wrong(Fault::NoAcknowledge);
        for (doing, error) in [
            ("listening", connection.hear(control_block, 1, &mut [0; 16]).err()),
            ("talking to the firmware", connection.say(control_block, &[1]).err()),
            ("reading memory", connection.read(control_block, &mut [0; 16]).err()),
            ("resetting", connection.reset(None).err()),
        ] {
            let message = error.unwrap().to_string();
            let told = format!("lost the connection while {doing}: ");
            assert!(message.starts_with(&told), "{}: {message}", chip.name());
            assert!(message.contains("check cable and power"), "{message}");
        }
    });
}

#[test]
fn a_chip_that_was_locked_since_is_told_and_left_alone() {
    let image = image(0x0800_0000, 0x2000_0400);
    let chip = Chip::named("STM32L4R5ZITx").unwrap();
    let locked = board(&chip, &image, reply());
    locked.go_wrong(Fault::Locked);
    let before = locked.log().len();
    let message = talk(&locked, &chip, &image).unwrap_err().to_string();
    assert!(message.starts_with("STM32L4R5ZITx is locked"), "{message}");
    assert!(!locked.log()[before..].iter().any(|line| line.contains("erase")), "{:?}", locked.log());
}
