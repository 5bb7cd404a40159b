//! From tables of the file to the model.
//!
//! Slots, the numbers of fields in their tables, are those of the schema of TensorFlow Lite, version 3d.

use crate::error::{Fault, LooksLike, Place, ReadError};
use crate::fields::dtype;
use crate::flat::{Meter, Table, Tables};
use crate::model::bytes;
use crate::{
    BuiltinOp, DType, Model, Operator, Options, OptionsTag, Quantization, QuantizationDetails, Signature,
    Subgraph, Tensor,
};

/// The fewest bytes of a model: offset of the root, identifier, and a root table with its list of fields.
const LEAST_BYTES: usize = 16;
/// Bytes and dimensions of the file that a message repeats at most.
const QUOTED: usize = 64;
const QUOTED_DIMENSIONS: usize = 16;

impl<'a> Model<'a> {
    /// Reads a .tflite file.
    ///
    /// # Errors
    /// A [`ReadError`] for a file that is cut off, damaged, of another format or version, or that breaks a
    /// rule of the format. Its message is for the user of the file: it says where and what to do next.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let file = |fault: Fault| fault.at(Place::File);
        let root = root(bytes).map_err(file)?;
        let version = root.scalar(0, 0, "version").map_err(file)?;
        if version != 3 {
            return Err(file(Fault::Version { found: version }));
        }

        let mut reader = Reader::new(bytes, &root)?;
        let meter = &mut reader.meter;
        let description = root.text(3, "description", meter).map_err(file)?;
        let tables = root.tables(2, "subgraphs").map_err(file)?;
        if tables.len() == 0 {
            return Err(file(Fault::Missing { what: "subgraphs" }));
        }
        let mut subgraphs = meter.room(tables.len(), "subgraphs").map_err(file)?;
        for (index, table) in tables.iter().enumerate() {
            subgraphs.push(reader.subgraph(index, table)?);
        }
        let metadata = reader.metadata(&root)?;
        let signatures = reader.signatures(&root, &subgraphs)?;
        Ok(Self { version, description, subgraphs, metadata, signatures })
    }
}

/// The root table, once the file is known to be a model.
fn root(bytes: &[u8]) -> Result<Table<'_>, Fault> {
    let found = bytes.get(4..).and_then(<[u8]>::first_chunk);
    match found {
        Some(b"TFL3") | None => {}
        Some(&found) => return Err(Fault::Identifier { found, looks: LooksLike::guess(bytes) }),
    }
    if bytes.len() < LEAST_BYTES {
        return Err(Fault::TooShort { found: bytes.len(), expected: LEAST_BYTES });
    }
    Table::root(bytes)
}

/// An entry of the table of operator codes.
struct OperatorCode<'a> {
    op: BuiltinOp,
    custom: &'a [u8],
    version: i32,
}

/// What all parts of a model refer to.
struct Reader<'a> {
    file: &'a [u8],
    meter: Meter,
    buffers: Vec<&'a [u8]>,
    codes: Vec<OperatorCode<'a>>,
    /// Whether TensorFlow Lite Micro's tool says that it packed weights.
    compressed: bool,
}

impl<'a> Reader<'a> {
    fn new(file: &'a [u8], root: &Table<'a>) -> Result<Self, ReadError> {
        let whole = |fault: Fault| fault.at(Place::File);
        let mut meter = Meter::new(file.len());

        let tables = root.tables(4, "buffers").map_err(whole)?;
        let mut buffers = meter.room(tables.len(), "buffers").map_err(whole)?;
        for (index, table) in tables.iter().enumerate() {
            let buffer =
                table.and_then(|table| outside_or(file, &table, (1, 2), "data", || table.bytes(0, "data")));
            buffers.push(buffer.map_err(|fault| fault.at(Place::Buffer(index)))?);
        }

        let tables = root.tables(1, "operator codes").map_err(whole)?;
        let mut codes = meter.room(tables.len(), "operator codes").map_err(whole)?;
        for (index, table) in tables.iter().enumerate() {
            let code = table.and_then(|table| operator_code(&table));
            codes.push(code.map_err(|fault| fault.at(Place::OperatorCode(index)))?);
        }

        let mut compressed = false;
        for table in root.tables(6, "metadata").map_err(whole)?.iter().flatten() {
            compressed |= table.bytes(0, "name").is_ok_and(|name| name == b"COMPRESSION_METADATA");
        }
        Ok(Self { file, meter, buffers, codes, compressed })
    }

