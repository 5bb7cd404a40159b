//! The model as it stands in the file, typed, with every index in range.

use crate::{BuiltinOp, DType, Options};

/// A model. Names are owned; weights stay where they are in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Model<'a> {
    /// Version of the schema: 3.
    pub version: u32,
    /// What the converter wrote about itself.
    pub description: String,
    /// The graphs; the first is the one that is run, the others are called by it. Never empty.
    pub subgraphs: Vec<Subgraph<'a>>,
    /// Named data beside the graph.
    pub metadata: Vec<(String, &'a [u8])>,
    /// Named entry points.
    pub signatures: Vec<Signature>,
}

/// A graph: tensors, and operators in the order of execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Subgraph<'a> {
    /// Its name, often `main` or empty.
    pub name: String,
    /// Everything that operators read and write.
    pub tensors: Vec<Tensor<'a>>,
    /// The tensors that the caller fills in.
    pub inputs: Vec<usize>,
    /// The tensors that the caller gets.
    pub outputs: Vec<usize>,
    /// What is computed.
    pub operators: Vec<Operator<'a>>,
}

/// A tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor<'a> {
    /// Its name; not unique, and possibly empty. What was not UTF-8 is replaced.
    pub name: String,
    /// Its shape as stored: each dimension 0 or more, or −1. Empty for a scalar and for an unknown rank, see
    /// [`has_rank`](Self::has_rank).
    pub shape: Vec<i32>,
    /// The shape with −1 for dimensions that may vary; empty if none may.
    pub shape_signature: Vec<i32>,
    /// Type of an element.
    pub dtype: DType,
    /// The bytes of a constant, row by row, little-endian, as many as shape and type need (for a sparse
    /// tensor and for types without a fixed size: as many as there are). `None` for what is computed.
    pub data: Option<&'a [u8]>,
    /// How integers stand for real numbers.
    pub quantization: Option<Quantization>,
    /// Whether it keeps its value from one run to the next.
    pub is_variable: bool,
    /// Whether zeros are left out of the data.
    pub has_sparsity: bool,
    /// Whether the file says that the rank is known. Older converters never say it.
    pub has_rank: bool,
}

impl Tensor<'_> {
    /// Count of elements; `None` when a dimension is −1 or the count passes 64 bits.
    pub fn elements(&self) -> Option<u64> {
        elements(&self.shape)
    }

    /// Bytes of all elements, those below a byte packed; `None` when there is no definite count, or the type
    /// has no fixed size.
    pub fn bytes(&self) -> Option<u64> {
        bytes(self.dtype, &self.shape)
    }
}

pub(crate) fn elements(shape: &[i32]) -> Option<u64> {
    if shape.iter().any(|&dimension| dimension < 0) {
        return None;
    }
    // A 0 decides, however large the rest.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1u64, |product, &dimension| product.checked_mul(dimension.try_into().ok()?))
}

pub(crate) fn bytes(dtype: DType, shape: &[i32]) -> Option<u64> {
    Some(elements(shape)?.checked_mul(dtype.bits()?.into())?.div_ceil(8))
}

/// How integers stand for real numbers: `real = scale × (integer − zero point)`.
///
/// Present when the file gives scales, zero points or [`details`](Self::details). The lists are as stored:
/// that they agree with each other, and with the shape, is not checked here.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantization {
    /// One for the tensor, or one for each slice along [`dimension`](Self::dimension).
    pub scales: Vec<f32>,
    /// As many as there are scales, usually.
    pub zero_points: Vec<i64>,
    /// The axis of per-channel scales, as stored: real files have it out of range where there is one scale.
    pub dimension: i32,
    /// A scheme that replaces all of the above.
    pub details: QuantizationDetails,
}

/// A quantisation scheme beyond scales along one axis. Where there is one, the lists mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QuantizationDetails {
    /// None: the lists hold.
    None,
    /// Of somebody's own.
    Custom,
    /// A scale per block.
    Blockwise,
    /// Scales along several axes.
    MultiAxis,
    /// One that this version of the reader has no name for.
    Unknown(u8),
}

impl QuantizationDetails {
    pub(crate) const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::None,
            1 => Self::Custom,
            2 => Self::Blockwise,
            3 => Self::MultiAxis,
            code => Self::Unknown(code),
        }
    }

    #[cfg(any(test, feature = "build"))]
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Custom => 1,
            Self::Blockwise => 2,
            Self::MultiAxis => 3,
            Self::Unknown(code) => code,
        }
    }
}

/// An operator and the tensors of its subgraph that it works on.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator<'a> {
    /// What it computes.
    pub op: BuiltinOp,
    /// The name of a custom operator.
    pub custom_code: Option<String>,
    /// Version of the operator's definition; 1 unless the file says otherwise.
    pub version: i32,
    /// Tensors read; `None` for one that is left out.
    pub inputs: Vec<Option<usize>>,
    /// Tensors written.
    pub outputs: Vec<usize>,
    /// Tensors that only carry the quantisation of values inside the operator.
    pub intermediates: Vec<usize>,
    /// What it is told beside its tensors.
    pub options: Options,
    /// The same for a custom operator: usually a FlexBuffer.
    pub custom_options: &'a [u8],
}

/// A named entry point, with names for a subgraph's inputs and outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its name, often `serving_default`.
    pub key: String,
    /// The subgraph that it runs.
    pub subgraph: usize,
    /// Names of inputs, with the tensors they are.
    pub inputs: Vec<(String, usize)>,
    /// Names of outputs, with the tensors they are.
    pub outputs: Vec<(String, usize)>,
}
