//! Arrays as numpy writes them: versions 1 to 3 of the NPY format, little-endian, in row order.

use crate::error::SampleError;

pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// An array of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// `bool`, `int8`, `uint8`, `int16`, `int32`, `int64` or `float32`.
    pub dtype: &'static str,
    /// Elements along every axis; none for a single number.
    pub shape: Vec<usize>,
    /// The elements, little-endian, last axis fastest.
    pub bytes: Vec<u8>,
}

const fn broken(what: &'static str) -> SampleError {
    SampleError::Npy { what }
}

impl Array {
    /// Reads an NPY.
    ///
    /// # Errors
    /// What is not an NPY, holds a type other than those of [`Array::dtype`], is big-endian or in column order, or whose
    /// data is longer or shorter than its shape.
    pub fn from_npy(bytes: &[u8]) -> Result<Self, SampleError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(broken("it does not begin with \\x93NUMPY"))?;
        let cut = broken("it ends within its header");
        let (header, data) = match *rest {
            [1, _, a, b, ref rest @ ..] => {
                rest.split_at_checked(usize::from(u16::from_le_bytes([a, b]))).ok_or(cut)?
            }
            [2 | 3, _, a, b, c, d, ref rest @ ..] => {
                let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                rest.split_at_checked(length).ok_or(cut)?
            }
            [1..=3, ..] | [] => return Err(cut),
            [_, ..] => return Err(broken("its version is not 1, 2 or 3")),
        };
        let header = str::from_utf8(header).map_err(|_| broken("its header is not text"))?;
        let descr = quoted(after_key(header, "descr")?)?;
        let (dtype, size) = match descr {
            "|b1" => ("bool", 1),
            "|i1" => ("int8", 1),
            "|u1" => ("uint8", 1),
            "<i2" => ("int16", 2),
            "<i4" => ("int32", 4),
            "<i8" => ("int64", 8),
            "<f4" => ("float32", 4),
            _ => return Err(SampleError::NpyType { descr: descr.to_owned() }),
        };
        let order = after_key(header, "fortran_order")?;
        let shape = shape(after_key(header, "shape")?)?;
        if order.starts_with("True") && shape.iter().filter(|&&n| n > 1).count() > 1 {
            return Err(SampleError::NpyFortranOrder);
        }
        let needed = shape.iter().try_fold(size, |product: usize, &n| product.checked_mul(n));
        let needed = needed.ok_or(broken("its shape has more elements than fit a memory"))?;
        if needed != data.len() {
            return Err(SampleError::NpyLength { shape, needed, got: data.len() });
        }
        Ok(Self { dtype, shape, bytes: data.to_vec() })
    }
}

/// What follows `'key':` in a header, which is the text of a Python dictionary.
fn after_key<'a>(header: &'a str, key: &str) -> Result<&'a str, SampleError> {
    let missing = broken("its header lacks descr, fortran_order or shape");
    for quote in ['\'', '"'] {
        if let Some((_, rest)) = header.split_once(&format!("{quote}{key}{quote}")) {
            return rest.trim_start().strip_prefix(':').map(str::trim_start).ok_or(missing);
        }
    }
    Err(missing)
}

fn quoted(text: &str) -> Result<&str, SampleError> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let inside = quote.and_then(|quote| text[1..].split_once(quote));
    inside.map(|(inside, _)| inside).ok_or(broken("its type is not a plain one"))
}

fn shape(text: &str) -> Result<Vec<usize>, SampleError> {
    let inside = text.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let (inside, _) = inside.ok_or(broken("its shape is not a tuple"))?;
    let axes = inside.split(',').map(str::trim).filter(|axis| !axis.is_empty());
    axes.map(|axis| axis.parse().map_err(|_| broken("its shape is not a tuple of numbers"))).collect()
}