    /// The bytes of a buffer.
    fn buffer(&self, table: &Table<'_>, slot: usize) -> Result<&'a [u8], Fault> {
        let index: u32 = table.scalar(slot, 0, "buffer")?;
        match self.buffers.get(index as usize) {
            Some(bytes) => Ok(bytes),
            // By convention buffer 0 is empty, so a model without any constant needs no buffers.
            None if index == 0 => Ok(&[]),
            None => Err(out_of_range("buffer", None, index.into(), self.buffers.len(), "buffers")),
        }
    }

    fn subgraph(&mut self, index: usize, table: Result<Table<'a>, Fault>) -> Result<Subgraph<'a>, ReadError> {
        let here = |fault: Fault| fault.at(Place::Subgraph(index));
        let table = table.map_err(here)?;
        let name = table.text(4, "name", &mut self.meter).map_err(here)?;

        let tables = table.tables(0, "tensors").map_err(here)?;
        let tensors = self.tensors(index, &tables)?;
        let indices = |slot, what, meter: &mut Meter| {
            table.numbers(slot, what, meter, |position, found| in_range(what, position, found, tensors.len()))
        };
        let inputs = indices(1, "inputs", &mut self.meter).map_err(here)?;
        let outputs = indices(2, "outputs", &mut self.meter).map_err(here)?;

        let tables = table.tables(3, "operators").map_err(here)?;
        let operators = self.operators(index, &tables, &tensors)?;
        Ok(Subgraph { name, tensors, inputs, outputs, operators })
    }

    fn tensors(&mut self, subgraph: usize, tables: &Tables<'a>) -> Result<Vec<Tensor<'a>>, ReadError> {
        let all = self.meter.room(tables.len(), "tensors");
        let mut all = all.map_err(|fault| fault.at(Place::Subgraph(subgraph)))?;
        for (tensor, table) in tables.iter().enumerate() {
            let place = |name: &[u8]| Place::Tensor { subgraph, tensor, name: shortened(name) };
            let table = table.map_err(|fault| fault.at(place(b"")))?;
            let read = self.tensor(&table);
            all.push(read.map_err(|fault| fault.at(place(table.bytes(3, "name").unwrap_or_default())))?);
        }
        Ok(all)
    }

    fn tensor(&mut self, table: &Table<'a>) -> Result<Tensor<'a>, Fault> {
        let meter = &mut self.meter;
        let name = table.text(3, "name", meter)?;
        let shape = table.numbers(0, "shape", meter, |at, found| dimension("shape", at, found))?;
        let shape_signature = table
            .numbers(7, "shape signature", meter, |at, found| dimension("shape signature", at, found))?;
        let dtype = dtype(table, 1, DType::Float32, "element type")?;
        let quantization = match table.table(4, "quantisation")? {
            Some(table) => quantization(&table, meter)?,
            None => None,
        };
        let index: u32 = table.scalar(10, 0, "external buffer")?;
        if index != 0 {
            return Err(Fault::ExternalBuffer { index });
        }
        let has_sparsity = table.table(6, "sparsity")?.is_some();
        let data = self.buffer(table, 2)?;
        if !has_sparsity {
            self.check_length(data, dtype, &shape)?;
        }
        Ok(Tensor {
            name,
            shape,
            shape_signature,
            dtype,
            data: (!data.is_empty()).then_some(data),
            quantization,
            is_variable: table.flag(5, false, "variable flag")?,
            has_sparsity,
            has_rank: table.flag(8, false, "rank flag")?,
        })
    }

    /// Whether a constant has as many bytes as its shape and type need.
    fn check_length(&self, data: &[u8], dtype: DType, shape: &[i32]) -> Result<(), Fault> {
        if data.is_empty() || dtype.bits().is_none() {
            return Ok(());
        }
        let found = data.len();
        let quoted = || shape.iter().copied().take(QUOTED_DIMENSIONS).collect();
        match bytes(dtype, shape) {
            Some(expected) if expected == found as u64 => Ok(()),
            Some(_) if self.compressed => Err(Fault::Compressed { found }),
            Some(expected) => Err(Fault::DataLength { dtype, shape: quoted(), expected, found }),
            None => Err(Fault::ConstantShape { shape: quoted(), found }),
        }
    }

    fn operators(
        &mut self,
        subgraph: usize,
        tables: &Tables<'a>,
        tensors: &[Tensor<'a>],
    ) -> Result<Vec<Operator<'a>>, ReadError> {
        let all = self.meter.room(tables.len(), "operators");
        let mut all = all.map_err(|fault| fault.at(Place::Subgraph(subgraph)))?;
        for (operator, table) in tables.iter().enumerate() {
            let read = match &table {
                Ok(table) => self.operator(table, tensors),
                Err(fault) => Err(fault.clone()),
            };
            all.push(read.map_err(|fault| {
                let (op, name) = match &table {
                    Ok(table) => (self.code(table).ok().map(|code| code.op), first_output(table, tensors)),
                    Err(_) => (None, ""),
                };
                fault.at(Place::Operator { subgraph, operator, op, name: shortened(name.as_bytes()) })
            })?);
        }
        Ok(all)
    }

    fn code(&self, table: &Table<'_>) -> Result<&OperatorCode<'a>, Fault> {
        let index: u32 = table.scalar(0, 0, "operator code")?;
        let code = self.codes.get(index as usize);
        code.ok_or(out_of_range("operator code", None, index.into(), self.codes.len(), "operator codes"))
    }

    fn operator(&mut self, table: &Table<'a>, tensors: &[Tensor<'a>]) -> Result<Operator<'a>, Fault> {
        let &OperatorCode { op, custom, version } = self.code(table)?;
        let meter = &mut self.meter;
        let custom_code = match op {
            BuiltinOp::Custom => Some(meter.text(custom, "custom operator's name")?),
            _ => None,
        };
        let count = tensors.len();
        let inputs = table.numbers(1, "inputs", meter, |position, found| match found {
            -1 => Ok(None),
            found => in_range("inputs", position, found, count).map(Some),
        })?;
        let outputs = table
            .numbers(2, "outputs", meter, |position, found| in_range("outputs", position, found, count))?;
        let intermediates = table.numbers(8, "intermediates", meter, |position, found| {
            in_range("intermediates", position, found, count)
        })?;
        let options = options(table, meter)?;
        let custom_options =
            outside_or(self.file, table, (9, 10), "custom options", || table.bytes(5, "custom options"))?;
        Ok(Operator { op, custom_code, version, inputs, outputs, intermediates, options, custom_options })
    }

    fn metadata(&mut self, root: &Table<'a>) -> Result<Vec<(String, &'a [u8])>, ReadError> {
        let file = |fault: Fault| fault.at(Place::File);
        let tables = root.tables(6, "metadata").map_err(file)?;
        let mut all = self.meter.room(tables.len(), "metadata").map_err(file)?;
        for (index, table) in tables.iter().enumerate() {
            let entry = table
                .and_then(|table| Ok((table.text(0, "name", &mut self.meter)?, self.buffer(&table, 1)?)));
            all.push(entry.map_err(|fault| fault.at(Place::Metadata(index)))?);
        }
        Ok(all)
    }

    fn signatures(
        &mut self,
        root: &Table<'a>,
        subgraphs: &[Subgraph<'a>],
    ) -> Result<Vec<Signature>, ReadError> {
        let file = |fault: Fault| fault.at(Place::File);
        let tables = root.tables(7, "signatures").map_err(file)?;
        let mut all = self.meter.room(tables.len(), "signatures").map_err(file)?;
        for (index, table) in tables.iter().enumerate() {
            let entry = table.and_then(|table| signature(&table, subgraphs, &mut self.meter));
            all.push(entry.map_err(|fault| fault.at(Place::Signature(index)))?);
        }
        Ok(all)
    }
}

/// Bytes that stand outside the flatbuffer, where two fields of a table say so; or else those inside it.
///
/// Models beyond 2 GB keep their weights behind the flatbuffer, because offsets inside it cannot reach them.
fn outside_or<'a>(
    file: &'a [u8],
    table: &Table<'a>,
    (offset_slot, size_slot): (usize, usize),
    what: &'static str,
    inside: impl FnOnce() -> Result<&'a [u8], Fault>,
) -> Result<&'a [u8], Fault> {
    let inside = inside()?;
    let offset: u64 = table.scalar(offset_slot, 0, what)?;
    let size: u64 = table.scalar(size_slot, 0, what)?;
    // Writers leave an offset of 1 as a mark while they do not know the place yet.
    if !inside.is_empty() || offset <= 1 {
        return Ok(inside);
    }
    let end = offset.saturating_add(size);
    let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
    range.and_then(|(start, end)| file.get(start..end)).ok_or(Fault::CutOff {
        what,
        end,
        file_bytes: file.len(),
    })
}

fn operator_code<'a>(table: &Table<'a>) -> Result<OperatorCode<'a>, Fault> {
    // Codes above 127 came later, in a field of their own; old files have only the old field, new files for
    // old readers both.
    let old: i8 = table.scalar(0, 0, "old operator code")?;
    let new: i32 = table.scalar(3, 0, "operator code")?;
    Ok(OperatorCode {
        op: BuiltinOp::from_code(new.max(old.into())),
        custom: table.bytes(1, "custom operator's name")?,
        version: table.scalar(2, 1, "version")?,
    })
}

