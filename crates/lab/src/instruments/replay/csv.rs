use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek},
    path::Path,
};

use super::{Capture, unread, wrong};
use crate::{
    instruments::Tally,
    stream::{Block, Error, GapReason, RANGE_UNKNOWN, Sample},
};

/// Rows by which the period is found.
const LOOK: usize = 1000;
/// Bytes of a line after which this is no table.
const LONGEST: u64 = 1 << 16;

/// A table of text with a time and a current in every row.
///
/// The names of the columns say what is in them, and a unit in brackets behind a name in which unit: `Timestamp(ms)`,
/// `Current(uA)`, `Main Voltage (V)`, `D0-D7`. Without a unit, figures are seconds, amperes and volts. Where the time
/// goes on by more than a period, rows are missing.
pub struct Csv {
    name: String,
    lines: Lines<Box<dyn BufRead + Send>>,
    columns: Columns,
    period: f64,
    last: Option<f64>,
}

/// Lines with their numbers.
struct Lines<R> {
    reader: R,
    line: String,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Self {
        Self { reader, line: String::new(), number: 0 }
    }

    /// The next line that is not empty; none at the end.
    fn next_line(&mut self, file: &str) -> Result<Option<&str>, Error> {
        loop {
            self.line.clear();
            self.number += 1;
            let mut bytes = Vec::new();
            let read = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes);
            if read.map_err(|reason| unread(file, reason))? == 0 {
                return Ok(None);
            }
            if bytes.len() as u64 == LONGEST {
                return Err(self.wrong(file, "a line that never ends: this is no table"));
            }
            match String::from_utf8(bytes) {
                Ok(line) => self.line = line,
                // A micro sign of an old code page.
                Err(error) => self.line = error.into_bytes().iter().map(|&byte| char::from(byte)).collect(),
            }
            if !self.line.trim().is_empty() {
                break;
            }
        }
        Ok(Some(self.line.trim_end_matches(['\r', '\n']).trim_start_matches('\u{feff}')))
    }

    fn wrong(&self, file: &str, found: impl Into<String>) -> Error {
        wrong(file, format!("line {}", self.number), found)
    }
}

/// Which column is what.
#[derive(Clone, Debug, Default, PartialEq)]
struct Columns {
    separator: char,
    time: Option<Figure>,
    current: Option<Figure>,
    voltage: Option<Figure>,
    /// All inputs in one text, the first of them first.
    inputs: Option<usize>,
    /// An input and its column.
    input: Vec<(u8, usize)>,
}

/// A column and what its figures are multiplied with.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figure {
    column: usize,
    unit: f64,
}

