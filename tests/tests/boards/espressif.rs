//! Images for Espressif's chips, as the tool that their maker's community writes them with takes them.

use espflash::{
    flasher::{FlashData, FlashSettings, FlashSize},
    image_format::idf::{IdfBootloaderFormat, check_idf_bootloader},
    target::Chip,
};
use firmware::{MemoryKind, Profile, Talk, misplaced};
use microjoule_tests::{Program, on_each_board, workspace};

/// Where flash has the bootloader, the table of partitions, and the image.
const PLACES: [u32; 3] = [0, 0x8000, 0x1_0000];
/// What a bootloader or an image in Espressif's format begins with.
const MAGIC: u8 = 0xe9;

#[test]
fn images_take_the_form_that_the_bootloader_wants() {
    on_each_board(|ready| {
        let board = &ready.board;
        let Some(chip) = board.chip.as_ref().filter(|chip| chip.starts_with("esp32")) else { return };
        let chip: Chip = chip.parse().expect("a chip that espflash knows");
        let settings = FlashSettings::new(None, Some(FlashSize::_4Mb), None);
        let flash = FlashData::new(settings, 0, None, chip, chip.default_xtal_frequency());
        for (model, features) in [("digits", &["watchdog"][..]), ("digits", &["energy"]), ("kws", &[])] {
            let path = workspace().join("models").join(model).join("model.tflite");
            let image = ready.image(Program::Of(&path), Profile::Release, features).expect("an image");
            let talk = if features.contains(&"energy") { Talk::Aside } else { Talk::Rtt };
            assert_eq!(misplaced(&image, board, talk).expect("an image"), [""; 0], "{}", board.name);
            let elf = std::fs::read(image).expect("as it was built");
            check_idf_bootloader(&elf).expect("a descriptor");
            let format = IdfBootloaderFormat::new(&elf, &flash, None, None, None, None).expect("a format");
            let segments: Vec<_> = format.flash_segments().collect();
            let places: Vec<_> = segments.iter().map(|segment| segment.addr).collect();
            assert_eq!(places, PLACES, "{}", board.name);
            assert_eq!([segments[0].data[0], segments[2].data[0]], [MAGIC; 2], "{}", board.name);
            let bytes = segments[2].data.len() as u64;
            assert!(bytes <= board.memory_bytes(MemoryKind::Flash), "{}: {bytes}", board.name);
            eprintln!("{model} on {}: {bytes} B in Espressif's format", board.name);
        }
    });
}