fn quantization(table: &Table<'_>, meter: &mut Meter) -> Result<Option<Quantization>, Fault> {
    let read = Quantization {
        scales: table.numbers(2, "scales", meter, |_, scale: f32| Ok(scale))?,
        zero_points: table.numbers(3, "zero points", meter, |_, zero_point: i64| Ok(zero_point))?,
        dimension: table.scalar(6, 0, "quantised dimension")?,
        details: QuantizationDetails::from_code(table.scalar(4, 0, "quantisation details")?),
    };
    // Converters write the ranges that they saw in training, without scales, for tensors that stay float.
    let empty =
        read.scales.is_empty() && read.zero_points.is_empty() && read.details == QuantizationDetails::None;
    Ok((!empty).then_some(read))
}

fn options(table: &Table<'_>, meter: &mut Meter) -> Result<Options, Fault> {
    let tag: u8 = table.scalar(3, 0, "options type")?;
    if let (Some(fields), true) = (table.table(4, "options")?, tag != 0) {
        return Options::read(tag, &fields, meter);
    }
    let tag: u8 = table.scalar(11, 0, "options type")?;
    match (table.table(12, "options")?, tag != 0) {
        (Some(_), true) => Ok(Options::Other(OptionsTag::Second(tag))),
        _ => Ok(Options::None),
    }
}