impl Csv {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::File`] for a table without a time or a current, or of fewer than two rows; [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let mut file = File::open(path).map_err(|reason| unread(&name, reason))?;
        let period = look(&name, &mut BufReader::new(&file))?;
        file.rewind().map_err(|reason| unread(&name, reason))?;
        Self::over(&name, Box::new(BufReader::with_capacity(1 << 16, file)), period)
    }

    /// Reads a table that is there in full.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of(name: &str, text: Vec<u8>) -> Result<Self, Error> {
        let period = look(name, &mut text.as_slice())?;
        Self::over(name, Box::new(std::io::Cursor::new(text)), period)
    }

    fn over(name: &str, reader: Box<dyn BufRead + Send>, period: f64) -> Result<Self, Error> {
        let mut lines = Lines::new(reader);
        let columns = head(name, &mut lines)?;
        Ok(Self { name: name.to_owned(), lines, columns, period, last: None })
    }
}

/// Finds the line with the names of the columns.
fn head<R: BufRead>(file: &str, lines: &mut Lines<R>) -> Result<Columns, Error> {
    for _ in 0..100 {
        let Some(line) = lines.next_line(file)? else { break };
        let columns = Columns::parse(line);
        if columns.time.is_some() && columns.current.is_some() {
            return Ok(columns);
        }
    }
    Err(lines.wrong(file, "no line names a time and a current, such as `Timestamp(ms),Current(uA)`"))
}

/// The period of a table: the mean of those of its first steps that are not much longer than the median.
fn look(file: &str, reader: &mut dyn BufRead) -> Result<f64, Error> {
    let mut lines = Lines::new(reader);
    let columns = head(file, &mut lines)?;
    let mut times = Vec::new();
    while times.len() < LOOK {
        let Some(line) = lines.next_line(file)? else { break };
        times.extend(columns.row(line).map(|row| row.0));
    }
    let mut steps: Vec<f64> = times.iter().zip(times.iter().skip(1)).map(|(a, b)| b - a).collect();
    steps.sort_by(f64::total_cmp);
    let median = steps.get(steps.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    let usual: Vec<f64> = steps.into_iter().filter(|step| *step > 0.0 && *step < 1.5 * median).collect();
    let period = usual.iter().sum::<f64>() / usual.len() as f64;
    if period.is_normal() {
        Ok(period)
    } else {
        Err(lines.wrong(file, "the time does not go on from row to row"))
    }
}

impl Columns {
    fn parse(line: &str) -> Self {
        let separator = [';', '\t'].into_iter().find(|separator| line.contains(*separator)).unwrap_or(',');
        let mut columns = Self { separator, ..Self::default() };
        for (column, name) in line.split(separator).enumerate() {
            let name = name.trim().trim_start_matches('#').trim().trim_matches('"').to_lowercase();
            columns.take(column, &name);
        }
        columns
    }

    fn take(&mut self, column: usize, name: &str) {
        let (what, unit) = match name.split_once(['(', '[']) {
            Some((what, unit)) => (what.trim(), unit.trim_end_matches([')', ']']).trim()),
            None => (name, ""),
        };
        let figure = |base: &str| Some(Figure { column, unit: unit_of(unit, base)? });
        if what.contains("time") {
            self.time = self.time.or(figure("s"));
        } else if what.contains("current") || what == "i" {
            self.current = self.current.or(figure("a"));
        } else if what.contains("voltage") || what == "v" {
            self.voltage = self.voltage.or(figure("v"));
        } else if what == "d0-d7" {
            self.inputs = Some(column);
        } else if let Some(input) = input_of(what) {
            self.input.push((input, column));
        }
    }

    /// Time, current, voltage and inputs of a row; none of one that has no time or no current.
    fn row(&self, line: &str) -> Option<(f64, f64, Option<f64>, u8)> {
        let figure = |column: Figure| {
            let text = line.split(self.separator).nth(column.column)?.trim().trim_matches('"');
            let figure: f64 = match self.separator {
                ',' => text.parse().ok()?,
                _ => text.replace(',', ".").parse().ok()?,
            };
            Some(figure * column.unit)
        };
        let time = figure(self.time?).filter(|time| time.is_finite())?;
        let voltage = self.voltage.and_then(figure).filter(|volts| volts.is_finite());
        Some((time, figure(self.current?)?, voltage, self.digital(line)))
    }

    fn digital(&self, line: &str) -> u8 {
        let cell = |column: usize| line.split(self.separator).nth(column).unwrap_or_default().trim();
        let is_high = |text: &str| matches!(text, "1" | "1.0" | "true" | "X");
        let together = self.inputs.map_or(0, |column| {
            let bits = cell(column).chars().take(8).enumerate();
            bits.fold(0, |all, (input, bit)| all | u8::from(bit == '1' || bit == 'X') << input)
        });
        self.input
            .iter()
            .fold(together, |all, (input, column)| all | u8::from(is_high(cell(*column))) << input)
    }

    fn digital_inputs(&self) -> u8 {
        let single = self.input.iter().map(|(input, _)| input + 1).max().unwrap_or(0);
        if self.inputs.is_some() { 8 } else { single }
    }
}

/// What a unit is of its base; none for one of something else.
fn unit_of(unit: &str, base: &str) -> Option<f64> {
    // Column names are in lower case: M of mega has no place among seconds, amperes and volts.
    Some(match unit.strip_suffix(base).or(unit.is_empty().then_some(""))? {
        "" => 1.0,
        "m" => 1e-3,
        "u" | "µ" | "μ" => 1e-6,
        "n" => 1e-9,
        _ => return None,
    })
}

/// `D3`, `GPI 0` of a Joulescope, `GPI1` and `i2` of an Otii: its number from 0.
fn input_of(name: &str) -> Option<u8> {
    let number = |prefix: &str| name.strip_prefix(prefix)?.trim().parse::<u8>().ok();
    let input = number("d")
        .or_else(|| number("gpi "))
        .or_else(|| Some(number("gpi").or(number("i"))?.saturating_sub(1)));
    input.filter(|input| *input < 8)
}

impl Capture for Csv {
    fn rate_hz(&self) -> f64 {
        1.0 / self.period
    }

    fn has_voltage(&self) -> bool {
        self.columns.voltage.is_some()
    }

    fn digital_inputs(&self) -> u8 {
        self.columns.digital_inputs()
    }

    fn next_piece(&mut self, most: usize, tally: &mut Tally, block: &mut Block) -> Result<bool, Error> {
        while block.samples.len() < most {
            let Some(line) = self.lines.next_line(&self.name)? else { return Ok(false) };
            let Some((time, current, voltage, digital)) = self.columns.row(line) else {
                tally.gap(block, 1, GapReason::File);
                self.last = self.last.map(|last| last + self.period);
                continue;
            };
            let steps = self.last.map_or(1.0, |last| (time - last) / self.period);
            if steps <= 0.0 {
                return Err(self.lines.wrong(&self.name, "the time goes back"));
            }
            if steps > 1.5 {
                tally.gap(block, steps.round() as u64 - 1, GapReason::File);
            }
            self.last = Some(time);
            let current = current as f32;
            match current.is_finite() {
                true => {
                    let voltage = voltage.map(|volts| volts as f32);
                    tally.sample(block, Sample { current, voltage, digital, range: RANGE_UNKNOWN });
                }
                false => tally.gap(block, 1, GapReason::File),
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Gap;

    fn read(text: &str) -> (Csv, Block) {
        let mut csv = Csv::of("test.csv", text.into()).unwrap();
        let (mut tally, mut block) = (Tally::default(), Block::default());
        while csv.next_piece(2, &mut tally, &mut block).unwrap() && block.samples.len() < 2 {}
        while csv.next_piece(usize::MAX, &mut tally, &mut block).unwrap() {}
        (csv, block)
    }

    #[test]
    fn an_export_of_the_power_profiler_is_read() {
        let (csv, block) = read(
            "Timestamp(ms),Current(uA),D0-D7,D0,D1,D2,D3,D4,D5,D6,D7\n0,1.5,10000001,1,0,0,0,0,0,0,1\n\
             0.01,2,00000000,0,0,0,0,0,0,0,0\n0.04,3,0100000-,0,1,0,0,0,0,0,-\n",
        );
        assert!((csv.rate_hz() - 1e5).abs() < 1e-6);
        let rows: Vec<_> = block.indexed().map(|(index, it)| (index, it.current, it.digital)).collect();
        assert_eq!(rows, [(0, 1.5e-6, 0x81), (1, 2e-6, 0), (4, 3e-6, 2)]);
        assert_eq!(block.gaps, [Gap { at: 4, missing: 2, why: GapReason::File }]);
    }

    #[test]
    fn other_tables_are_told_by_their_names() {
        let (csv, block) = read(
            "\u{feff}Timestamp [s];Main Voltage [V];Main Current [mA];GPI1\n0,00;3,3;2,5;1\n0,25;3,2;nan;0\n",
        );
        assert_eq!((csv.rate_hz(), csv.has_voltage(), csv.digital_inputs()), (4.0, true, 1));
        assert_eq!(
            block.samples,
            [Sample { current: 2.5e-3, voltage: Some(3.3), digital: 1, range: RANGE_UNKNOWN }]
        );
        assert_eq!(block.gaps.len(), 1);
        let (csv, _) =
            read("# a comment\n#time,current,voltage,power\n0.0,1e-3,3.0,3e-3\n0.5e-6,1e-3,3.0,3e-3\n");
        assert!((csv.rate_hz() - 2e6).abs() < 1.0);
    }

    #[test]
    fn what_is_no_table_is_said_to_be_none() {
        let error = |text: &str| Csv::of("x.csv", text.into()).map(|_| ()).unwrap_err().to_string();
        assert!(error("a,b\n1,2\n").contains("no line names a time and a current"));
        assert!(error("time,current\n1,2\n").contains("the time does not go on"));
        assert!(error("").contains("x.csv, line 1"));
    }

    #[test]
    fn a_time_that_goes_back_is_refused() {
        let mut csv = Csv::of("x.csv", b"time,current\n1,2\n2,2\n3,2\n1,2\n".to_vec()).unwrap();
        let error =
            csv.next_piece(100, &mut Tally::default(), &mut Block::default()).unwrap_err().to_string();
        assert_eq!(error, "x.csv, line 5: the time goes back");
    }
}
