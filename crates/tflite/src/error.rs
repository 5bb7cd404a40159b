//! Why a file was refused, where in it, and what to do next.

use std::fmt;

use crate::{BuiltinOp, DType};

/// A refusal: what is wrong and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {fault}")]
#[non_exhaustive]
pub struct ReadError {
    /// The part of the model that is wrong.
    pub place: Place,
    /// What is wrong with it.
    pub fault: Fault,
}

/// A part of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The file as a whole.
    File,
    /// An entry of the table of operator codes.
    OperatorCode(usize),
    /// An entry of the table of buffers.
    Buffer(usize),
    /// A metadata entry.
    Metadata(usize),
    /// A signature.
    Signature(usize),
    /// A subgraph.
    Subgraph(usize),
    /// A tensor.
    Tensor {
        /// Index of its subgraph.
        subgraph: usize,
        /// Its index there.
        tensor: usize,
        /// Its name, shortened when long; empty if even that could not be read.
        name: String,
    },
    /// An operator.
    Operator {
        /// Index of its subgraph.
        subgraph: usize,
        /// Its index there, which is its place in the order of execution.
        operator: usize,
        /// What it is, when that could be read.
        op: Option<BuiltinOp>,
        /// The name of its first output, by which layers are known; empty if that could not be read.
        name: String,
    },
}

/// What is wrong. Each message says what was found, what was expected and, where that helps, what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Too few bytes for the fixed part of the format.
    #[error(
        "{} is too short for a model, which takes at least {expected}: it was cut off or is another file; copy it again",
        Bytes(*found)
    )]
    TooShort {
        /// Bytes in the file.
        found: usize,
        /// The fewest bytes that a model can have.
        expected: usize,
    },
    /// The file identifier is not `TFL3`.
    #[error("bytes 4 to 8 are `{}` where a model has `TFL3`: {}", found.escape_ascii(), looks.advice())]
    Identifier {
        /// The four bytes found.
        found: [u8; 4],
        /// What the file seems to be instead.
        looks: LooksLike,
    },
    /// A schema version other than 3.
    #[error(
        "schema version {found}, but only version 3 can be read: convert the model again with a current converter"
    )]
    Version {
        /// The version found.
        found: u32,
    },
    /// Something points, or reaches, past the end of the file.
    #[error(
        "the file is {}, but the end of its {what} is at {}: it was cut off or damaged; copy it again",
        Bytes(*file_bytes),
        Grouped(*end)
    )]
    CutOff {
        /// The part that does not fit.
        what: &'static str,
        /// Where it would end.
        end: u64,
        /// Where the file ends.
        file_bytes: usize,
    },
    /// Bytes that no writer of the format produces.
    #[error("{what} at byte {}: {why}; the file is damaged: copy it again or convert the model again", Grouped(*at as u64))]
    Damaged {
        /// The damaged part.
        what: &'static str,
        /// Where it stands in the file.
        at: usize,
        /// What no writer produces.
        why: &'static str,
    },
    /// A part that every model has is absent.
    #[error("it has no {what}: the file is damaged or was never finished; convert the model again")]
    Missing {
        /// The absent part.
        what: &'static str,
    },
    /// An index points outside its table.
    #[error("{} is {found}, and the number of {of} is {}: the file is damaged; convert the model again", Entry(what, *position), Grouped(*count as u64))]
    Index {
        /// The list or field that holds the index.
        what: &'static str,
        /// Which entry of the list; `None` for a field.
        position: Option<usize>,
        /// The index found.
        found: i64,
        /// How many things there are to point to.
        count: usize,
        /// What it points to.
        of: &'static str,
    },
    /// An enumeration has a value that the schema does not know.
    #[error(
        "{what} is {found}, and the known values are 0 to {last}: a newer format or damage; convert the model again with a released converter"
    )]
    Value {
        /// The field.
        what: &'static str,
        /// The value found.
        found: i64,
        /// The last value that the schema knows.
        last: i64,
    },
    /// A dimension that is neither a size nor the −1 of an unknown one.
    #[error(
        "{what}[{position}] is {found}, and a dimension is 0 or more, or -1 when it is not known; convert the model again"
    )]
    Dimension {
        /// The shape or the shape signature.
        what: &'static str,
        /// Which dimension.
        position: usize,
        /// The dimension found.
        found: i32,
    },
    /// A constant whose shape has no definite size.
    #[error("it has {}, but no count of elements follows from its shape {shape:?}; convert the model again with fixed shapes", Bytes(*found))]
    ConstantShape {
        /// The shape found.
        shape: Vec<i32>,
        /// Bytes of data.
        found: usize,
    },
    /// A constant with more or fewer bytes than its shape and type need.
    #[error("it has {} of data where {dtype} {shape:?} takes {}: the file is damaged; convert the model again", Bytes(*found), Grouped(*expected))]
    DataLength {
        /// Type of an element.
        dtype: DType,
        /// The shape.
        shape: Vec<i32>,
        /// Bytes that type and shape need.
        expected: u64,
        /// Bytes of data.
        found: usize,
    },
    /// Weights packed by TensorFlow Lite Micro's own compression tool.
    #[error("its {} are compressed by TensorFlow Lite Micro's own tool, which is not supported; use the model as it was before compression", Bytes(*found))]
    Compressed {
        /// Bytes of data.
        found: usize,
    },
    /// Data that stand in another file.
    #[error(
        "its data stand in another file (external buffer {index}), which is not supported; convert the model again with all weights inside"
    )]
    ExternalBuffer {
        /// Index of the external buffer.
        index: u32,
    },
    /// The same bytes are used for so many parts that the model would grow out of proportion to its file.
    #[error(
        "reading its {what} would take more than {} of memory, the most that a file of {} may take: parts of it overlap; convert the model again",
        Bytes(*limit),
        Bytes(*file_bytes)
    )]
    TooManyItems {
        /// The part at which the limit was reached.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
        /// Size of the file.
        file_bytes: usize,
    },
}

