//! A plan as bytes, loaded from flash at run time.
//!
//! ```text
//! header      magic, version, sizes, CRC-32            see [`Header`]
//! steps       one [`StepRecord`] each: set-up steps first
//! operands    8 bytes each, as [`Operand`]
//! tensors     inputs, then outputs: one [`TensorRecord`] each
//! fills       one [`FillRecord`] each
//! parameters  postcard, one run of bytes per step
//! names       UTF-8
//! weights     aligned to 16 bytes
//! ```
//! Everything is little-endian, and so is every core this crate supports. Nothing is copied: records and
//! weights are used where they lie, so the blob must begin at a multiple of 16.

use core::fmt;

use bytemuck::{Pod, Zeroable};

use crate::{
    DType, Fill, Flow, Io, Memory, Operand, Operator, Program, RunError, Space, StepInfo, TensorInfo,
};

#[cfg(target_endian = "big")]
compile_error!("plan blobs are little-endian and are used in place");

/// The first eight bytes of a blob.
pub const MAGIC: [u8; 8] = *b"mjplan\r\n";
/// The version that this crate reads and the compiler writes.
pub const VERSION: u32 = 2;
/// Most dimensions of an input or output.
pub const MAX_RANK: usize = 8;

/// The head of a blob. Positions are byte offsets from the blob's start; counts are records.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
#[allow(missing_docs)]
pub struct Header {
    pub magic: [u8; 8],
    pub version: u32,
    /// CRC-32 (ISO-HDLC) of everything after this field.
    pub crc: u32,
    pub total_bytes: u32,
    pub arena_bytes: u32,
    pub state_bytes: u32,
    pub setup_count: u32,
    pub step_count: u32,
    pub steps_at: u32,
    pub operand_count: u32,
    pub operands_at: u32,
    pub input_count: u32,
    pub output_count: u32,
    pub tensors_at: u32,
    pub fill_count: u32,
    pub fills_at: u32,
    pub parameter_bytes: u32,
    pub parameters_at: u32,
    pub name_bytes: u32,
    pub names_at: u32,
    pub weight_bytes: u32,
    pub weights_at: u32,
    pub reserved: u32,
}

impl Header {
    /// Where the blob's length stands, for a loader that has read no more than the header.
    pub const TOTAL_BYTES_AT: usize = core::mem::offset_of!(Header, total_bytes);
}

/// Bytes before the part that the checksum covers.
pub const CRC_FROM: usize = 16;

/// One step.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct StepRecord {
    /// The operator's number.
    pub operator: u16,
    /// Index of the model's operator.
    pub layer: u16,
    /// First operand.
    pub operands: u32,
    /// First byte of the parameters.
    pub parameters: u32,
    /// Bytes of parameters.
    pub parameter_bytes: u16,
    /// Operands.
    pub operand_count: u16,
}

/// One input or output.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TensorRecord {
    /// Where it lies.
    pub operand: Operand,
    /// First byte of the name.
    pub name: u32,
    /// Bytes of the name.
    pub name_bytes: u32,
    /// Index into [`DTYPES`].
    pub dtype: u32,
    /// Dimensions.
    pub rank: u32,
    /// Sizes, outermost first; 0 past the rank.
    pub shape: [u32; MAX_RANK],
    /// Real value of one unit.
    pub scale: f32,
    /// What stands for 0.
    pub zero_point: i32,
}

/// What some bytes of the state begin as.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct FillRecord {
    /// Which bytes.
    pub operand: Operand,
    /// The bytes, repeated.
    pub pattern: [u8; 8],
    /// How many of them repeat.
    pub period: u32,
}

/// The element types by the number that a blob gives them.
pub const DTYPES: [DType; 8] = [
    DType::Int8,
    DType::Uint8,
    DType::Int16,
    DType::Int32,
    DType::Int64,
    DType::Float32,
    DType::Bool,
    DType::Uint32,
];

/// An operator that can be read from a blob.
pub trait Coded: Operator + serde::de::DeserializeOwned {
    /// Its number.
    const ID: u16;
}

/// One row of a registry: an operator that a program can run from a blob.
#[derive(Clone, Copy)]
pub struct Entry {
    id: u16,
    run: fn(&[u8], &mut Io<'_, '_>) -> Result<Flow, RunError>,
    check: fn(&[u8]) -> bool,
}

/// The registry row of an operator.
pub const fn entry<O: Coded>() -> Entry {
    fn run<O: Coded>(parameters: &[u8], io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        postcard::from_bytes::<O>(parameters).map_err(|_| RunError::Corrupt)?.run(io)
    }
    fn check<O: Coded>(parameters: &[u8]) -> bool {
        matches!(postcard::take_from_bytes::<O>(parameters), Ok((_, [])))
    }
    Entry { id: O::ID, run: run::<O>, check: check::<O> }
}

