//! What int8 answers lose against float ones.

use std::path::Path;

use serde::Deserialize;

use crate::{
    error::{BudgetError, place, split_expected},
    file::Measure,
};

/// A loss, and how it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// The share lost; below 0 where int8 does better.
    pub share: f64,
    /// A sentence on where it is from.
    pub how: String,
}

/// The loss that a `model.toml` states in `[accuracy]`.
///
/// # Errors
/// [`BudgetError::Read`]; [`BudgetError::Malformed`] where the table or a share is missing.
pub fn loss_of_accuracy(path: &Path) -> Result<Loss, BudgetError> {
    #[derive(Deserialize)]
    struct File {
        accuracy: Accuracy,
    }
    #[derive(Deserialize)]
    struct Accuracy {
        float: toml::Spanned<f64>,
        int8: toml::Spanned<f64>,
        total: Option<u64>,
    }
    let (file, text) = read(path)?;
    let malformed = |at: usize, found: String, expected: &str| {
        let (line, column) = place(&text, at);
        BudgetError::Malformed { file: file.clone(), line, column, found, expected: expected.to_owned() }
    };
    let wanted = "[accuracy] with float and int8, shares of right answers";
    let File { accuracy } = toml::from_str(&text).map_err(|error| {
        let (found, expected) = split_expected(error.message(), wanted);
        malformed(error.span().map_or(0, |span| span.start), found, &expected)
    })?;
    for share in [&accuracy.float, &accuracy.int8] {
        if !(0.0..=1.0).contains(share.get_ref()) {
            return Err(malformed(share.span().start, share.get_ref().to_string(), "a share from 0 to 1"));
        }
    }
    let of = accuracy.total.map(|total| format!(" of {total} samples")).unwrap_or_default();
    let (float, int8) = (accuracy.float.into_inner(), accuracy.int8.into_inner());
    let how = format!("{:.2} % right in float, {:.2} % in int8{of}", float * 100.0, int8 * 100.0);
    Ok(Loss { share: float - int8, how })
}

/// Rows of numbers: values between commas or blanks, `#` begins a comment.
///
/// # Errors
/// [`BudgetError::Read`]; [`BudgetError::Malformed`] where something is no number, or a row is of another length
/// than the first.
pub fn read_rows(path: &Path) -> Result<Vec<Vec<f64>>, BudgetError> {
    let (file, text) = read(path)?;
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let malformed = |found: String, expected: String| BudgetError::Malformed {
            file: file.clone(),
            line: index + 1,
            column: 1,
            found,
            expected,
        };
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        let words = line.split(|letter: char| letter == ',' || letter.is_whitespace());
        let mut row = Vec::new();
        for word in words.filter(|word| !word.is_empty()) {
            let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
            row.push(number.ok_or_else(|| malformed(format!("`{word}`"), "a number".to_owned()))?);
        }
        if row.is_empty() {
            continue;
        }
        if let Some(first) = rows.first()
            && first.len() != row.len()
        {
            let found = format!("a row of {} values", row.len());
            return Err(malformed(found, format!("{}, as in the first row", first.len())));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(BudgetError::Malformed {
            file,
            line: 1,
            column: 1,
            found: "no rows".to_owned(),
            expected: "a row of numbers for each sample".to_owned(),
        });
    }
    Ok(rows)
}

/// The loss of int8 outputs against float ones. `file` is for messages.
///
/// # Errors
/// [`BudgetError::Malformed`] where rows do not belong together.
pub fn loss_of_outputs(
    file: &str,
    float: &[Vec<f64>],
    int8: &[Vec<f64>],
    labels: Option<&[Vec<f64>]>,
    measure: Measure,
) -> Result<Loss, BudgetError> {
    let malformed = |found: String, expected: String| BudgetError::Malformed {
        file: file.to_owned(),
        line: 1,
        column: 1,
        found,
        expected,
    };
    let shape = |rows: &[Vec<f64>]| (rows.len(), rows.first().map_or(0, Vec::len));
    let ((count, values), of_int8) = (shape(float), shape(int8));
    if (count, values) != of_int8 || count == 0 {
        let found = format!("{} int8 rows of {} values", of_int8.0, of_int8.1);
        return Err(malformed(found, format!("{count} rows of {values}, as the float outputs")));
    }
    if let Some(labels) = labels.filter(|labels| labels.len() != count) {
        return Err(malformed(format!("{} labels", labels.len()), format!("{count}, one for each sample")));
    }
    if measure == Measure::Rms || values == 1 {
        let pairs = || float.iter().flatten().zip(int8.iter().flatten());
        let difference: f64 = pairs().map(|(float, int8)| (float - int8).powi(2)).sum();
        let size: f64 = pairs().map(|(float, _)| float.powi(2)).sum();
        let share = if difference == 0.0 { 0.0 } else { (difference / size).sqrt() };
        return Ok(Loss { share, how: format!("root mean square of {count} outputs, relative to float") });
    }
    let right = |rows: &[Vec<f64>], labels: &[Vec<f64>]| {
        let hits = rows.iter().zip(labels).filter(|(row, label)| {
            top(row).is_some_and(|top| label.first().is_some_and(|label| top as f64 == *label))
        });
        hits.count()
    };
    Ok(match labels {
        Some(labels) => {
            let (float, int8) = (right(float, labels), right(int8, labels));
            let share = (float as f64 - int8 as f64) / count as f64;
            Loss { share, how: format!("{float} right in float, {int8} in int8, of {count}") }
        }
        None => {
            let other = float.iter().zip(int8).filter(|(float, int8)| top(float) != top(int8)).count();
            let how = format!("{other} of {count} first answers are others in int8");
            Loss { share: other as f64 / count as f64, how }
        }
    })
}

