//! Runs and packed bits, mixed: how Parquet stores indices into a dictionary.

use super::thrift::{unsigned, varint};

/// Values that are packed together.
const GROUP: usize = 8;

/// Bits that hold every value up to `largest`; one at least, because readers differ about none.
pub fn width(largest: u32) -> u32 {
    (u32::BITS - largest.leading_zeros()).max(1)
}

/// Appends `values`, all of which fit in `width` bits.
pub fn encode(values: &[u32], width: u32, bytes: &mut Vec<u8>) {
    let mut rest = values;
    let mut packed = 0;
    while let Some(first) = rest.get(packed) {
        let run = rest.iter().skip(packed).take_while(|value| *value == first).count();
        if run >= GROUP {
            let (before, after) = rest.split_at(packed);
            pack(before, width, bytes);
            varint(bytes, (run as u64) << 1);
            bytes.extend(first.to_le_bytes().iter().take(width.div_ceil(8) as usize));
            rest = after.get(run..).unwrap_or_default();
            packed = 0;
        } else {
            packed += GROUP;
        }
    }
    pack(rest, width, bytes);
}

/// Groups of eight; the last is filled up with zeros, which readers do not ask for.
fn pack(values: &[u32], width: u32, bytes: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    varint(bytes, (values.len().div_ceil(GROUP) as u64) << 1 | 1);
    let (mut bits, mut count) = (0_u64, 0);
    let filled = values.len().next_multiple_of(GROUP);
    for value in values.iter().copied().chain(std::iter::repeat(0)).take(filled) {
        bits |= u64::from(value) << count;
        count += width;
        while count >= 8 {
            bytes.push(bits as u8);
            bits >>= 8;
            count -= 8;
        }
    }
}

/// Reads `count` values of `width` bits each, and hands each to `take`.
pub fn decode(mut bytes: &[u8], width: u32, count: usize, mut take: impl FnMut(u32)) -> Option<()> {
    if !(1..=32).contains(&width) {
        return None;
    }
    let mut left = count;
    while left > 0 {
        let header = unsigned(&mut bytes)?;
        let length = usize::try_from(header >> 1).ok()?;
        if header & 1 == 0 {
            let (value, rest) = bytes.split_at_checked(width.div_ceil(8) as usize)?;
            bytes = rest;
            let value = value.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            let run = length.min(left);
            (0..run).for_each(|_| take(value));
            left -= run;
            if run == 0 {
                return None;
            }
        } else {
            let (packed, rest) = bytes.split_at_checked(length.checked_mul(width as usize)?)?;
            bytes = rest;
            let values = length.checked_mul(GROUP)?.min(left);
            unpack(packed, width, values, &mut take);
            left -= values;
            if values == 0 {
                return None;
            }
        }
    }
    Some(())
}

fn unpack(packed: &[u8], width: u32, count: usize, take: &mut impl FnMut(u32)) {
    let mask = (1_u64 << width) - 1;
    let (mut bits, mut have) = (0_u64, 0);
    let mut left = count;
    for byte in packed {
        if left == 0 {
            return;
        }
        bits |= u64::from(*byte) << have;
        have += 8;
        while have >= width && left > 0 {
            take((bits & mask) as u32);
            bits >>= width;
            have -= width;
            left -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(values: &[u32], width: u32) {
        let mut bytes = Vec::new();
        encode(values, width, &mut bytes);
        let mut read = Vec::new();
        decode(&bytes, width, values.len(), |value| read.push(value)).unwrap();
        assert_eq!(read, values);
    }

    #[test]
    fn the_example_of_the_format_comes_out() {
        let mut bytes = Vec::new();
        encode(&[0, 1, 2, 3, 4, 5, 6, 7], 3, &mut bytes);
        assert_eq!(bytes, [3, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
    }

    #[test]
    fn a_run_takes_two_bytes_or_three() {
        let mut bytes = Vec::new();
        encode(&[4; 50], 3, &mut bytes);
        assert_eq!(bytes, [100, 4]);
    }

    #[test]
    fn runs_of_nothing_are_refused() {
        assert_eq!(decode(&[0, 0, 0, 0], 8, 5, |_| ()), None);
        assert_eq!(decode(&[1, 1, 1, 1], 8, 5, |_| ()), None);
    }

    proptest! {
        #[test]
        fn any_mixture_comes_back(runs in prop::collection::vec((0..32_u32, 1..40_usize), 0..30)) {
            let values: Vec<u32> = runs.iter().flat_map(|(value, times)| vec![*value; *times]).collect();
            round_trip(&values, 5);
            round_trip(&values, 32);
        }
    }
}
