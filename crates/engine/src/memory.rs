//! The three memories of a plan, and the only way for a step to reach into them.

#![allow(unsafe_code)]

use crate::RunError;

/// Which memory an operand lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Space {
    /// Nowhere: an optional operand that is absent.
    Absent,
    /// Constants, read only, usually in flash.
    Weights,
    /// Tensors that live within one run.
    Arena,
    /// Tensors that live from run to run.
    State,
}

/// A run of bytes in one of the memories. Eight bytes, so that a plan of many steps stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Operand {
    /// The space in the top two bits, the byte offset below.
    place: u32,
    bytes: u32,
}

impl Operand {
    /// An optional operand that is not there.
    pub const ABSENT: Self = Self { place: 0, bytes: 0 };
    /// Offsets are below this.
    pub const MAX_OFFSET: u32 = (1 << 30) - 1;

    const fn new(space: u32, offset: u32, bytes: u32) -> Self {
        Self { place: space << 30 | offset & Self::MAX_OFFSET, bytes }
    }

    /// `bytes` bytes of the constants, from `offset`.
    pub const fn weights(offset: u32, bytes: u32) -> Self {
        Self::new(1, offset, bytes)
    }

    /// `bytes` bytes of the arena, from `offset`.
    pub const fn arena(offset: u32, bytes: u32) -> Self {
        Self::new(2, offset, bytes)
    }

    /// `bytes` bytes of the state, from `offset`.
    pub const fn state(offset: u32, bytes: u32) -> Self {
        Self::new(3, offset, bytes)
    }

    /// The memory it lies in.
    pub const fn space(self) -> Space {
        match self.place >> 30 {
            0 => Space::Absent,
            1 => Space::Weights,
            2 => Space::Arena,
            _ => Space::State,
        }
    }

    /// Distance from the start of the memory, in bytes.
    pub const fn offset(self) -> usize {
        (self.place & Self::MAX_OFFSET) as usize
    }

    /// Length in bytes.
    pub const fn bytes(self) -> usize {
        self.bytes as usize
    }

    const fn end(self) -> usize {
        self.offset().saturating_add(self.bytes())
    }

    /// Whether two operands share a byte.
    pub const fn overlaps(self, other: Self) -> bool {
        self.place >> 30 == other.place >> 30
            && self.offset() < other.end()
            && other.offset() < self.end()
            && self.bytes > 0
            && other.bytes > 0
    }
}

/// Memory for the tensors of one run, aligned for every element type.
///
/// Several models may take turns in one arena: size it for the largest.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct Arena<const BYTES: usize>(pub [u8; BYTES]);

impl<const BYTES: usize> Arena<BYTES> {
    /// All zeros.
    pub const fn new() -> Self {
        Self([0; BYTES])
    }
}

impl<const BYTES: usize> Default for Arena<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a plan runs in.
#[derive(Debug)]
pub struct Memory<'m> {
    /// Constants.
    pub weights: &'m [u8],
    /// Tensors of this run.
    pub arena: &'m mut [u8],
    /// Tensors that outlive it.
    pub state: &'m mut [u8],
}

impl Memory<'_> {
    fn len(&self, space: Space) -> usize {
        match space {
            Space::Absent => 0,
            Space::Weights => self.weights.len(),
            Space::Arena => self.arena.len(),
            Space::State => self.state.len(),
        }
    }

    /// The bytes of an operand, or `None` when it leaves its memory.
    pub fn bytes(&self, operand: Operand) -> Option<&[u8]> {
        let space: &[u8] = match operand.space() {
            Space::Absent => &[],
            Space::Weights => self.weights,
            Space::Arena => self.arena,
            Space::State => self.state,
        };
        space.get(operand.offset()..operand.end())
    }

    /// The bytes of an operand for writing; `None` when it leaves its memory or may not be written.
    pub fn bytes_mut(&mut self, operand: Operand) -> Option<&mut [u8]> {
        let space: &mut [u8] = match operand.space() {
            Space::Absent | Space::Weights => &mut [],
            Space::Arena => self.arena,
            Space::State => self.state,
        };
        space.get_mut(operand.offset()..operand.end())
    }
}

