//! What can be wrong with what the gate is given: the file, the line, and what was expected.

/// Why a budget could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// A file does not say what it should.
    #[error("{file}:{line}:{column}: {found}; expected {expected}")]
    Malformed {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// What the budget names at this place cannot be had.
    #[error("{file}:{line}:{column}: {reason}")]
    Target {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// Why.
        reason: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file could not be read.
    #[error("{file}: cannot be read: {reason}")]
    Read {
        /// The file.
        file: String,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// A file could not be written.
    #[error("{file}: cannot be written: {reason}")]
    Write {
        /// The file.
        file: String,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// Records, or a calibration of them, that have nothing to do with each other.
    #[error("{reason}")]
    Compared {
        /// Why, with what to do.
        reason: String,
    },
    /// A report could not be put into words.
    #[error("the report cannot be written as {format}: {reason}")]
    Format {
        /// `JSON` or `JUnit`.
        format: &'static str,
        /// What the writer says.
        reason: String,
    },
}

/// A place in a text: line and column, both from 1.
pub(crate) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = 1 + before.bytes().filter(|&byte| byte == b'\n').count();
    let column = 1 + before.chars().rev().take_while(|&letter| letter != '\n').count();
    (line, column)
}

/// Splits what serde says into what it found and what it expected.
pub(crate) fn split_expected(message: &str, otherwise: &str) -> (String, String) {
    let message = message.replace('\n', " ");
    let message = message.trim();
    match message.split_once(", expected ") {
        Some((found, expected)) => (found.to_owned(), expected.to_owned()),
        None => (message.to_owned(), otherwise.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("ab\ncd", 4), (2, 2));
        assert_eq!(place("µµ\n", 4), (1, 3));
        assert_eq!(place("a", 99), (1, 2));
    }

    #[test]
    fn messages_name_the_file_and_the_reason() {
        let none = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let read = BudgetError::Read { file: "a".into(), reason: none() };
        assert_eq!(read.to_string(), "a: cannot be read: entity not found");
        let write = BudgetError::Write { file: "b".into(), reason: none() };
        assert_eq!(write.to_string(), "b: cannot be written: entity not found");
        let format = BudgetError::Format { format: "JUnit", reason: "because".into() };
        assert_eq!(format.to_string(), "the report cannot be written as JUnit: because");
    }
}
