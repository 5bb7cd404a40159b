//! The graph that passes work on: a `.tflite` model with its indices resolved and its weights in place.

use std::collections::{HashMap, HashSet};

use tflite::{BuiltinOp, DType, Options};

/// Index into [`Graph::tensors`].
pub type TensorId = usize;

/// How a tensor's integers stand for real numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Quant {
    /// Real value of one unit: one scale, or one per index along `axis`.
    pub scales: Vec<f32>,
    /// What stands for real 0: as many as scales.
    pub zero_points: Vec<i32>,
    /// The dimension that several scales run along.
    pub axis: usize,
}

impl Quant {
    /// The scale of a tensor that has one; the first of several.
    pub fn scale(&self) -> f32 {
        self.scales.first().copied().unwrap_or(0.0)
    }

    /// The zero point of a tensor that has one; the first of several.
    pub fn zero(&self) -> i32 {
        self.zero_points.first().copied().unwrap_or(0)
    }
}

/// A value of the graph: computed, constant, or kept from run to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The name that the model gives it.
    pub name: String,
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Scales and zero points, when it is quantised.
    pub quant: Option<Quant>,
    /// Its bytes, when it is constant. int4 is two to the byte, low half first.
    pub data: Option<Vec<u8>>,
    /// Whether it keeps its value from run to run.
    pub is_variable: bool,
}

impl Tensor {
    /// How many elements it has.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// How many bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        (self.elements() * self.dtype.bits().unwrap_or(0) as usize).div_ceil(8)
    }

    /// Whether its value is known now.
    pub fn is_const(&self) -> bool {
        self.data.is_some()
    }

    /// Its elements as signed integers, when it is a constant of an integer type.
    pub fn integers(&self) -> Option<Vec<i64>> {
        let data = self.data.as_deref()?;
        let wide = |bytes: usize, read: fn(&[u8]) -> i64| Some(data.chunks_exact(bytes).map(read).collect());
        match self.dtype {
            DType::Int8 => wide(1, |b| i64::from(b[0] as i8)),
            DType::Uint8 | DType::Bool => wide(1, |b| i64::from(b[0])),
            DType::Int16 => wide(2, |b| i64::from(i16::from_le_bytes([b[0], b[1]]))),
            DType::Int32 => wide(4, |b| i64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            DType::Uint32 => wide(4, |b| i64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            DType::Int64 => wide(8, |b| i64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])),
            DType::Int4 => Some(
                (0..self.elements())
                    .filter_map(|index| {
                        let byte = *data.get(index / 2)?;
                        let nibble = if index % 2 == 0 { byte << 4 } else { byte };
                        Some(i64::from(nibble as i8 >> 4))
                    })
                    .collect(),
            ),
            _ => None,
        }
    }

    /// As [`Self::integers`] reads them: the bytes of elements, each cut to the type's width.
    pub(crate) fn bytes_of(&self, elements: &[i64]) -> Option<Vec<u8>> {
        let bytes = |count: usize| {
            elements.iter().flat_map(|element| element.to_le_bytes().into_iter().take(count)).collect()
        };
        match self.dtype {
            DType::Int4 => {
                let nibble = |element: Option<&i64>| element.map_or(0, |&element| element as u8 & 0xf);
                let byte = |pair: &[i64]| nibble(pair.first()) | nibble(pair.get(1)) << 4;
                Some(elements.chunks(2).map(byte).collect())
            }
            DType::Int8 | DType::Uint8 => Some(bytes(1)),
            DType::Int16 => Some(bytes(2)),
            DType::Int32 | DType::Uint32 => Some(bytes(4)),
            DType::Int64 => Some(bytes(8)),
            _ => None,
        }
    }

    /// Its elements as floats, when it is a constant of type float32.
    pub fn floats(&self) -> Option<Vec<f32>> {
        let data = self.data.as_deref().filter(|_| self.dtype == DType::Float32)?;
        Some(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    /// The one scale; 0 when it is not quantised.
    pub fn scale(&self) -> f32 {
        self.quant.as_ref().map_or(0.0, Quant::scale)
    }

    /// The one zero point; 0 when it is not quantised.
    pub fn zero(&self) -> i32 {
        self.quant.as_ref().map_or(0, Quant::zero)
    }
}

/// Rows and columns around an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Pad {
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
}

/// An operator of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Which operator.
    pub op: BuiltinOp,
    /// Its name, when it is a custom one.
    pub custom_code: Option<String>,
    /// The version of its definition that the model was written for.
    pub version: i32,
    /// What it reads; `None` where an optional input is absent.
    pub inputs: Vec<Option<TensorId>>,
    /// What it writes.
    pub outputs: Vec<TensorId>,
    /// Tensors that only describe how it works inside (LSTM).
    pub intermediates: Vec<TensorId>,
    /// Its options.
    pub options: Options,
    /// Options of a custom operator.
    pub custom_options: Vec<u8>,
    /// Padding that a convolution's window slides over, taken over from a PAD before it.
    pub pad: Option<Pad>,
    /// Index of the model's operator that it comes from, in its subgraph.
    pub layer: usize,
    /// Index of the model's subgraph that it comes from.
    pub subgraph: usize,
}

impl Node {
    /// The operator's name as a converter spells it.
    pub fn name(&self) -> String {
        match &self.custom_code {
            Some(code) => format!("CUSTOM {code}"),
            None => self.op.name().to_string(),
        }
    }
}

/// Nodes in an order that they can run in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subgraph {
    /// The name that the model gives it.
    pub name: String,
    /// Operators.
    pub nodes: Vec<Node>,
    /// What a caller writes.
    pub inputs: Vec<TensorId>,
    /// What a caller reads.
    pub outputs: Vec<TensorId>,
}

/// A whole model. The first subgraph is the one that runs; the others are called by IF, WHILE and CALL_ONCE.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The model's name.
    pub name: String,
    /// Tensors of all subgraphs.
    pub tensors: Vec<Tensor>,
    /// The subgraphs, in the model's order.
    pub subgraphs: Vec<Subgraph>,
    /// Operators of the main subgraph that became constants.
    pub folded: Vec<Node>,
    /// Whether the model, as it was read, is one that TensorFlow Lite Micro cannot run
    /// ([`definition`](crate::ops::definition)). Passes may take out what makes it so; its bytes stay the same.
    pub beyond_tflm: bool,
    /// How the main subgraph's nodes share images that they work on strip by strip.
    pub strips: Strips,
}

/// Images that nodes read and write a few rows at a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strips {
    /// Tensors that are rows of others.
    pub views: HashMap<TensorId, View>,
    /// Tensors that hold some rows of an image for a while, and then others.
    pub windows: HashSet<TensorId>,
    /// What moves before a node runs, by the node's position.
    pub slides: HashMap<usize, Vec<Slide>>,
}

impl Strips {
    /// Whether a tensor is but some rows of an image.
    pub fn holds(&self, id: TensorId) -> bool {
        self.views.contains_key(&id) || self.windows.contains(&id)
    }
}

/// Where a tensor lies that is a part of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The other tensor.
    pub of: TensorId,
    /// Where in it, in bytes.
    pub offset: usize,
}

/// Bytes that move to the front of their tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slide {
    /// The tensor.
    pub window: TensorId,
    /// Where they are.
    pub from: usize,
    /// How many.
    pub bytes: usize,
}

impl Graph {
    /// The subgraph that runs.
    pub fn main(&self) -> &Subgraph {
        &self.subgraphs[0]
    }
}