/// Some operands for writing and some for reading.
pub type Views<'v, const W: usize, const R: usize> = ([&'v mut [u8]; W], [&'v [u8]; R]);

/// The operands of one step.
#[derive(Debug)]
pub struct Io<'s, 'm> {
    memory: &'s mut Memory<'m>,
    operands: &'s [Operand],
}

impl<'s, 'm> Io<'s, 'm> {
    /// The operands of a step, in the order that the step's operator defines.
    pub fn new(memory: &'s mut Memory<'m>, operands: &'s [Operand]) -> Self {
        Self { memory, operands }
    }

    /// How many operands the step has.
    pub fn len(&self) -> usize {
        self.operands.len()
    }

    /// Whether the step has none.
    pub fn is_empty(&self) -> bool {
        self.operands.is_empty()
    }

    /// The operand at `index`; past the end it is [`Operand::ABSENT`].
    pub fn operand(&self, index: usize) -> Operand {
        self.operands.get(index).copied().unwrap_or(Operand::ABSENT)
    }

    /// Whether the operand at `index` is given.
    pub fn is_present(&self, index: usize) -> bool {
        self.operand(index).space() != Space::Absent
    }

    /// Whether two operands are the same bytes, as for an operator that works in place.
    pub fn is_same(&self, a: usize, b: usize) -> bool {
        self.operand(a) == self.operand(b)
    }

    /// Views several operands at once: `written` for writing, `read` for reading.
    ///
    /// An absent operand is an empty slice. Those read may overlap each other.
    ///
    /// # Errors
    /// [`RunError::Operand`] when one leaves its memory, or when one that is written overlaps any other
    /// one, or lies in the weights.
    #[inline(never)]
    pub fn split<const W: usize, const R: usize>(
        &mut self,
        written: [usize; W],
        read: [usize; R],
    ) -> Result<Views<'_, W, R>, RunError> {
        for (position, &w) in written.iter().enumerate() {
            let operand = self.operand(w);
            let clash = written
                .iter()
                .skip(position + 1)
                .chain(&read)
                .any(|&other| operand.overlaps(self.operand(other)));
            if clash || operand.space() == Space::Weights {
                return Err(RunError::Operand { index: w as u8 });
            }
        }
        for &index in written.iter().chain(&read) {
            let operand = self.operand(index);
            if operand.end() > self.memory.len(operand.space()) {
                return Err(RunError::Operand { index: index as u8 });
            }
        }
        let weights = self.memory.weights.as_ptr();
        let arena = self.memory.arena.as_mut_ptr();
        let state = self.memory.state.as_mut_ptr();
        let writable = |index: usize| -> &mut [u8] {
            let operand = self.operand(index);
            let base = match operand.space() {
                Space::Arena => arena,
                Space::State => state,
                Space::Weights | Space::Absent => return &mut [],
            };
            // SAFETY: the range was checked above against the length of the memory that `base` points
            // to, so the offset stays inside that one allocation.
            let first = unsafe { base.add(operand.offset()) };
            // SAFETY: the `&mut self` behind this call holds both memories exclusively for as long as the
            // result lives; the bytes are initialised; and no other slice of this call shares a byte with
            // them, as the overlap check above established for each operand that is written.
            unsafe { core::slice::from_raw_parts_mut(first, operand.bytes()) }
        };
        let written = written.map(writable);
        let readable = |index: usize| -> &[u8] {
            let operand = self.operand(index);
            let base = match operand.space() {
                Space::Arena => arena.cast_const(),
                Space::State => state.cast_const(),
                Space::Weights => weights,
                Space::Absent => return &[],
            };
            // SAFETY: in range of the memory that `base` points to, as checked above.
            let first = unsafe { base.add(operand.offset()) };
            // SAFETY: as for `writable`, but shared: nothing that is written overlaps these bytes, and the
            // memories stay borrowed for as long as the result lives.
            unsafe { core::slice::from_raw_parts(first, operand.bytes()) }
        };
        Ok((written, read.map(readable)))
    }

    /// One operand for writing, whatever else the step reads from the same place.
    ///
    /// # Errors
    /// [`RunError::Operand`] when it leaves its memory or may not be written.
    pub fn in_place(&mut self, index: usize) -> Result<&mut [u8], RunError> {
        let operand = self.operand(index);
        self.memory.bytes_mut(operand).ok_or(RunError::Operand { index: index as u8 })
    }

    /// The bytes from the first of one operand to the last of another behind it, for writing.
    ///
    /// # Errors
    /// [`RunError::Operand`] when they are not in this order in one memory that may be written.
    pub fn span(&mut self, first: usize, last: usize) -> Result<&mut [u8], RunError> {
        let (from, to) = (self.operand(first), self.operand(last));
        let bytes = to.end().checked_sub(from.offset()).filter(|_| from.space() == to.space());
        let span = bytes.map(|bytes| Operand { place: from.place, bytes: bytes as u32 });
        span.and_then(|span| self.memory.bytes_mut(span)).ok_or(RunError::Operand { index: last as u8 })
    }

    /// One operand for reading.
    ///
    /// # Errors
    /// [`RunError::Operand`] when it leaves its memory.
    pub fn read(&self, index: usize) -> Result<&[u8], RunError> {
        self.memory.bytes(self.operand(index)).ok_or(RunError::Operand { index: index as u8 })
    }
}

/// Views bytes as elements.
///
/// # Errors
/// [`RunError::Unaligned`] when the bytes are not aligned or not a whole number of elements.
pub fn elements<T: bytemuck::AnyBitPattern>(bytes: &[u8], index: usize) -> Result<&[T], RunError> {
    if bytes.is_empty() {
        return Ok(&[]);
    }
    bytemuck::try_cast_slice(bytes).map_err(|_| RunError::Unaligned { index: index as u8 })
}

/// Views bytes as elements for writing.
///
/// # Errors
/// [`RunError::Unaligned`] when the bytes are not aligned or not a whole number of elements.
pub fn elements_mut<T: bytemuck::Pod>(bytes: &mut [u8], index: usize) -> Result<&mut [T], RunError> {
    if bytes.is_empty() {
        return Ok(&mut []);
    }
    bytemuck::try_cast_slice_mut(bytes).map_err(|_| RunError::Unaligned { index: index as u8 })
}
