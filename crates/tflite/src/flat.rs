//! The flatbuffer format, and nothing of what is in it: tables, vectors and strings, each checked against the
//! end of the file before it is looked at.
//!
//! Alignment is not asked for: real files have vectors that a strict verifier refuses. Nothing here recurses.

use crate::error::Fault;

/// Bytes of memory that reading may take beyond a multiple of the file.
const SPARE_BYTES: usize = 64 * 1024;
/// Bytes of memory that reading may take per byte of file.
const BYTES_PER_BYTE: usize = 16;

/// The most memory, in bytes, that reading a file of `file_bytes` bytes takes in all, counting everything
/// that was allocated on the way, whether or not it was freed again.
///
/// A flatbuffer may point to the same part from many places, so that a small file can describe a huge
/// model. Everything is therefore paid for before it is allocated, and a file that wants more than this is
/// refused.
pub const fn memory_bound(file_bytes: usize) -> usize {
    file_bytes.saturating_mul(BYTES_PER_BYTE).saturating_add(SPARE_BYTES)
}

/// What of [`memory_bound`] is left.
pub(crate) struct Meter {
    left: usize,
    file_bytes: usize,
}

impl Meter {
    /// A part of the bound is kept for the message of a refusal.
    const MESSAGE_BYTES: usize = 4 * 1024;

    pub(crate) const fn new(file_bytes: usize) -> Self {
        Self { left: memory_bound(file_bytes) - Self::MESSAGE_BYTES, file_bytes }
    }

    fn pay(&mut self, bytes: usize, what: &'static str) -> Result<(), Fault> {
        let Some(left) = self.left.checked_sub(bytes) else {
            let limit = memory_bound(self.file_bytes);
            return Err(Fault::TooManyItems { what, limit, file_bytes: self.file_bytes });
        };
        self.left = left;
        Ok(())
    }

    /// An empty vector with room for `count` items, which are paid for.
    pub(crate) fn room<T>(&mut self, count: usize, what: &'static str) -> Result<Vec<T>, Fault> {
        self.pay(count.saturating_mul(size_of::<T>()), what)?;
        Ok(Vec::with_capacity(count))
    }

    /// A name as text, with what is not UTF-8 replaced.
    pub(crate) fn text(&mut self, bytes: &[u8], what: &'static str) -> Result<String, Fault> {
        // A replaced byte becomes three, in a string that grew by doubling.
        let most = if bytes.is_ascii() { bytes.len() } else { bytes.len().saturating_mul(12) };
        self.pay(most, what)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// A number as it stands in a file.
pub(crate) trait Scalar: Copy {
    /// Bytes in the file.
    const BYTES: usize;
    /// The value of the first `BYTES` bytes; `None` when there are fewer.
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! scalars {
    ($($scalar:ty)*) => {$(
        impl Scalar for $scalar {
            const BYTES: usize = size_of::<$scalar>();
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|bytes| <$scalar>::from_le_bytes(*bytes))
            }
        }
    )*};
}

scalars!(i8 u8 u16 i32 u32 i64 u64 f32);

/// The bytes from `at`, `count` of them, or the reason why they aren't there.
fn span<'a>(bytes: &'a [u8], at: usize, count: usize, what: &'static str) -> Result<&'a [u8], Fault> {
    at.checked_add(count).and_then(|end| bytes.get(at..end)).ok_or(Fault::CutOff {
        what,
        end: (at as u64).saturating_add(count as u64),
        file_bytes: bytes.len(),
    })
}

fn scalar<T: Scalar>(bytes: &[u8], at: usize, what: &'static str) -> Result<T, Fault> {
    T::read(span(bytes, at, T::BYTES, what)?).ok_or(Fault::Missing { what })
}

/// The place that the offset at `at` points to.
fn follow(bytes: &[u8], at: usize, what: &'static str) -> Result<usize, Fault> {
    let offset: u32 = scalar(bytes, at, what)?;
    if offset == 0 {
        return Err(Fault::Damaged { what, at, why: "an offset of 0" });
    }
    at.checked_add(offset as usize).ok_or(Fault::CutOff {
        what,
        end: at as u64 + u64::from(offset),
        file_bytes: bytes.len(),
    })
}

/// A table: fields by slot, each of which may be absent.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    slots: &'a [u8],
}

impl<'a> Table<'a> {
    /// The table that the first word of the file points to.
    pub(crate) fn root(bytes: &'a [u8]) -> Result<Self, Fault> {
        Self::new(bytes, follow(bytes, 0, "root table")?, "root table")
    }

