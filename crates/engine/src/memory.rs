//! The three memories of a plan, and the only way for a step to reach into them.

#![allow(unsafe_code)]

use core::{marker::PhantomData, ptr::NonNull};

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
    /// The byte offset, above the space in the lowest two bits: small where offsets are.
    place: u32,
    bytes: u32,
}

impl Operand {
    /// An optional operand that is not there.
    pub const ABSENT: Self = Self { place: 0, bytes: 0 };
    /// Offsets are below this.
    pub const MAX_OFFSET: u32 = (1 << 30) - 1;

    const fn new(space: u32, offset: u32, bytes: u32) -> Self {
        Self { place: (offset & Self::MAX_OFFSET) << 2 | space, bytes }
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
        match self.place & 3 {
            0 => Space::Absent,
            1 => Space::Weights,
            2 => Space::Arena,
            _ => Space::State,
        }
    }

    /// Distance from the start of the memory, in bytes.
    pub const fn offset(self) -> usize {
        (self.place >> 2) as usize
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
        // Either begins within the other.
        let apart = (other.place >> 2).wrapping_sub(self.place >> 2);
        let meets =
            (apart < self.bytes || apart.wrapping_neg() < other.bytes) && self.bytes > 0 && other.bytes > 0;
        meets && (self.place ^ other.place) & 3 == 0
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

/// What a plan runs in: constants, tensors of this run, tensors that outlive it.
#[derive(Debug)]
pub struct Memory<'m> {
    /// First byte and length, by the numbers of the spaces. Nothing writes to the constants.
    spaces: [(NonNull<u8>, usize); 4],
    lent: PhantomData<&'m mut [u8]>,
}

impl<'m> Memory<'m> {
    /// The memories of one run.
    pub fn new(weights: &'m [u8], arena: &'m mut [u8], state: &'m mut [u8]) -> Self {
        let lens = (weights.len(), arena.len(), state.len());
        let spaces = [
            (NonNull::dangling(), 0),
            (NonNull::from(weights).cast(), lens.0),
            (NonNull::from(arena).cast(), lens.1),
            (NonNull::from(state).cast(), lens.2),
        ];
        Self { spaces, lent: PhantomData }
    }

    /// The bytes of an operand, or `None` when it leaves its memory.
    pub fn bytes(&self, operand: Operand) -> Option<&[u8]> {
        // SAFETY: `place` found the bytes inside a memory that is lent for longer than `&self`; they are initialised, and
        // `&self` keeps `bytes_mut` and `Io::split` from handing out the same bytes for writing.
        self.place(operand).map(|place| unsafe { place.as_ref() })
    }

    /// The bytes of an operand for writing; `None` when it leaves its memory or may not be written.
    pub fn bytes_mut(&mut self, operand: Operand) -> Option<&mut [u8]> {
        if operand.space() == Space::Weights {
            return None;
        }
        // SAFETY: as in `bytes`, of a memory that is lent for writing; `&mut self` keeps every other view away.
        self.place(operand).map(|mut place| unsafe { place.as_mut() })
    }

