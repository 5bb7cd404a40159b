//! Writes a model as a .tflite file, so that tests and the fuzz run have models of every shape.
//!
//! Simple rather than small: every table stands before what it points to, lists of fields are shared, and a
//! field with its default is left out, as other writers do.

mod fields;
mod layer;
mod net;
mod sample;

use std::collections::HashMap;

pub(crate) use fields::WriteField;
pub use layer::{Layer, Op};
pub use net::{Id, Net, Slide, Units};
pub use sample::{sample, sample_options};

use crate::{Model, Operator, OptionsTag, Quantization, QuantizationDetails, Signature, Subgraph, Tensor};

/// How a file is laid out. All of these occur in real files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Every number at a multiple of its size, weights at multiples of 16.
    Aligned,
    /// No gaps at all, which a strict verifier refuses.
    Packed,
    /// As `Aligned`, with weights and custom options behind the flatbuffer, as in models beyond 2 GB.
    Outside,
}

/// A field of a table, or an element.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A byte: a flag, an enumeration or the type of a union.
    I8(i8),
    /// A whole number.
    I32(i32),
    /// An index.
    U32(u32),
    /// A long number.
    I64(i64),
    /// A real number.
    F32(f32),
    /// A vector of whole numbers.
    I32s(Vec<i32>),
    /// A vector of long numbers.
    I64s(Vec<i64>),
    /// A vector of real numbers.
    F32s(Vec<f32>),
    /// A string, or bytes inside the flatbuffer.
    Bytes(Vec<u8>),
    /// The offset, from the start of the file, of bytes behind the flatbuffer.
    Outside(Vec<u8>),
    /// A table.
    Table(Fields),
    /// A vector of tables.
    Tables(Vec<Fields>),
}

/// A table: slots and what is in them. Slots that are absent have their default.
pub type Fields = Vec<(usize, Value)>;

/// The model as a file.
pub fn build(model: &Model<'_>, layout: Layout) -> Vec<u8> {
    write(root(model, layout), layout)
}

/// The model as tables, for a test that wants to change something that [`Model`] cannot say.
pub fn root(model: &Model<'_>, layout: Layout) -> Fields {
    let mut shared = Shared { codes: Vec::new(), buffers: vec![&[]], layout };
    let subgraphs = model.subgraphs.iter().map(|subgraph| shared.subgraph(subgraph)).collect();
    let metadata =
        model.metadata.iter().map(|(name, data)| vec![(0, text(name)), (1, Value::U32(shared.buffer(data)))]);
    let metadata = metadata.collect();
    let signatures = model.signatures.iter().map(signature).collect();
    let buffers = shared.buffers.iter().map(|bytes| data(bytes, (0, 1, 2), layout)).collect();
    vec![
        (0, Value::U32(model.version)),
        (1, Value::Tables(shared.codes)),
        (2, Value::Tables(subgraphs)),
        (3, text(&model.description)),
        (4, Value::Tables(buffers)),
        (6, Value::Tables(metadata)),
        (7, Value::Tables(signatures)),
    ]
}

/// Bytes inside the flatbuffer or behind it: nothing where there are none.
fn data(bytes: &[u8], (inside, offset, size): (usize, usize, usize), layout: Layout) -> Fields {
    match layout {
        _ if bytes.is_empty() => Vec::new(),
        Layout::Outside => {
            vec![(offset, Value::Outside(bytes.to_vec())), (size, Value::I64(bytes.len() as i64))]
        }
        _ => vec![(inside, Value::Bytes(bytes.to_vec()))],
    }
}

fn text(text: &str) -> Value {
    Value::Bytes(text.as_bytes().to_vec())
}

fn indices(indices: &[usize]) -> Value {
    Value::I32s(indices.iter().map(|&index| index as i32).collect())
}

/// A flag, left out when it has its default of false.
fn flag(slot: usize, set: bool) -> Option<(usize, Value)> {
    set.then_some((slot, Value::I8(1)))
}

/// The tables that subgraphs share.
struct Shared<'m> {
    codes: Vec<Fields>,
    buffers: Vec<&'m [u8]>,
    layout: Layout,
}

impl<'m> Shared<'m> {
    fn buffer(&mut self, data: &'m [u8]) -> u32 {
        if data.is_empty() {
            return 0;
        }
        self.buffers.push(data);
        self.buffers.len() as u32 - 1
    }

