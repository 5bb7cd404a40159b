//! Text for the line, piece by piece and without formatting, which is large and could panic.
//!
//! None of it is worth a copy in every place that says something.

use super::Board;

/// Powers of ten, greatest first: digits are counted off by them, without a division.
const POWERS: [u64; 19] = {
    let mut powers = [1; 19];
    let mut rest: &mut [u64] = &mut powers;
    let mut power = 1_000_000_000_000_000_000;
    while let [first, more @ ..] = rest {
        *first = power;
        power /= 10;
        rest = more;
    }
    powers
};

/// Ends a line.
const LINE: &[u8] = b"\r\n";

/// Sends a line.
#[inline(never)]
pub(super) fn line(board: &mut impl Board, text: &str) {
    board.send(text.as_bytes());
    board.send(LINE);
}

/// Sends a line with a number in it.
#[inline(never)]
pub(super) fn numbered(board: &mut impl Board, before: &str, value: u64, after: &str) {
    board.send(before.as_bytes());
    number(board, value);
    line(board, after);
}

/// Sends a number.
#[inline(never)]
pub(super) fn number(board: &mut impl Board, value: u64) {
    digits(board, value, 1, 0);
}

/// Sends a number of 8 bits.
#[inline(never)]
pub(super) fn whole(board: &mut impl Board, value: i8) {
    if value < 0 {
        board.send(b"-");
    }
    number(board, value.unsigned_abs().into());
}

/// Sends a real number with three decimals. What is no number is sent as 0, as a sum that cannot be.
#[inline(never)]
pub(super) fn decimal(board: &mut impl Board, value: f32) {
    if value < 0.0 {
        board.send(b"-");
    }
    let thousandths = (if value < 0.0 { -value } else { value }) * 1000.0 + 0.5;
    digits(board, thousandths as u64, 4, 3);
}

/// Sends at least `least` digits of `value`, with a point before the last `decimals`.
#[inline(never)]
fn digits(board: &mut impl Board, value: u64, least: usize, decimals: usize) {
    let mut rest = value;
    let mut started = false;
    // A value with more digits than there are powers is cut to nines; no clock gets there.
    for (index, &power) in POWERS.iter().enumerate() {
        let after = POWERS.len() - 1 - index;
        let mut digit = b'0';
        while rest >= power && digit < b'9' {
            rest -= power;
            digit += 1;
        }
        started |= digit != b'0' || after < least;
        if started {
            if after + 1 == decimals {
                board.send(b".");
            }
            board.send(&[digit]);
        }
    }
}

/// Sends a byte as two hexadecimal digits.
#[inline(never)]
pub(super) fn hex(board: &mut impl Board, byte: u8) {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + (value - 10) };
    board.send(&[digit(byte >> 4), digit(byte & 0xf)]);
}

/// Sends what somebody else wrote, so that it cannot be taken for anything that the protocol has a meaning for.
#[inline(never)]
pub(super) fn quoted(board: &mut impl Board, bytes: &[u8]) {
    const MOST: usize = 24;
    for &byte in bytes.iter().take(MOST) {
        let harmless = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b' ';
        board.send(&[if harmless { byte } else { b'?' }]);
    }
}