/// Why a blob was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlobError {
    /// It does not begin at a multiple of 16.
    Unaligned,
    /// It does not begin with [`MAGIC`].
    NotABlob,
    /// It was written by another version of the compiler.
    Version {
        /// The version found.
        found: u32,
    },
    /// It ends before it says it does.
    Truncated {
        /// Bytes it says it has.
        expected: u32,
        /// Bytes there are.
        found: u32,
    },
    /// Its checksum does not match.
    Checksum,
    /// A part of it lies outside it.
    Layout,
    /// A step names an operator that the registry does not hold.
    UnknownOperator {
        /// The step.
        step: u16,
        /// The operator's number, as [`crate::ops`] lists it.
        id: u16,
    },
    /// A step's parameters cannot be read.
    Parameters {
        /// The step.
        step: u16,
    },
    /// A step's operand leaves its memory.
    Operand {
        /// The step.
        step: u16,
    },
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unaligned => f.write_str("the plan blob does not begin at a multiple of 16 bytes"),
            Self::NotABlob => f.write_str("these bytes are not a plan blob"),
            Self::Version { found } => {
                write!(
                    f,
                    "the plan blob has version {found}, this program reads {VERSION}: compile the model again"
                )
            }
            Self::Truncated { expected, found } => {
                write!(f, "the plan blob has {found} of its {expected} bytes: write it again")
            }
            Self::Checksum => f.write_str("the plan blob is damaged: write it again"),
            Self::Layout => f.write_str("a part of the plan blob lies outside it"),
            Self::UnknownOperator { step, id } => {
                write!(f, "step {step} needs operator {id}, which this program was built without")
            }
            Self::Parameters { step } => write!(f, "the parameters of step {step} cannot be read"),
            Self::Operand { step } => write!(f, "step {step} reaches outside its memory"),
        }
    }
}

impl core::error::Error for BlobError {}

/// A checked blob.
#[derive(Clone, Copy)]
pub struct Blob<'f> {
    header: &'f Header,
    steps: &'f [StepRecord],
    operands: &'f [Operand],
    tensors: &'f [TensorRecord],
    fills: &'f [FillRecord],
    parameters: &'f [u8],
    names: &'f [u8],
    weights: &'f [u8],
    registry: &'f [Entry],
}

/// CRC-32 (ISO-HDLC), bit by bit: a blob is checked once, so a table would cost more flash than it saves time.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc::Crc::<u32, crc::NoTable>::new(&crc::CRC_32_ISO_HDLC).checksum(bytes)
}

impl<'f> Blob<'f> {
    /// Reads a blob where it lies and checks all of it, so that a run can only fail by what the model
    /// computes.
    ///
    /// `registry` holds the operators that this program can run: [`crate::ops::ALL`], or fewer.
    ///
    /// # Errors
    /// As [`BlobError`] says. The checksum finds accidents, not attacks: sign the blob if it comes from
    /// outside.
    pub fn load(bytes: &'f [u8], registry: &'f [Entry]) -> Result<Self, BlobError> {
        if !bytes.as_ptr().addr().is_multiple_of(16) {
            return Err(BlobError::Unaligned);
        }
        if bytes.get(..MAGIC.len()) != Some(&MAGIC) {
            return Err(BlobError::NotABlob);
        }
        let header: &Header = one(bytes, 0).ok_or(BlobError::Truncated {
            expected: size_of::<Header>() as u32,
            found: bytes.len() as u32,
        })?;
        if header.version != VERSION {
            return Err(BlobError::Version { found: header.version });
        }
        let whole = bytes
            .get(..header.total_bytes as usize)
            .ok_or(BlobError::Truncated { expected: header.total_bytes, found: bytes.len() as u32 })?;
        if whole.get(CRC_FROM..).map(checksum) != Some(header.crc) {
            return Err(BlobError::Checksum);
        }
        Self::lay_out(header, whole, registry).ok_or(BlobError::Layout)?.checked()
    }

    fn lay_out(header: &'f Header, bytes: &'f [u8], registry: &'f [Entry]) -> Option<Self> {
        let steps = header.setup_count.checked_add(header.step_count)?;
        let tensors = header.input_count.checked_add(header.output_count)?;
        if steps > u32::from(u16::MAX) || !header.weights_at.is_multiple_of(16) {
            return None;
        }
        Some(Self {
            header,
            steps: many(bytes, header.steps_at, steps)?,
            operands: many(bytes, header.operands_at, header.operand_count)?,
            tensors: many(bytes, header.tensors_at, tensors)?,
            fills: many(bytes, header.fills_at, header.fill_count)?,
            parameters: many(bytes, header.parameters_at, header.parameter_bytes)?,
            names: many(bytes, header.names_at, header.name_bytes)?,
            weights: many(bytes, header.weights_at, header.weight_bytes)?,
            registry,
        })
    }

