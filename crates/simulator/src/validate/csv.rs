//! Comma-separated rows with quotes, by column name.

use crate::error::SimError;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

/// More than any table of figures; what is beyond is not read.
const MOST_BYTES: u64 = 256 << 20;

/// Rows of a file, each by column name; an absent file has none.
pub(super) fn rows(path: &Path) -> Result<Vec<HashMap<String, String>>, SimError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let failed = |source| SimError::File { file: path.display().to_string(), source };
    let bytes = std::fs::read(path).map_err(failed)?;
    let mut text = String::new();
    if path.extension().is_some_and(|have| have == "gz") {
        let mut unpacked = flate2::read::GzDecoder::new(bytes.as_slice()).take(MOST_BYTES);
        unpacked.read_to_string(&mut text).map_err(failed)?;
    } else {
        bytes.as_slice().take(MOST_BYTES).read_to_string(&mut text).map_err(failed)?;
    }
    let mut lines = text.lines();
    let head = lines.next().map(split).unwrap_or_default();
    Ok(lines.map(|line| head.iter().cloned().zip(split(line)).collect()).collect())
}

fn split(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => {
                if let Some(cell) = cells.last_mut() {
                    cell.push(c);
                }
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn commas_in_quotes_stay() {
        assert_eq!(split("a,\"b, c\",,d"), ["a", "b, c", "", "d"]);
    }
}