    /// Where an operand lies; `None` when it leaves its memory.
    #[inline(never)]
    fn place(&self, operand: Operand) -> Option<NonNull<[u8]>> {
        let &(first, len) = self.spaces.get(operand.space() as usize)?;
        if operand.end() > len {
            return None;
        }
        // SAFETY: the operand begins no further from the first byte of its memory than the memory is long.
        let at = unsafe { first.add(operand.offset()) };
        Some(NonNull::slice_from_raw_parts(at, operand.bytes()))
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

/// Numbers of operands that are viewed at once: an array of up to thirteen.
///
/// Written out for each length instead of as a loop, so that what only depends on the numbers is worked out before a
/// program runs.
pub trait Numbers {
    /// As many of something else.
    type Of<T>;
    /// As bits; all bits when one stands twice, or is past the most.
    fn set(self) -> u32;
    /// What `find` makes of each.
    fn each<T>(self, find: impl FnMut(usize) -> T) -> Self::Of<T>;
}

macro_rules! numbers {
    ($($len:literal: $($name:ident)*;)*) => {$(
        impl Numbers for [usize; $len] {
            type Of<T> = [T; $len];
            #[inline(always)]
            #[allow(unused_mut)]
            fn set(self) -> u32 {
                let [$($name),*] = self;
                let mut set = 0;
                $(set |= if $name < MOST_OPERANDS && set >> $name & 1 == 0 { 1 << $name } else { u32::MAX };)*
                set
            }
            #[inline(always)]
            #[allow(unused_mut, unused_variables)]
            fn each<T>(self, mut find: impl FnMut(usize) -> T) -> [T; $len] {
                let [$($name),*] = self;
                [$(find($name)),*]
            }
        }
    )*};
}

numbers! {
    0: ;
    1: a;
    2: a b;
    3: a b c;
    4: a b c d;
    5: a b c d e;
    6: a b c d e f;
    7: a b c d e f g;
    8: a b c d e f g h;
    9: a b c d e f g h i;
    10: a b c d e f g h i j;
    11: a b c d e f g h i j k;
    12: a b c d e f g h i j k l;
    13: a b c d e f g h i j k l m;
}

/// A step can view the operands below this number.
const MOST_OPERANDS: usize = 31;

/// Some operands for writing and some for reading.
pub type Views<'v, W, R> = (<W as Numbers>::Of<&'v mut [u8]>, <R as Numbers>::Of<&'v [u8]>);

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
    #[inline(always)]
    pub fn split<W: Numbers + Copy, R: Numbers + Copy>(
        &mut self,
        written: W,
        read: R,
    ) -> Result<Views<'_, W, R>, RunError> {
        let (written_set, read_set) = (written.set(), read.set());
        if written_set & read_set != 0 || (written_set | read_set) >> MOST_OPERANDS != 0 {
            return Err(RunError::Operand { index: 0 });
        }
        self.check(written_set, written_set | read_set)?;
        // SAFETY: `check` found every operand inside its memory, those that are written in one that can be, and none of them
        // sharing a byte with any other of `written`, whose numbers are all different, or of `read`. `&mut self` holds the
        // memories for as long as the result lives, and their bytes are initialised.
        let written = written.each(|index| unsafe { self.find(index).as_mut() });
        // SAFETY: as above, but shared: no operand that is written has a byte of these.
        let read = read.each(|index| unsafe { self.find(index).as_ref() });
        Ok((written, read))
    }

    /// Whether operands, by their bits, can be viewed at once. Not generic, so that a program has it once.
    #[inline(never)]
    fn check(&self, written: u32, viewed: u32) -> Result<(), RunError> {
        for (index, &operand) in self.operands.iter().enumerate() {
            let refused = Err(RunError::Operand { index: index as u8 });
            if self.memory.place(operand).is_none() {
                return refused;
            }
            if written.wrapping_shr(index as u32) & 1 == 0 {
                continue;
            }
            if operand.space() == Space::Weights {
                return refused;
            }
            for (other, &with) in self.operands.iter().enumerate() {
                let both = other != index && viewed.wrapping_shr(other as u32) & 1 == 1;
                if both && operand.overlaps(with) {
                    return refused;
                }
            }
        }
        Ok(())
    }

