//! What a compiler hands to the engine.

use crate::{Memory, Operand, Operator};

/// Element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum DType {
    Int8,
    Uint8,
    Int16,
    Int32,
    Int64,
    Float32,
    Bool,
    Uint32,
}

impl DType {
    /// Bytes of one element.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 | Self::Bool => 1,
            Self::Int16 => 2,
            Self::Int32 | Self::Float32 | Self::Uint32 => 4,
            Self::Int64 => 8,
        }
    }
}

/// An input or output of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TensorInfo<'p> {
    /// The name that the model gives it.
    pub name: &'p str,
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first.
    pub shape: &'p [u32],
    /// Real value of one quantised unit; 0 when the tensor is not quantised.
    pub scale: f32,
    /// The quantised value that stands for real 0.
    pub zero_point: i32,
    /// Where it lies.
    pub operand: Operand,
}

impl TensorInfo<'_> {
    /// The real number that the quantised value `q` stands for.
    pub fn dequantize(&self, q: i32) -> f32 {
        (q.wrapping_sub(self.zero_point)) as f32 * self.scale
    }

    /// The quantised value nearest to a real number, limited to the element type's range.
    ///
    /// Rounds ties away from zero, as `tf.quantization.quantize` and QUANTIZE do. Not-a-number gives the zero
    /// point.
    pub fn quantize(&self, real: f32) -> i32 {
        let (min, max) = match self.dtype {
            DType::Int8 => (-128, 127),
            DType::Uint8 => (0, 255),
            DType::Int16 => (-32768, 32767),
            _ => (i32::MIN, i32::MAX),
        };
        let scaled = real / self.scale;
        let rounded = (if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32;
        rounded.saturating_add(self.zero_point).clamp(min, max)
    }
}

/// Bytes of the state and the value they begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Which bytes.
    pub operand: Operand,
    /// The bytes they begin as, repeated; at most eight.
    pub pattern: [u8; 8],
    /// How many of `pattern` repeat: 1, 2, 4 or 8.
    pub period: u8,
}

/// One operator run on some operands.
#[derive(Clone, Copy)]
pub struct Step<'p> {
    /// The operator and its parameters.
    pub operator: &'p dyn Operator,
    /// What it works on, in the order that the operator defines; what it writes comes first.
    pub operands: &'p [Operand],
    /// Index of the model's operator that this step belongs to. One operator may take several steps.
    pub layer: u16,
}

/// A compiled model.
#[derive(Clone, Copy)]
pub struct Plan<'p> {
    /// The model's name.
    pub name: &'p str,
    /// What the caller writes before a run.
    pub inputs: &'p [TensorInfo<'p>],
    /// What the caller reads after a run.
    pub outputs: &'p [TensorInfo<'p>],
    /// Bytes of arena that a run needs, scratch included.
    pub arena_bytes: u32,
    /// Bytes that persist from run to run.
    pub state_bytes: u32,
    /// What the state begins as; bytes that no row names begin as 0.
    pub fills: &'p [Fill],
    /// Steps that run once, before the first run.
    pub setup: &'p [Step<'p>],
    /// Steps of a run.
    pub steps: &'p [Step<'p>],
    /// Constants, aligned to 16 bytes.
    pub weights: &'p [u8],
}

impl Memory<'_> {
    /// Puts the state back to where it begins.
    pub(crate) fn fill(&mut self, fill: &Fill) {
        let Some(bytes) = self.bytes_mut(fill.operand) else { return };
        let mut at = 0;
        for byte in bytes {
            *byte = fill.pattern.get(at).copied().unwrap_or(0);
            at += 1;
            if at >= usize::from(fill.period) {
                at = 0;
            }
        }
    }
}