    fn new(bytes: &'a [u8], at: usize, what: &'static str) -> Result<Self, Fault> {
        let damaged = |why| Fault::Damaged { what, at, why };
        let back: i32 = scalar(bytes, at, what)?;
        let vtable = (at as i64)
            .checked_sub(i64::from(back))
            .and_then(|vtable| usize::try_from(vtable).ok())
            .ok_or(damaged("its list of fields would start before the file"))?;
        let length: u16 = scalar(bytes, vtable, what)?;
        if length < 4 || !length.is_multiple_of(2) {
            return Err(damaged("its list of fields has an impossible length"));
        }
        let slots = span(bytes, vtable, length.into(), what)?.get(4..).unwrap_or_default();
        Ok(Self { bytes, at, slots })
    }

    /// Where a field stands, or `None` when it is absent.
    fn field(&self, slot: usize) -> Option<usize> {
        let offset = u16::read(self.slots.get(slot.checked_mul(2)?..)?)?;
        if offset == 0 { None } else { self.at.checked_add(offset.into()) }
    }

    /// A number, or `absent` when the field is not there.
    pub(crate) fn scalar<T: Scalar>(&self, slot: usize, absent: T, what: &'static str) -> Result<T, Fault> {
        match self.field(slot) {
            Some(at) => scalar(self.bytes, at, what),
            None => Ok(absent),
        }
    }

    /// A flag, or `absent` when the field is not there.
    pub(crate) fn flag(&self, slot: usize, absent: bool, what: &'static str) -> Result<bool, Fault> {
        Ok(self.scalar(slot, u8::from(absent), what)? != 0)
    }

    /// A nested table.
    pub(crate) fn table(&self, slot: usize, what: &'static str) -> Result<Option<Table<'a>>, Fault> {
        let Some(at) = self.field(slot) else { return Ok(None) };
        let target = follow(self.bytes, at, what)?;
        Self::new(self.bytes, target, what).map(Some)
    }

    /// The bytes of a vector's elements, `element` bytes each; none when the field is absent.
    fn elements(&self, slot: usize, element: usize, what: &'static str) -> Result<(usize, &'a [u8]), Fault> {
        let Some(at) = self.field(slot) else { return Ok((0, &[])) };
        let length_at = follow(self.bytes, at, what)?;
        let length: u32 = scalar(self.bytes, length_at, what)?;
        let at = length_at + u32::BYTES;
        let size = (length as usize).checked_mul(element).ok_or(Fault::CutOff {
            what,
            end: u64::MAX,
            file_bytes: self.bytes.len(),
        })?;
        Ok((at, span(self.bytes, at, size, what)?))
    }

    /// A vector of bytes, or a string.
    pub(crate) fn bytes(&self, slot: usize, what: &'static str) -> Result<&'a [u8], Fault> {
        Ok(self.elements(slot, 1, what)?.1)
    }

    /// A string.
    pub(crate) fn text(&self, slot: usize, what: &'static str, meter: &mut Meter) -> Result<String, Fault> {
        meter.text(self.bytes(slot, what)?, what)
    }

    /// A vector of numbers, each turned into what the model keeps.
    pub(crate) fn numbers<T: Scalar, U>(
        &self,
        slot: usize,
        what: &'static str,
        meter: &mut Meter,
        keep: impl Fn(usize, T) -> Result<U, Fault>,
    ) -> Result<Vec<U>, Fault> {
        let (_, bytes) = self.elements(slot, T::BYTES, what)?;
        let mut kept = meter.room(bytes.len() / T::BYTES, what)?;
        for (position, number) in bytes.chunks_exact(T::BYTES).filter_map(T::read).enumerate() {
            kept.push(keep(position, number)?);
        }
        Ok(kept)
    }

    /// The first number of a vector, where there is one.
    pub(crate) fn first(&self, slot: usize) -> Option<i32> {
        i32::read(self.elements(slot, i32::BYTES, "").ok()?.1)
    }

    /// A vector of tables.
    pub(crate) fn tables(&self, slot: usize, what: &'static str) -> Result<Tables<'a>, Fault> {
        let (at, offsets) = self.elements(slot, u32::BYTES, what)?;
        Ok(Tables { file: self.bytes, at, count: offsets.len() / u32::BYTES, what })
    }
}

/// A vector of tables.
pub(crate) struct Tables<'a> {
    file: &'a [u8],
    at: usize,
    count: usize,
    what: &'static str,
}

impl<'a> Tables<'a> {
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Result<Table<'a>, Fault>> + use<'a> {
        let &Self { file, at, count, what } = self;
        (0..count).map(move |index| Table::new(file, follow(file, at + index * u32::BYTES, what)?, what))
    }
}
