//! The whole way to a chip, over the real debug stack and a simulated target.

mod common;

use common::{FAMILIES, LENGTH, each, image};
use lab::{
    probes::{Chip, Connection, Error, How, Image, Progress, Stage, Target, flash_patiently},
    simulated::{Act, Board, Fault, Script},
};

fn board(chip: &Chip) -> Board {
    Board::new(chip.target()).unwrap()
}

fn flash(board: &Board, chip: &Chip, image: &Image, how: How) -> Result<Connection, Error> {
    let mut connection = Connection::open(board.probe(), chip, how.chip_erase)?;
    connection.flash(image, how, &mut |_| ())?;
    Ok(connection)
}

const VERIFY: How = How { chip_erase: false, verify: true };

fn message(board: &Board, chip: &Chip, image: &Image) -> String {
    flash(board, chip, image, VERIFY).unwrap_err().to_string()
}

#[test]
fn an_image_is_written_verified_and_started() {
    each(|chip, image| {
        let board = board(chip);
        let mut connection = Connection::open(board.probe(), chip, false).unwrap();
        let mut heard: Vec<Progress> = Vec::new();
        let flashed = connection.flash(image, VERIFY, &mut |at| heard.push(at)).unwrap();
        assert_eq!((flashed.image_bytes, flashed.verified), (LENGTH as u64, true), "{}", chip.name());
        for stage in [Stage::Erase, Stage::Program, Stage::Verify] {
            let last = heard.iter().rfind(|at| at.stage == stage).unwrap();
            assert_eq!(Some(last.done), last.total, "{}: {stage:?}", chip.name());
            assert!(last.done >= LENGTH as u64);
        }
        let segment = &image.segments[0];
        assert!(board.read(segment.address, LENGTH) == segment.bytes, "{}: other bytes", chip.name());
        connection.reset(None).unwrap();
        let entry = format!("firmware starts at {:#010x}", segment.address + 0x400);
        assert_eq!(board.log().last(), Some(&entry), "{}", chip.name());
    });
}

#[test]
fn an_erased_chip_has_nothing_to_start() {
    each(|chip, _| {
        let board = board(chip);
        Connection::open(board.probe(), chip, false).unwrap().reset(None).unwrap();
        assert!(
            board.log().contains(&"no firmware: the vector table is empty".to_owned()),
            "{}",
            chip.name()
        );
    });
}

#[test]
fn a_chip_erase_erases_what_the_image_does_not_need() {
    each(|chip, image| {
        let board = board(chip);
        flash(&board, chip, image, VERIFY).unwrap();
        let mut small = image.clone();
        small.segments[0].bytes.truncate(0x500);
        let mut connection = Connection::open(board.probe(), chip, true).unwrap();
        let how = How { chip_erase: true, verify: true };
        let flashed = connection.flash(&small, how, &mut |_| ()).unwrap();
        // RP2040's and RP2350's flash algorithms cannot, and nobody claims that they did.
        assert_eq!(flashed.chip_erased, !chip.name().starts_with("RP2"));
        let behind = board.read(image.segments[0].address + 0x4000, 16);
        assert_eq!(behind == [0xff; 16], flashed.chip_erased, "{}", chip.name());
    });
}

#[test]
fn silent_wires_are_told_with_what_to_check() {
    let (name, start, control_block) = FAMILIES[0];
    let chip = Chip::named(name).unwrap();
    let message = message(&board(&chip).with(Fault::NoAcknowledge), &chip, &image(start, control_block));
    assert!(
        message.starts_with("STM32L4R5ZITx does not answer. Check that the board has power"),
        "{message}"
    );
    assert!(message.ends_with("nothing was erased or written"), "{message}");
}

