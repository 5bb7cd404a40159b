//! What is recorded is read by others: the Parquet library of Apache Arrow finds the same rows, names and types.

use std::fs::File;

use lab::{
    recording::{Acquisition, Metadata, Recorder},
    stream::{Block, Gap, GapReason, Sample},
};
use parquet::{
    basic::ConvertedType,
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, Row},
};

/// More than a group of rows, with currents that are all different, and one loss.
const ROWS: usize = 140_000;
const LOST_AT: usize = 70_000;
const LOST: u64 = 12;

fn sample(row: usize) -> Sample {
    Sample {
        current: row as f32 * 1e-7,
        voltage: row.is_multiple_of(3).then_some(1.8),
        digital: (row / 5000 % 2) as u8,
        range: (row / 50_000) as u8,
    }
}

fn fields(row: &Row) -> Vec<(&str, Field)> {
    row.get_column_iter().map(|(name, field)| (name.as_str(), field.clone())).collect()
}

#[test]
fn another_library_reads_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.parquet");
    let acquisition = Acquisition { measures_voltage: true, ..Acquisition::default() };
    let mut recorder = Recorder::begin(&path, Metadata { acquisition, ..Metadata::default() }).unwrap();
    let samples = (0..ROWS).map(sample).collect();
    let gap = Gap { at: LOST_AT as u64 + LOST, missing: LOST, why: GapReason::Overrun };
    recorder.push(&Block { samples, gaps: vec![gap], ..Block::default() }).unwrap();
    recorder.finish(None).unwrap();

    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let footer = reader.metadata().file_metadata();
    let columns: Vec<_> =
        footer.schema_descr().columns().iter().map(|it| (it.name(), it.converted_type())).collect();
    let (none, byte, count) = (ConvertedType::NONE, ConvertedType::UINT_8, ConvertedType::UINT_32);
    assert_eq!(
        columns,
        [
            ("current", none),
            ("voltage", none),
            ("digital", byte),
            ("range", byte),
            ("gap", byte),
            ("missing", count)
        ]
    );
    let notes = footer.key_value_metadata().unwrap();
    assert!(notes.iter().any(|note| note.key == "microjoule.metadata" && note.value.is_some()));
    assert_eq!((footer.num_rows(), reader.num_row_groups()), (ROWS as i64, 2));
    for (index, row) in reader.get_row_iter(None).unwrap().enumerate() {
        let row = row.unwrap();
        let Sample { current, voltage, digital, range } = sample(index);
        let (gap, missing) = if index == LOST_AT { (2, LOST as u32) } else { (0, 0) };
        let mut expected = vec![("current", Field::Float(current))];
        // Not a number equals nothing, itself neither.
        let mut found = fields(&row);
        let (name, volts) = found.remove(1);
        assert!(matches!(volts, Field::Float(volts) if voltage.map_or(volts.is_nan(), |it| it == volts)));
        assert_eq!(name, "voltage");
        expected.extend(
            [("digital", digital), ("range", range), ("gap", gap)].map(|(name, it)| (name, Field::UByte(it))),
        );
        expected.push(("missing", Field::UInt(missing)));
        assert_eq!(found, expected, "row {index}");
    }
}