/// What a file that is no model seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LooksLike {
    /// A zip archive.
    Zip,
    /// An HDF5 file, which is how Keras saves.
    Hdf5,
    /// A pointer that Git LFS left in place of the file.
    LfsPointer,
    /// Text.
    Text,
    /// Nothing known.
    Unknown,
}

impl LooksLike {
    pub(crate) fn guess(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(64)];
        if head.starts_with(b"PK\x03\x04") {
            Self::Zip
        } else if head.starts_with(b"\x89HDF") {
            Self::Hdf5
        } else if head.starts_with(b"version https://git-lfs") {
            Self::LfsPointer
        } else if head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
            Self::Text
        } else {
            Self::Unknown
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Zip => "this is a zip archive; unpack it and give the .tflite inside",
            Self::Hdf5 => "this is a saved Keras model; convert it to .tflite first",
            Self::LfsPointer => "this is a pointer left by Git LFS; fetch the file with `git lfs pull`",
            Self::Text => "this is text; give the .tflite file itself",
            Self::Unknown => "this is not a .tflite file, or its beginning is damaged",
        }
    }
}

impl Fault {
    pub(crate) fn at(self, place: Place) -> ReadError {
        ReadError { place, fault: self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => write!(f, "model"),
            Self::OperatorCode(index) => write!(f, "operator code {index}"),
            Self::Buffer(index) => write!(f, "buffer {index}"),
            Self::Metadata(index) => write!(f, "metadata {index}"),
            Self::Signature(index) => write!(f, "signature {index}"),
            Self::Subgraph(index) => write!(f, "subgraph {index}"),
            Self::Tensor { subgraph, tensor, name } => {
                write!(f, "subgraph {subgraph}, tensor {tensor}")?;
                quoted(f, name)
            }
            Self::Operator { subgraph, operator, op, name } => {
                write!(f, "subgraph {subgraph}, operator {operator}")?;
                if let Some(op) = op {
                    write!(f, " {op}")?;
                }
                quoted(f, name)
            }
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if name.is_empty() { Ok(()) } else { write!(f, " `{name}`") }
}

/// A count with its thousands apart.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A count of bytes with its unit.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} byte{}", Grouped(self.0 as u64), if self.0 == 1 { "" } else { "s" })
    }
}

/// A field, or an entry of a list.
struct Entry<'a>(&'a str, Option<usize>);

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(list, Some(position)) => write!(f, "{list}[{position}]"),
            Self(field, None) => f.write_str(field),
        }
    }
}