#[test]
fn a_locked_chip_is_left_alone_and_the_way_to_open_it_told() {
    for (name, advice) in [
        ("STM32L4R5ZITx", "-ob RDP=0xAA"),
        ("STM32H743ZITx", "-ob RDP=0xAA"),
        ("nRF52840_xxAA", "--chip-erase"),
        ("nRF5340_xxAA", "--chip-erase"),
    ] {
        let chip = Chip::named(name).unwrap();
        let start = if name.starts_with("nRF") { 0 } else { 0x0800_0000 };
        let locked = board(&chip).with(Fault::Locked);
        let message = message(&locked, &chip, &image(start, 0x2000_0400));
        assert!(message.starts_with(&format!("{name} is locked")) && message.contains(advice), "{message}");
        assert!(message.contains("nothing was erased or written"), "{message}");
        assert!(!locked.log().iter().any(|line| line.contains("erase")), "{:?}", locked.log());
    }
}

#[test]
fn a_chip_erase_opens_nordics_lock() {
    for name in ["nRF52840_xxAA", "nRF5340_xxAA"] {
        let chip = Chip::named(name).unwrap();
        let locked = board(&chip).with(Fault::Locked);
        flash(&locked, &chip, &image(0, 0x2000_0400), How { chip_erase: true, verify: true }).unwrap();
        assert!(locked.log().contains(&"CTRL-AP: erase all".to_owned()), "{:?}", locked.log());
    }
}

#[test]
fn another_chip_is_named_and_left_alone() {
    for (there, wanted, told) in [
        ("nRF52833_xxAA", "nRF52840_xxAA", "a nRF52833, and not nRF52840_xxAA"),
        ("STM32L4R5ZITx", "nRF52840_xxAA", "not one of Nordic's nRF52 series"),
        ("STM32U575ZITxQ", "nRF5340_xxAA", "not one of Nordic's nRF53 series"),
        ("STM32U575ZITxQ", "STM32L4R5ZITx", "another core (CPUID 0x410fd214)"),
        ("STM32H743ZITx", "STM32L4R5ZITx", "one that calls itself 0x0 where 0x470 was expected"),
    ] {
        let board = board(&Chip::named(there).unwrap());
        let chip = Chip::named(wanted).unwrap();
        let start = if wanted.starts_with("nRF") { 0 } else { 0x0800_0000 };
        let message = message(&board, &chip, &image(start, 0x2000_0400));
        assert!(message.contains(told), "{there} for {wanted}: {message}");
        assert!(message.contains("nothing was erased or written"), "{message}");
        assert!(!board.log().iter().any(|line| line.contains("erase")), "{:?}", board.log());
    }
}

#[test]
fn an_image_that_is_too_large_is_refused_before_a_byte_is_erased() {
    let chip = Chip::named("nRF52840_xxAA").unwrap();
    let board = board(&chip);
    let mut large = image(0, 0x2000_0400);
    large.segments[0].bytes.resize((1 << 20) + 4, 0);
    let message = message(&board, &chip, &large);
    assert!(message.contains("1048580 B of flash") && message.contains("has 1048576 B there"), "{message}");
    assert!(!board.log().iter().any(|line| line.contains("erase")), "{:?}", board.log());
}

#[test]
fn an_erase_that_never_ends_is_told_with_its_sector() {
    each(|chip, image| {
        let address = image.segments[0].address + 9000;
        let message = message(&board(chip).with(Fault::StuckErase { address }), chip, image);
        assert!(message.starts_with("the sector at 0x"), "{message}");
        assert!(message.contains("does not erase: it is not done after the time"), "{message}");
        assert!(message.contains("nothing was written"), "{message}");
    });
}

#[test]
fn a_byte_that_does_not_take_what_is_written_is_named() {
    each(|chip, image| {
        let segment = &image.segments[0];
        let at = (1000..).find(|at| segment.bytes[*at] & 1 == 0).unwrap();
        let address = segment.address + at as u32;
        let message = message(&board(chip).with(Fault::WornOut { address }), chip, image);
        let byte = segment.bytes[at];
        let told = format!("{address:#010x} reads {:#04x}, and {byte:#04x} was written", byte | 1);
        assert!(message.starts_with("verifying failed: ") && message.contains(&told), "{message}");
        assert!(message.contains("do not trust the firmware"), "{message}");
    });
}