    fn code(&mut self, operator: &Operator<'_>) -> u32 {
        let code = operator.op.code();
        let old = code.clamp(i8::MIN.into(), i8::MAX.into()) as i8;
        let mut fields = vec![(0, Value::I8(old)), (3, Value::I32(code))];
        fields.extend(operator.custom_code.as_ref().map(|name| (1, text(name))));
        if operator.version != 1 {
            fields.push((2, Value::I32(operator.version)));
        }
        let known = self.codes.iter().position(|code| *code == fields);
        known.unwrap_or_else(|| {
            self.codes.push(fields);
            self.codes.len() - 1
        }) as u32
    }

    fn subgraph(&mut self, subgraph: &'m Subgraph<'_>) -> Fields {
        vec![
            (0, Value::Tables(subgraph.tensors.iter().map(|tensor| self.tensor(tensor)).collect())),
            (1, indices(&subgraph.inputs)),
            (2, indices(&subgraph.outputs)),
            (3, Value::Tables(subgraph.operators.iter().map(|operator| self.operator(operator)).collect())),
            (4, text(&subgraph.name)),
        ]
    }

    fn tensor(&mut self, tensor: &'m Tensor<'_>) -> Fields {
        let mut fields = vec![
            (0, Value::I32s(tensor.shape.clone())),
            (1, Value::I8(tensor.dtype.code())),
            (2, Value::U32(self.buffer(tensor.data.unwrap_or_default()))),
            (3, text(&tensor.name)),
        ];
        fields.extend(
            tensor
                .quantization
                .as_ref()
                .map(|quantization| (4, Value::Table(self::quantization(quantization)))),
        );
        fields.extend(flag(5, tensor.is_variable));
        fields.extend(tensor.has_sparsity.then(|| (6, Value::Table(Vec::new()))));
        if !tensor.shape_signature.is_empty() {
            fields.push((7, Value::I32s(tensor.shape_signature.clone())));
        }
        fields.extend(flag(8, tensor.has_rank));
        fields
    }

    fn operator(&mut self, operator: &Operator<'_>) -> Fields {
        let inputs = operator.inputs.iter().map(|input| input.map_or(-1, |index| index as i32)).collect();
        let mut fields = vec![
            (0, Value::U32(self.code(operator))),
            (1, Value::I32s(inputs)),
            (2, indices(&operator.outputs)),
            (8, indices(&operator.intermediates)),
        ];
        if let Some((tag, table)) = operator.options.write() {
            let (tag, slot) = match tag {
                OptionsTag::First(tag) => (tag, 3),
                OptionsTag::Second(tag) => (tag, 11),
            };
            fields.extend([(slot, Value::I8(tag as i8)), (slot + 1, Value::Table(table))]);
        }
        fields.extend(data(operator.custom_options, (5, 9, 10), self.layout));
        fields
    }
}

fn quantization(quantization: &Quantization) -> Fields {
    let mut fields = vec![
        (2, Value::F32s(quantization.scales.clone())),
        (3, Value::I64s(quantization.zero_points.clone())),
        (6, Value::I32(quantization.dimension)),
    ];
    if quantization.details != QuantizationDetails::None {
        fields.extend([(4, Value::I8(quantization.details.code() as i8)), (5, Value::Table(Vec::new()))]);
    }
    fields
}

fn signature(signature: &Signature) -> Fields {
    let names = |names: &[(String, usize)]| {
        Value::Tables(
            names.iter().map(|(name, index)| vec![(0, text(name)), (1, Value::U32(*index as u32))]).collect(),
        )
    };
    vec![
        (0, names(&signature.inputs)),
        (1, names(&signature.outputs)),
        (2, text(&signature.key)),
        (4, Value::U32(signature.subgraph as u32)),
    ]
}

/// A root table as a file.
pub fn write(root: Fields, layout: Layout) -> Vec<u8> {
    let mut writer =
        Writer { bytes: b"\0\0\0\0TFL3".to_vec(), layout, lists: HashMap::new(), outside: Vec::new() };
    let at = writer.table(root);
    writer.point(0, at);
    for (place, data) in std::mem::take(&mut writer.outside) {
        writer.align(16);
        let offset = writer.bytes.len() as u64;
        writer.put(place, &offset.to_le_bytes());
        writer.bytes.extend(data);
    }
    writer.bytes
}

