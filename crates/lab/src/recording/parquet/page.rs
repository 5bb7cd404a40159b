//! The pages of a column: plain values, or a dictionary and indices into it.

use super::{
    hybrid,
    thrift::{Struct, Value, read},
};

/// More different values than this are not worth a dictionary.
const MOST: usize = 1 << 15;
/// Slots of the table that finds them.
const SLOTS: usize = 1 << 17;

const PLAIN: i64 = 0;
const RLE: i64 = 3;
const RLE_DICTIONARY: i64 = 8;
const DATA: i64 = 0;
const DICTIONARY: i64 = 2;

/// Finds the different values of columns, one column after the other.
#[derive(Debug)]
pub struct Dictionary {
    /// One more than the index of the value that hashes there; 0 for none.
    slots: Vec<u32>,
    values: Vec<u32>,
    indices: Vec<u32>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self { slots: vec![0; SLOTS], values: Vec::new(), indices: Vec::new() }
    }
}

impl Dictionary {
    /// Appends a column's pages, and says how many bytes of them are the dictionary's, if it has one.
    pub fn write(&mut self, column: &[u32], bytes: &mut Vec<u8>) -> Option<usize> {
        if !self.find(column) {
            let header = data_header(column.len(), PLAIN, column.len() * 4);
            bytes.extend(header);
            column.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
            return None;
        }
        let before = bytes.len();
        let sizes = Struct::default().i32(1, self.values.len() as i32).i32(2, PLAIN as i32);
        bytes.extend(header(DICTIONARY, self.values.len() * 4, 7, sizes));
        self.values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        let dictionary = bytes.len() - before;

        let width = hybrid::width(self.values.len().saturating_sub(1) as u32);
        let mut indices = vec![width as u8];
        hybrid::encode(&self.indices, width, &mut indices);
        bytes.extend(data_header(column.len(), RLE_DICTIONARY, indices.len()));
        bytes.extend(indices);
        Some(dictionary)
    }

    /// Whether the different values of a column are few.
    fn find(&mut self, column: &[u32]) -> bool {
        self.slots.fill(0);
        self.values.clear();
        self.indices.clear();
        let most = MOST.min(column.len() / 2 + 1);
        let mut last = None;
        for &value in column {
            let index = match last {
                Some((same, index)) if same == value => index,
                _ => match self.index(value, most) {
                    Some(index) => index,
                    None => return false,
                },
            };
            last = Some((value, index));
            self.indices.push(index);
        }
        true
    }

    fn index(&mut self, value: u32, most: usize) -> Option<u32> {
        let hash = (u64::from(value).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize;
        let mut slot = hash % SLOTS;
        loop {
            let place = self.slots.get_mut(slot)?;
            match place.checked_sub(1) {
                None if self.values.len() == most => return None,
                None => {
                    let index = self.values.len() as u32;
                    *place = index + 1;
                    self.values.push(value);
                    return Some(index);
                }
                Some(index) if self.values.get(index as usize) == Some(&value) => return Some(index),
                Some(_) => slot = (slot + 1) % SLOTS,
            }
        }
    }
}

fn header(kind: i64, size: usize, id: u8, of_kind: Struct) -> Vec<u8> {
    let size = size as i32;
    Struct::default().i32(1, kind as i32).i32(2, size).i32(3, size).nested(id, of_kind).end()
}

fn data_header(values: usize, encoding: i64, size: usize) -> Vec<u8> {
    let levels = RLE as i32;
    let facts = Struct::default().i32(1, values as i32).i32(2, encoding as i32).i32(3, levels).i32(4, levels);
    header(DATA, size, 5, facts)
}

/// Reads a column's pages.
pub fn decode(mut bytes: &[u8], rows: usize, column: &mut Vec<u32>) -> Option<()> {
    column.clear();
    let mut dictionary = Vec::new();
    while column.len() < rows {
        let header = read(&mut bytes)?;
        let size = usize::try_from(header.number(3)?).ok()?;
        let (page, rest) = bytes.split_at_checked(size)?;
        bytes = rest;
        match header.number(1)? {
            DICTIONARY => dictionary = plain(page),
            DATA => {
                let left = rows - column.len();
                let values = values(header.field(5)?, page, &dictionary, left)?;
                column.extend(values);
            }
            _ => return None,
        }
    }
    Some(())
}

fn values(facts: &Value, page: &[u8], dictionary: &[u32], left: usize) -> Option<Vec<u32>> {
    let count = usize::try_from(facts.number(1)?).ok().filter(|count| (1..=left).contains(count))?;
    match facts.number(2)? {
        PLAIN => Some(plain(page)).filter(|values| values.len() == count),
        RLE_DICTIONARY => {
            let (width, indices) = page.split_first()?;
            let mut values = Vec::with_capacity(count);
            let mut known = true;
            hybrid::decode(indices, u32::from(*width), count, |index| {
                let value = dictionary.get(index as usize);
                known &= value.is_some();
                values.push(value.copied().unwrap_or(0));
            })?;
            known.then_some(values)
        }
        _ => None,
    }
}

fn plain(page: &[u8]) -> Vec<u32> {
    page.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
}
