/// Digits that a length may have.
const DIGITS: usize = 9;

/// What stands at the start of some bytes of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Found<'a> {
    /// It takes more bytes to tell.
    Part,
    /// A block, and what is behind it.
    Block(&'a [u8], &'a [u8]),
    /// No block.
    Nothing,
}

/// Reads a block of definite length as IEEE 488.2 has it: `#`, the number of digits, the digits of the length, the bytes.
#[must_use]
pub fn block(bytes: &[u8]) -> Found<'_> {
    let [b'#', count, rest @ ..] = bytes else {
        return if matches!(bytes, [] | [b'#']) { Found::Part } else { Found::Nothing };
    };
    let digits = usize::from(count.wrapping_sub(b'0'));
    if !(1..=DIGITS).contains(&digits) {
        return Found::Nothing;
    }
    let Some((length, rest)) = rest.split_at_checked(digits) else { return Found::Part };
    if !length.iter().all(u8::is_ascii_digit) {
        return Found::Nothing;
    }
    let length = length.iter().fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    rest.split_at_checked(length).map_or(Found::Part, |(block, after)| Found::Block(block, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_its_length_in_front() {
        assert_eq!(block(b"#13abc\n"), Found::Block(b"abc", b"\n"));
        assert_eq!(block(b"#9000000002xyz"), Found::Block(b"xy", b"z"));
        assert_eq!(block(b"#10\n"), Found::Block(b"", b"\n"));
    }

    #[test]
    fn a_block_that_is_not_all_there_is_waited_for() {
        for part in [&b""[..], b"#", b"#3", b"#31", b"#3010abc"] {
            assert_eq!(block(part), Found::Part, "{}", part.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_block_is_none() {
        for text in [&b"1.0e-3\n"[..], b"#0abc", b"#x", b"#2a1"] {
            assert_eq!(block(text), Found::Nothing, "{}", text.escape_ascii());
        }
    }
}