struct Writer {
    bytes: Vec<u8>,
    layout: Layout,
    /// Where each list of fields stands that was written already.
    lists: HashMap<Vec<u16>, usize>,
    /// Bytes for behind the flatbuffer, and where their offset goes.
    outside: Vec<(usize, Vec<u8>)>,
}

impl Writer {
    fn align(&mut self, multiple: usize) {
        if self.layout != Layout::Packed {
            self.bytes.resize(self.bytes.len().next_multiple_of(multiple), 0);
        }
    }

    fn put(&mut self, at: usize, value: &[u8]) {
        self.bytes[at..at + value.len()].copy_from_slice(value);
    }

    /// Writes the offset at `at` so that it points to `target`.
    fn point(&mut self, at: usize, target: usize) {
        self.put(at, &((target - at) as u32).to_le_bytes());
    }

    /// Writes a table and everything below it; returns where it stands.
    fn table(&mut self, mut fields: Fields) -> usize {
        // Large fields first, so that small ones need no gaps between them.
        fields.sort_by_key(|(_, value)| std::cmp::Reverse(width(value)));
        let slots = fields.iter().map(|(slot, _)| slot + 1).max().unwrap_or(0);
        let mut list = vec![0u16; slots + 2];
        let mut size = 4;
        for (slot, value) in &fields {
            if self.layout != Layout::Packed {
                size = usize::next_multiple_of(size, width(value));
            }
            list[slot + 2] = size as u16;
            size += width(value);
        }
        list[0] = (list.len() * 2) as u16;
        list[1] = size as u16;

        let list_at = match self.lists.get(&list) {
            Some(&at) => at,
            None => {
                self.align(2);
                let at = self.bytes.len();
                self.bytes.extend(list.iter().flat_map(|entry| entry.to_le_bytes()));
                self.lists.insert(list.clone(), at);
                at
            }
        };
        self.align(8);
        let at = self.bytes.len();
        self.bytes.resize(at + size, 0);
        self.put(at, &((at - list_at) as i32).to_le_bytes());
        for (slot, value) in fields {
            self.field(at + usize::from(list[slot + 2]), value);
        }
        at
    }

    fn field(&mut self, at: usize, value: Value) {
        match value {
            Value::I8(value) => self.put(at, &value.to_le_bytes()),
            Value::I32(value) => self.put(at, &value.to_le_bytes()),
            Value::U32(value) => self.put(at, &value.to_le_bytes()),
            Value::I64(value) => self.put(at, &value.to_le_bytes()),
            Value::F32(value) => self.put(at, &value.to_le_bytes()),
            Value::I32s(values) => {
                self.vector(at, 4, values.len(), values.iter().flat_map(|value| value.to_le_bytes()))
            }
            Value::I64s(values) => {
                self.vector(at, 8, values.len(), values.iter().flat_map(|value| value.to_le_bytes()))
            }
            Value::F32s(values) => {
                self.vector(at, 4, values.len(), values.iter().flat_map(|value| value.to_le_bytes()))
            }
            Value::Bytes(bytes) => self.vector(at, 16, bytes.len(), bytes.into_iter()),
            Value::Outside(bytes) => self.outside.push((at, bytes)),
            Value::Table(fields) => {
                let target = self.table(fields);
                self.point(at, target);
            }
            Value::Tables(tables) => {
                self.vector(at, 4, tables.len(), std::iter::repeat_n(0, tables.len() * 4));
                let first = self.bytes.len() - tables.len() * 4;
                for (index, fields) in tables.into_iter().enumerate() {
                    let target = self.table(fields);
                    self.point(first + index * 4, target);
                }
            }
        }
    }

    /// Writes a vector whose elements start at a multiple of `alignment`, and lets `at` point to it.
    fn vector(&mut self, at: usize, alignment: usize, count: usize, elements: impl Iterator<Item = u8>) {
        if self.layout != Layout::Packed {
            let start = (self.bytes.len() + 4).next_multiple_of(alignment);
            self.bytes.resize(start - 4, 0);
        }
        let target = self.bytes.len();
        self.point(at, target);
        self.bytes.extend((count as u32).to_le_bytes());
        self.bytes.extend(elements);
    }
}

/// Bytes of a field in its table.
const fn width(value: &Value) -> usize {
    match value {
        Value::I8(_) => 1,
        Value::I64(_) | Value::Outside(_) => 8,
        _ => 4,
    }
}