#[test]
fn a_lost_connection_says_how_far_it_came() {
    each(|chip, image| {
        for (fault, reason) in [
            (Fault::Disconnect { after_bytes: 8192, comes_back: false }, "disconnected"),
            (Fault::Wait { after_bytes: 8192 }, "WAIT"),
        ] {
            let message = message(&board(chip).with(fault), chip, image);
            assert!(message.starts_with("lost the connection while writing: "), "{message}");
            assert!(message.contains(reason), "{}: {message}", chip.name());
            assert!(message.contains("the chip has no firmware that could run"), "{message}");
            assert!(message.contains("run the same command again"), "{message}");
        }
    });
}

fn patiently(board: &Board, chip: &Chip, image: &Image) -> (Result<u64, Error>, Vec<String>) {
    let mut said = Vec::new();
    let done = flash_patiently(&mut || Ok(board.probe()), (chip, image), VERIFY, &mut |_| (), &mut |line| {
        said.push(line.to_owned())
    });
    (done.map(|(_, flashed)| flashed.image_bytes), said)
}

#[test]
fn a_connection_that_comes_back_is_used() {
    each(|chip, image| {
        let board = board(chip).with(Fault::Disconnect { after_bytes: 8192, comes_back: true });
        let (done, said) = patiently(&board, chip, image);
        assert_eq!(done.unwrap(), LENGTH as u64, "{}", chip.name());
        assert!(said[0].contains("lost the connection while writing"), "{said:?}");
        assert_eq!(said[1], "trying once more");
        let segment = &image.segments[0];
        assert!(board.read(segment.address, LENGTH) == segment.bytes, "{}", chip.name());
    });
}

#[test]
fn a_connection_that_stays_lost_is_told_with_how_the_chip_was_left() {
    let (name, start, control_block) = FAMILIES[0];
    let chip = Chip::named(name).unwrap();
    let board = board(&chip).with(Fault::Disconnect { after_bytes: 8192, comes_back: false });
    let (done, _) = patiently(&board, &chip, &image(start, control_block));
    let message = done.unwrap_err().to_string();
    assert!(message.contains("the chip has no firmware that could run"), "{message}");
}

#[test]
fn firmware_is_heard_and_told_by_rtt() {
    each(|chip, image| {
        let control_block = image.control_block.unwrap();
        let long: Vec<u8> = (0..5000_u32).map(|at| at as u8).collect();
        let script = Script {
            control_block,
            acts: vec![
                Act::Say { channel: 0, bytes: b"hello".to_vec() },
                Act::Hear { bytes: 3 },
                Act::Say { channel: 1, bytes: long.clone() },
            ],
        };
        let board = board(chip).running(script);
        let mut connection = flash(&board, chip, image, VERIFY).unwrap();
        let mut bytes = [0; 600];
        let early = connection.hear(control_block, 0, &mut bytes).unwrap_err().to_string();
        assert!(early.starts_with("the firmware does not speak"), "{early}");
        connection.reset(Some(control_block)).unwrap();
        let heard = connection.hear(control_block, 0, &mut bytes).unwrap();
        assert_eq!(&bytes[..heard], b"hello", "{}", chip.name());
        assert_eq!(connection.hear(control_block, 1, &mut bytes).unwrap(), 0, "it waits");
        assert_eq!(connection.say(control_block, b"job").unwrap(), 3);
        // More than a ring holds: it comes as it is read.
        let mut all = Vec::new();
        for _ in 0..100 {
            let heard = connection.hear(control_block, 1, &mut bytes).unwrap();
            all.extend_from_slice(&bytes[..heard]);
        }
        assert!(all == long, "{}: {} B", chip.name(), all.len());
        assert_eq!(board.heard(), b"job");
    });
}

#[test]
fn chips_with_other_cores_are_not_simulated() {
    for name in ["RP235x_riscv", "esp32c3"] {
        let chip = Chip::named(name).unwrap();
        let message = Board::new(chip.target()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("no simulated target for {name}")), "{message}");
    }
}
