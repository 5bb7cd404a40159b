//! Text in and out: names that resemble each other, files that hold none.

use crate::error::{Place, SimError};
use std::path::Path;

/// Edit distance.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*slot + 1);
            diagonal = *slot;
            *slot = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The text of a file.
///
/// # Errors
/// [`SimError::File`] where it cannot be read, [`SimError::Malformed`] where it is not text.
pub(crate) fn read(path: &Path, expected: &str) -> Result<String, SimError> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| SimError::File { file: file.clone(), source })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        SimError::Malformed {
            place: Place { file, line: 1 + good.filter(|byte| **byte == b'\n').count() },
            found: "bytes that are no UTF-8 text".to_owned(),
            expected: expected.to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits() {
        for (a, b, wanted) in [("", "", 0), ("m4", "m5", 1), ("kitten", "sitting", 3), ("abc", "", 3)] {
            assert_eq!(distance(a, b), wanted, "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_text_says_where() {
        let path = std::env::temp_dir().join(format!("microjoule-no-text-{}", std::process::id()));
        std::fs::write(&path, b"a\nb\xff").unwrap();
        let error = read(&path, "a network").unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.ends_with(":2: bytes that are no UTF-8 text; expected a network"), "{error}");
    }
}