    /// Where the operand at `index` lies; nowhere past the end, or when it leaves its memory.
    #[inline(never)]
    fn find(&self, index: usize) -> NonNull<[u8]> {
        let place = self.operands.get(index).and_then(|&operand| self.memory.place(operand));
        place.unwrap_or(NonNull::slice_from_raw_parts(NonNull::dangling(), 0))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a step over these operands can view of a memory of 16 bytes each, the weights counting from 100.
    fn viewed<W: Numbers + Copy, R: Numbers + Copy, T>(
        operands: &[Operand],
        written: W,
        read: R,
        work: impl FnOnce(Views<'_, W, R>) -> T,
    ) -> Result<T, RunError> {
        let weights: [u8; 16] = core::array::from_fn(|at| 100 + at as u8);
        let (mut arena, mut state): ([u8; 16], [u8; 16]) = (core::array::from_fn(|at| at as u8), [7; 16]);
        let mut memory = Memory::new(&weights, &mut arena, &mut state);
        Io::new(&mut memory, operands).split(written, read).map(work)
    }

    #[test]
    fn operands_are_viewed_where_they_lie() {
        let operands = [Operand::arena(4, 2), Operand::weights(3, 1), Operand::ABSENT, Operand::state(15, 1)];
        let bytes = viewed(&operands, [3, 0], [1, 2, 7], |([state, arena], [weights, absent, past])| {
            assert!(absent.is_empty() && past.is_empty());
            (state.first_two(), arena.first_two(), weights.first_two())
        });
        assert_eq!(bytes, Ok(([7, 0], [4, 5], [103, 0])));
    }

    /// The first two bytes, 0 where there are none.
    trait Two {
        fn first_two(&self) -> [u8; 2];
    }

    impl Two for [u8] {
        fn first_two(&self) -> [u8; 2] {
            core::array::from_fn(|at| self.get(at).copied().unwrap_or(0))
        }
    }

    #[test]
    fn what_is_written_shares_no_byte_with_anything_else() {
        let refused = |index| Err(RunError::Operand { index });
        let meets = [Operand::arena(4, 4), Operand::arena(7, 2), Operand::arena(8, 2), Operand::state(4, 4)];
        assert_eq!(viewed(&meets, [0], [2, 3], |_| ()), Ok(()));
        assert_eq!(viewed(&meets, [0], [1], |_| ()), refused(0));
        assert_eq!(viewed(&meets, [2], [1], |_| ()), refused(2));
        assert_eq!(viewed(&meets, [0, 1], [], |_| ()), refused(0));
        assert_eq!(viewed(&meets, [3], [1, 2], |_| ()), Ok(()));
        // Nothing lies in a run of no bytes.
        let empty = [Operand::arena(4, 4), Operand::arena(6, 0)];
        assert_eq!(viewed(&empty, [0], [1], |_| ()), Ok(()));
        assert_eq!(viewed(&empty, [1], [0], |_| ()), Ok(()));
    }

    #[test]
    fn an_operand_has_one_number_and_one_use() {
        let operands = [Operand::arena(0, 4); 40];
        let refused = Err(RunError::Operand { index: 0 });
        assert_eq!(viewed(&operands[..1], [0, 0], [], |_| ()), refused);
        assert_eq!(viewed(&operands[..1], [0], [0], |_| ()), refused);
        assert_eq!(viewed(&operands, [39], [], |_| ()), refused);
        assert_eq!(viewed(&operands, [], [31], |_| ()), refused);
        assert_eq!(viewed(&operands, [30], [], |_| ()), Ok(()));
    }

    #[test]
    fn nothing_lies_outside_its_memory_and_weights_are_not_written() {
        for outside in [
            Operand::arena(16, 1),
            Operand::state(0, 17),
            Operand::weights(Operand::MAX_OFFSET, u32::MAX),
            Operand { place: 0, bytes: 1 },
        ] {
            assert_eq!(
                viewed(&[outside], [], [0], |_| ()),
                Err(RunError::Operand { index: 0 }),
                "{outside:?}"
            );
            assert_eq!(
                viewed(&[outside], [0], [], |_| ()),
                Err(RunError::Operand { index: 0 }),
                "{outside:?}"
            );
        }
        let weights = [Operand::arena(0, 1), Operand::weights(0, 1)];
        assert_eq!(viewed(&weights, [1], [], |_| ()), Err(RunError::Operand { index: 1 }));
        let mut memory = Memory::new(&[1], &mut [], &mut []);
        assert!(memory.bytes_mut(weights[1]).is_none() && memory.bytes(weights[1]) == Some(&[1]));
    }
}
