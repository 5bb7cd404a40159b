//! As much of the Parquet format as a table of samples takes: required columns of four-byte values, plain or by
//! dictionary, uncompressed, written in one go and read group by group.
//!
//! Facts of the format: `apache/parquet-format`, README.md, Encodings.md and `src/main/thrift/parquet.thrift`.

mod hybrid;
mod metadata;
mod page;
mod reader;
mod thrift;
mod writer;

pub use metadata::{Column, Kind};
pub use reader::{Malformed, Reader};
pub use writer::Writer;

/// First and last bytes of a file.
const MAGIC: &[u8; 4] = b"PAR1";

/// Rows of a group, at most: readers hold one in memory.
pub const GROUP_ROWS: usize = 1 << 17;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn columns() -> Vec<Column> {
        vec![Column::new("current", Kind::Float), Column::new("digital", Kind::Byte)]
    }

    fn file(groups: &[Vec<[u32; 2]>], notes: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new(), columns()).unwrap();
        for rows in groups {
            let by_column: Vec<Vec<u32>> =
                (0..2).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
            writer.group(&by_column).unwrap();
        }
        let notes = notes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        writer.end(notes).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<Vec<[u32; 2]>>, Malformed> {
        let mut reader = Reader::open(Cursor::new(bytes))?;
        let mut groups = Vec::new();
        for group in 0..reader.groups() {
            let columns = reader.group(group)?;
            let rows = columns.first().map_or(0, Vec::len);
            groups.push((0..rows).map(|row| [columns[0][row], columns[1][row]]).collect());
        }
        Ok(groups)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let groups: Vec<Vec<[u32; 2]>> = vec![
            (0..1000_u32).map(|row| [(row as f32 * 0.5).to_bits(), row / 300]).collect(),
            vec![[7, 1]; 20_000],
            vec![[1, 2]],
        ];
        let bytes = file(&groups, &[("key", "value")]);
        assert_eq!(read(&bytes).unwrap(), groups);
        let reader = Reader::open(Cursor::new(&bytes)).unwrap();
        assert_eq!((reader.rows(), reader.note("key"), reader.note("other")), (21_001, Some("value"), None));
        assert_eq!(reader.columns(), columns());
    }

    #[test]
    fn many_values_are_kept_plain_and_few_in_little_room() {
        let mut state = 1_u32;
        let noise: Vec<[u32; 2]> = (0..100_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                [state, 0]
            })
            .collect();
        let plain = file(std::slice::from_ref(&noise), &[]);
        assert!((400_000..410_000).contains(&plain.len()), "{}", plain.len());
        assert_eq!(read(&plain).unwrap(), std::slice::from_ref(&noise));
        let coarse: Vec<[u32; 2]> = noise.iter().map(|[value, _]| [value >> 20, 0]).collect();
        let few = file(std::slice::from_ref(&coarse), &[]);
        assert!(few.len() < 180_000, "{}", few.len());
        assert_eq!(read(&few).unwrap(), [coarse]);
    }

    #[test]
    fn a_file_that_is_cut_short_is_refused() {
        let bytes = file(&[vec![[1, 2]; 500]], &[("key", "value")]);
        for end in 0..bytes.len() {
            assert!(Reader::open(Cursor::new(&bytes[..end])).is_err(), "{end} bytes");
        }
    }

    proptest! {
        #[test]
        fn any_values_come_back(groups in prop::collection::vec(
            prop::collection::vec((prop_oneof![0..4_u32, any::<u32>()], 0..3_u32).prop_map(|(a, b)| [a, b]), 1..300), 0..4)
        ) {
            prop_assert_eq!(read(&file(&groups, &[])).unwrap(), groups);
        }

        #[test]
        fn bytes_that_were_changed_are_no_panic(at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let mut bytes = file(&[(0..400).map(|row| [row % 50, row / 100]).collect()], &[("key", "value")]);
            let at = at.index(bytes.len());
            bytes[at] = value;
            let _ = read(&bytes);
        }
    }
}