/// The first of the largest.
fn top(row: &[f64]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, &value) in row.iter().enumerate() {
        if best.is_none_or(|(_, most)| value > most) {
            best = Some((index, value));
        }
    }
    best.map(|(index, _)| index)
}

fn read(path: &Path) -> Result<(String, String), BudgetError> {
    let file = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|reason| BudgetError::Read { file: file.clone(), reason })?;
    Ok((file, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[f64]]) -> Vec<Vec<f64>> {
        rows.iter().map(|row| row.to_vec()).collect()
    }

    fn write(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn right_answers_lost() {
        let float = rows(&[&[1.0, 0.0], &[0.0, 1.0], &[0.0, 1.0], &[1.0, 0.0]]);
        let int8 = rows(&[&[5.0, -5.0], &[-5.0, 5.0], &[5.0, -5.0], &[-5.0, 5.0]]);
        let labels = rows(&[&[0.0], &[1.0], &[1.0], &[1.0]]);
        let loss = loss_of_outputs("f", &float, &int8, Some(&labels), Measure::Top1).unwrap();
        assert_eq!(loss.share, 0.0);
        assert_eq!(loss.how, "3 right in float, 3 in int8, of 4");
        let loss = loss_of_outputs("f", &float, &int8, None, Measure::Top1).unwrap();
        assert_eq!(loss.share, 0.5);
        assert_eq!(loss.how, "2 of 4 first answers are others in int8");
    }

    #[test]
    fn the_first_of_equals_is_the_answer() {
        assert_eq!(top(&[1.0, 3.0, 3.0]), Some(1));
        assert_eq!(top(&[]), None);
    }

    #[test]
    fn a_single_value_is_compared_by_size() {
        let loss = |float: f64, int8: f64| {
            loss_of_outputs("f", &rows(&[&[float]]), &rows(&[&[int8]]), None, Measure::Top1).unwrap().share
        };
        assert!((loss(2.0, 1.9) - 0.05).abs() < 1e-12);
        assert_eq!(loss(0.0, 0.0), 0.0);
        assert_eq!(loss(0.0, 1.0), f64::INFINITY);
    }

    #[test]
    fn rows_that_do_not_belong_together() {
        let one = rows(&[&[1.0, 2.0]]);
        let two = rows(&[&[1.0, 2.0], &[1.0, 2.0]]);
        let error = |a: &[Vec<f64>], b: &[Vec<f64>], labels: Option<&[Vec<f64>]>| {
            loss_of_outputs("f", a, b, labels, Measure::Top1).unwrap_err().to_string()
        };
        assert_eq!(
            error(&one, &two, None),
            "f:1:1: 2 int8 rows of 2 values; expected 1 rows of 2, as the float outputs"
        );
        assert_eq!(
            error(&two, &two, Some(&rows(&[&[0.0]]))),
            "f:1:1: 1 labels; expected 2, one for each sample"
        );
    }

    #[test]
    fn rows_from_text() {
        let file = write("# scores\n1, 2 3\n\n-1,2e0,3 # last\n");
        assert_eq!(read_rows(file.path()).unwrap(), rows(&[&[1.0, 2.0, 3.0], &[-1.0, 2.0, 3.0]]));
        for (text, line, said) in [
            ("1,x", 1, "`x`; expected a number"),
            ("1,nan", 1, "`nan`; expected a number"),
            ("1,2\n1\n", 2, "a row of 1 values; expected 2, as in the first row"),
            ("# none\n", 1, "no rows; expected a row of numbers for each sample"),
        ] {
            let file = write(text);
            let error = read_rows(file.path()).unwrap_err().to_string();
            assert_eq!(error, format!("{}:{line}:1: {said}", file.path().display()));
        }
    }

    #[test]
    fn accuracy_from_a_model_file() {
        let file = write("[accuracy]\nfloat = 0.90\nint8 = 0.88\ntotal = 100\n");
        let loss = loss_of_accuracy(file.path()).unwrap();
        assert!((loss.share - 0.02).abs() < 1e-12);
        assert_eq!(loss.how, "90.00 % right in float, 88.00 % in int8 of 100 samples");
        for (text, place, said) in [
            ("[accuracy]\nfloat = 0.9\n", "1:1", "missing field `int8`"),
            ("[accuracy]\nfloat = 90\nint8 = 0.9\n", "2:9", "90; expected a share from 0 to 1"),
            ("name = \"kws\"\n", "1:1", "missing field `accuracy`"),
        ] {
            let file = write(text);
            let error = loss_of_accuracy(file.path()).unwrap_err().to_string();
            let start = format!("{}:{place}: {said}", file.path().display());
            assert!(error.starts_with(&start), "{error}\n{start}");
        }
    }
}