    fn checked(self) -> Result<Self, BlobError> {
        for (index, record) in self.steps.iter().enumerate() {
            let step = index as u16;
            let entry = self
                .entry(record.operator)
                .ok_or(BlobError::UnknownOperator { step, id: record.operator })?;
            let parameters = self.parameters_of(record).ok_or(BlobError::Parameters { step })?;
            if !(entry.check)(parameters) {
                return Err(BlobError::Parameters { step });
            }
            let operands = self.operands_of(record).ok_or(BlobError::Operand { step })?;
            if operands.iter().any(|&operand| !self.holds(operand)) {
                return Err(BlobError::Operand { step });
            }
        }
        let described = self.tensors.iter().all(|tensor| {
            tensor.rank as usize <= MAX_RANK
                && (tensor.dtype as usize) < DTYPES.len()
                && self.name(tensor).is_some()
                && self.holds(tensor.operand)
        });
        let filled = self.fills.iter().all(|fill| {
            fill.operand.space() == Space::State
                && self.holds(fill.operand)
                && matches!(fill.period, 1 | 2 | 4 | 8)
        });
        if described && filled { Ok(self) } else { Err(BlobError::Layout) }
    }

    fn entry(&self, id: u16) -> Option<&Entry> {
        self.registry.iter().find(|entry| entry.id == id)
    }

    fn parameters_of(&self, record: &StepRecord) -> Option<&'f [u8]> {
        self.parameters.get(record.parameters as usize..)?.get(..usize::from(record.parameter_bytes))
    }

    fn operands_of(&self, record: &StepRecord) -> Option<&'f [Operand]> {
        self.operands.get(record.operands as usize..)?.get(..usize::from(record.operand_count))
    }

    fn name(&self, tensor: &TensorRecord) -> Option<&'f str> {
        let bytes = self.names.get(tensor.name as usize..)?.get(..tensor.name_bytes as usize)?;
        core::str::from_utf8(bytes).ok()
    }

    fn holds(&self, operand: Operand) -> bool {
        let len = match operand.space() {
            Space::Absent => return true,
            Space::Weights => self.weights.len(),
            Space::Arena => self.header.arena_bytes as usize,
            Space::State => self.header.state_bytes as usize,
        };
        operand.offset().checked_add(operand.bytes()).is_some_and(|end| end <= len)
    }

    fn step(&self, setup: bool, index: usize) -> Option<&'f StepRecord> {
        let (setup_steps, run_steps) = self.steps.split_at_checked(self.header.setup_count as usize)?;
        if setup { setup_steps.get(index) } else { run_steps.get(index) }
    }

    fn tensor(&self, index: usize) -> Option<TensorInfo<'f>> {
        let record = self.tensors.get(index)?;
        Some(TensorInfo {
            name: self.name(record)?,
            dtype: *DTYPES.get(record.dtype as usize)?,
            shape: record.shape.get(..record.rank as usize)?,
            scale: record.scale,
            zero_point: record.zero_point,
            operand: record.operand,
        })
    }
}

fn one<T: Pod>(bytes: &[u8], at: u32) -> Option<&T> {
    many(bytes, at, 1)?.first()
}

fn many<T: Pod>(bytes: &[u8], at: u32, count: u32) -> Option<&[T]> {
    let len = (count as usize).checked_mul(size_of::<T>())?;
    bytemuck::try_cast_slice(bytes.get(at as usize..)?.get(..len)?).ok()
}

impl Program for Blob<'_> {
    fn len(&self) -> usize {
        self.header.step_count as usize
    }
    fn setup_len(&self) -> usize {
        self.header.setup_count as usize
    }
    fn arena_bytes(&self) -> u32 {
        self.header.arena_bytes
    }
    fn state_bytes(&self) -> u32 {
        self.header.state_bytes
    }
    fn weights(&self) -> &[u8] {
        self.weights
    }
    fn input_count(&self) -> usize {
        self.header.input_count as usize
    }
    fn output_count(&self) -> usize {
        self.header.output_count as usize
    }
    fn input(&self, index: usize) -> Option<TensorInfo<'_>> {
        if index < self.input_count() { self.tensor(index) } else { None }
    }
    fn output(&self, index: usize) -> Option<TensorInfo<'_>> {
        self.tensor(self.input_count().checked_add(index)?)
    }
    fn fill(&self, index: usize) -> Option<Fill> {
        let record = self.fills.get(index)?;
        Some(Fill { operand: record.operand, pattern: record.pattern, period: record.period as u8 })
    }
    fn info(&self, setup: bool, index: usize) -> Option<StepInfo> {
        let record = self.step(setup, index)?;
        let output = self.operands_of(record)?.first().copied().unwrap_or(Operand::ABSENT);
        Some(StepInfo { index: index as u16, layer: record.layer, output })
    }
    fn run_step(&self, setup: bool, index: usize, memory: &mut Memory<'_>) -> Result<Flow, RunError> {
        let record = self.step(setup, index).ok_or(RunError::ControlFlow)?;
        let entry = self.entry(record.operator).ok_or(RunError::UnknownOperator { id: record.operator })?;
        let parameters = self.parameters_of(record).ok_or(RunError::Corrupt)?;
        let operands = self.operands_of(record).ok_or(RunError::Corrupt)?;
        (entry.run)(parameters, &mut Io::new(memory, operands))
    }
}
