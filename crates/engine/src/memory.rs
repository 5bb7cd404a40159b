//! The three memories of a plan, and the only way for a step to reach into them.

#![allow(unsafe_code)]

use core::ptr::{self, NonNull};

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

    /// Whether two operands share a byte. Of those that leave their memory some do that would not.
    pub const fn overlaps(self, other: Self) -> bool {
        let (at, other_at) = (self.place & Self::MAX_OFFSET, other.place & Self::MAX_OFFSET);
        // Either begins within the other.
        let meets = other_at.wrapping_sub(at) < self.bytes || at.wrapping_sub(other_at) < other.bytes;
        meets && self.place >> 30 == other.place >> 30 && self.bytes > 0 && other.bytes > 0
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
    /// The bytes of an operand, or `None` when it leaves its memory.
    pub fn bytes(&self, operand: Operand) -> Option<&[u8]> {
        view(operand, self.weights, self.arena, self.state)
    }

    /// The bytes of an operand for writing; `None` when it leaves its memory or may not be written.
    pub fn bytes_mut(&mut self, operand: Operand) -> Option<&mut [u8]> {
        view_mut(operand, self.arena, self.state)
    }
}

/// As [`Memory::bytes`].
#[inline(never)]
pub(crate) fn view<'v>(
    operand: Operand,
    weights: &'v [u8],
    arena: &'v [u8],
    state: &'v [u8],
) -> Option<&'v [u8]> {
    let space = match operand.space() {
        Space::Absent => &[],
        Space::Weights => weights,
        Space::Arena => arena,
        Space::State => state,
    };
    space.get(operand.offset()..operand.end())
}

/// As [`Memory::bytes_mut`].
#[inline(never)]
pub(crate) fn view_mut<'v>(
    operand: Operand,
    arena: &'v mut [u8],
    state: &'v mut [u8],
) -> Option<&'v mut [u8]> {
    let space = match operand.space() {
        Space::Absent | Space::Weights => &mut [],
        Space::Arena => arena,
        Space::State => state,
    };
    space.get_mut(operand.offset()..operand.end())
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
        operand(self.operands, index)
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
    pub fn split<const W: usize, const R: usize>(
        &mut self,
        written: [usize; W],
        read: [usize; R],
    ) -> Result<Views<'_, W, R>, RunError> {
        let mut views: Views<'_, W, R> = (core::array::from_fn(|_| &mut [][..]), [&[]; R]);
        match self.fill((&written, &read), (&mut views.0, &mut views.1)) {
            Ok(()) => Ok(views),
            Err(index) => Err(RunError::Operand { index: index as u8 }),
        }
    }

    /// Fills in views; or tells which operand there is none of. Not generic, so that a program has it once.
    #[inline(never)]
    fn fill<'v>(
        &'v mut self,
        (written, read): (&[usize], &[usize]),
        (writable, readable): (&mut [&'v mut [u8]], &mut [&'v [u8]]),
    ) -> Result<(), usize> {
        let Memory { weights, arena, state } = &mut *self.memory;
        // By the numbers of their spaces. Nothing writes to the constants.
        let memories = [
            (ptr::dangling_mut(), 0),
            (weights.as_ptr().cast_mut(), weights.len()),
            (arena.as_mut_ptr(), arena.len()),
            (state.as_mut_ptr(), state.len()),
        ];
        for (&index, view) in written.iter().zip(writable) {
            let operand = operand(self.operands, index);
            let first = first_byte(&memories, operand).ok_or(index)?.as_ptr();
            // One with bytes overlaps itself.
            let clash =
                overlaps(self.operands, index, written) > 1 || overlaps(self.operands, index, read) > 0;
            if clash || operand.space() == Space::Weights {
                return Err(index);
            }
            // SAFETY: `first_byte` found the range inside the memory that it points into; `&'v mut self` holds the memories that
            // can be written exclusively for as long as the result lives; the bytes are initialised; and no other slice of
            // this call shares a byte with these, since nothing that is written overlaps another operand or lies in the
            // weights.
            *view = unsafe { core::slice::from_raw_parts_mut(first, operand.bytes()) };
        }
        for (&index, view) in read.iter().zip(readable) {
            let operand = operand(self.operands, index);
            let first = first_byte(&memories, operand).ok_or(index)?.as_ptr();
            // SAFETY: as above, but shared: nothing that is written overlaps these bytes, and the memories stay borrowed for
            // as long as the result lives.
            *view = unsafe { core::slice::from_raw_parts(first.cast_const(), operand.bytes()) };
        }
        Ok(())
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

/// The operand at `index`; past the end it is [`Operand::ABSENT`].
fn operand(operands: &[Operand], index: usize) -> Operand {
    operands.get(index).copied().unwrap_or(Operand::ABSENT)
}

/// Where an operand begins, in memories by the numbers of their spaces; `None` when it leaves its own.
#[inline(never)]
fn first_byte(memories: &[(*mut u8, usize); 4], operand: Operand) -> Option<NonNull<u8>> {
    let &(first, len) = memories.get(operand.space() as usize)?;
    if operand.end() > len {
        return None;
    }
    NonNull::new(first.wrapping_add(operand.offset()))
}

/// How many of some operands share a byte with the one at `index`.
#[inline(never)]
fn overlaps(operands: &[Operand], index: usize, others: &[usize]) -> usize {
    let one = operand(operands, index);
    others.iter().filter(|&&other| one.overlaps(operand(operands, other))).count()
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
