//! Chips and images that tests of the simulated target share.

use lab::probes::{Chip, Image, Segment};

/// Chips with a debug port of their own kind each, and where an image and its control block go in them.
pub const FAMILIES: [(&str, u32, u32); 7] = [
    ("STM32L4R5ZITx", 0x0800_0000, 0x2000_0400),
    ("nRF52840_xxAA", 0x0000_0000, 0x2000_0400),
    ("RP2040", 0x1000_0000, 0x2000_0400),
    ("STM32H743ZITx", 0x0800_0000, 0x2000_0400),
    ("nRF5340_xxAA", 0x0000_0000, 0x2000_0400),
    ("STM32U575ZITxQ", 0x0800_0000, 0x2000_0400),
    ("RP235x", 0x1000_0000, 0x2000_0400),
];

/// Bytes of the image.
pub const LENGTH: usize = 20_000;

/// An image with vectors where the chip looks for them.
pub fn image(start: u32, control_block: u32) -> Image {
    image_with(start, control_block, 0)
}

/// The same with the vectors so many bytes behind its start.
fn image_with(start: u32, control_block: u32, vectors: usize) -> Image {
    let mut bytes: Vec<u8> =
        (0..LENGTH as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    bytes[vectors..vectors + 4].copy_from_slice(&0x2000_8000_u32.to_le_bytes());
    bytes[vectors + 4..vectors + 8].copy_from_slice(&(start + 0x401).to_le_bytes());
    Image {
        path: "image.elf".into(),
        elf: Vec::new(),
        segments: vec![Segment { address: start, bytes }],
        control_block: Some(control_block),
        fault_record: None,
    }
}

/// On each of the chips.
pub fn each(test: impl Fn(&Chip, &Image)) {
    for (name, start, control_block) in FAMILIES {
        let vectors = if name == "RP2040" { 0x100 } else { 0 };
        test(&Chip::named(name).unwrap(), &image_with(start, control_block, vectors));
    }
}