fn signature(table: &Table<'_>, subgraphs: &[Subgraph<'_>], meter: &mut Meter) -> Result<Signature, Fault> {
    let index: u32 = table.scalar(4, 0, "subgraph")?;
    let subgraph = subgraphs.get(index as usize);
    let subgraph =
        subgraph.ok_or(out_of_range("subgraph", None, index.into(), subgraphs.len(), "subgraphs"))?;
    let mut names = |slot, what| {
        let tables = table.tables(slot, what)?;
        let mut names = meter.room(tables.len(), what)?;
        for (position, table) in tables.iter().enumerate() {
            let table = table?;
            let index: u32 = table.scalar(1, 0, what)?;
            if index as usize >= subgraph.tensors.len() {
                return Err(out_of_range(
                    what,
                    Some(position),
                    index.into(),
                    subgraph.tensors.len(),
                    "tensors",
                ));
            }
            names.push((table.text(0, "name", meter)?, index as usize));
        }
        Ok(names)
    };
    let inputs = names(0, "inputs")?;
    let outputs = names(1, "outputs")?;
    Ok(Signature { key: table.text(2, "key", meter)?, subgraph: index as usize, inputs, outputs })
}

fn dimension(what: &'static str, position: usize, found: i32) -> Result<i32, Fault> {
    if found >= -1 { Ok(found) } else { Err(Fault::Dimension { what, position, found }) }
}

/// An index of a tensor.
fn in_range(what: &'static str, position: usize, found: i32, count: usize) -> Result<usize, Fault> {
    let index = usize::try_from(found).ok().filter(|&index| index < count);
    index.ok_or(out_of_range(what, Some(position), found.into(), count, "tensors"))
}

const fn out_of_range(
    what: &'static str,
    position: Option<usize>,
    found: i64,
    count: usize,
    of: &'static str,
) -> Fault {
    Fault::Index { what, position, found, count, of }
}

/// The name by which an operator is known: that of its first output.
fn first_output<'m>(table: &Table<'_>, tensors: &'m [Tensor<'_>]) -> &'m str {
    let index = table.first(2).and_then(|index| usize::try_from(index).ok());
    index.and_then(|index| tensors.get(index)).map_or("", |tensor| &tensor.name)
}

/// The beginning of a name, for a message.
fn shortened(name: &[u8]) -> String {
    let head = String::from_utf8_lossy(name.get(..QUOTED).unwrap_or(name));
    if name.len() > QUOTED { format!("{}…", head.trim_end_matches('\u{fffd}')) } else { head.into_owned() }
}
