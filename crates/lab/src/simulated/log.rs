//! A log that an image could write: one of its own messages, encoded as firmware does.

use object::{Object, ObjectSection, ObjectSymbol};
use serde_json::Value;

/// Where defmt keeps its messages; their addresses are their numbers.
const SECTION: &str = ".defmt";

/// The frame of the image's first plain message of information.
///
/// # Errors
/// When it has none.
pub fn first_words(elf: &[u8]) -> Result<Vec<u8>, String> {
    let file = object::File::parse(elf).map_err(|error| error.to_string())?;
    let section = file.section_by_name(SECTION).ok_or("it has no messages of defmt")?;
    let mut numbers: Vec<u64> = file
        .symbols()
        .filter(|symbol| symbol.section_index() == Some(section.index()))
        .filter(|symbol| symbol.name().is_ok_and(is_plain))
        .map(|symbol| symbol.address())
        .collect();
    numbers.sort_unstable();
    let number = numbers.first().and_then(|number| u16::try_from(*number).ok());
    let number = number.ok_or("it has no message without arguments")?;
    Ok(frame(number.to_le_bytes()))
}

/// Whether a symbol is a message of information without arguments: defmt keeps both in its name, as JSON.
fn is_plain(name: &str) -> bool {
    let Ok(message) = serde_json::from_str::<Value>(name) else { return false };
    let data = message["data"].as_str().unwrap_or_default();
    message["tag"] == "defmt_info" && !data.is_empty() && !data.contains('{')
}

/// Reverse zero-compressing COBS of two bytes, as `defmt::Encoder` writes them: bytes that are not 0, then a bit for each that
/// is, from the lowest on and with those that are not there; a zero ends the frame, and stands before the first.
fn frame(number: [u8; 2]) -> Vec<u8> {
    let mut encoded = vec![0];
    let mut zeros = 0x7f_u8;
    for (bit, byte) in number.into_iter().enumerate() {
        if byte != 0 {
            encoded.push(byte);
            zeros &= !(1 << bit);
        }
    }
    encoded.extend([zeros, 0]);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_defmt() {
        // From the tests of `defmt`'s encoder.
        assert_eq!(frame([0, 0]), [0, 0x7f, 0]);
        assert_eq!(frame([1, 0]), [0, 1, 0x7e, 0]);
        assert_eq!(frame([0, 1]), [0, 1, 0x7d, 0]);
        assert_eq!(frame([1, 2]), [0, 1, 2, 0x7c, 0]);
    }
}
