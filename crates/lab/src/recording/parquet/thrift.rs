//! Thrift's compact protocol, as Parquet uses it.

use std::collections::BTreeMap;

/// A structure being written: fields in rising order.
#[derive(Clone, Debug, Default)]
pub struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

impl Struct {
    fn header(mut self, id: u8, kind: u8) -> Self {
        // Ids are at most 15 apart in all of Parquet's structures that are written here.
        self.bytes.push((id - self.last) << 4 | kind);
        self.last = id;
        self
    }

    /// A number or an enumeration.
    pub fn i32(self, id: u8, value: i32) -> Self {
        let mut this = self.header(id, I32);
        varint(&mut this.bytes, zigzag(value.into()));
        this
    }

    /// A long number.
    pub fn i64(self, id: u8, value: i64) -> Self {
        let mut this = self.header(id, I64);
        varint(&mut this.bytes, zigzag(value));
        this
    }

    /// Text.
    pub fn text(self, id: u8, text: &str) -> Self {
        let mut this = self.header(id, BINARY);
        put_text(&mut this.bytes, text);
        this
    }

    /// A structure in it.
    pub fn nested(self, id: u8, inner: Self) -> Self {
        let mut this = self.header(id, STRUCT);
        this.bytes.extend(inner.end());
        this
    }

    /// A list of enumerations.
    pub fn numbers(self, id: u8, list: &[i32]) -> Self {
        let mut this = self.header(id, LIST);
        list_header(&mut this.bytes, list.len(), I32);
        list.iter().for_each(|value| varint(&mut this.bytes, zigzag((*value).into())));
        this
    }

    /// A list of texts.
    pub fn texts(self, id: u8, list: &[&str]) -> Self {
        let mut this = self.header(id, LIST);
        list_header(&mut this.bytes, list.len(), BINARY);
        list.iter().for_each(|text| put_text(&mut this.bytes, text));
        this
    }

    /// A list of structures.
    pub fn structs(self, id: u8, list: impl ExactSizeIterator<Item = Self>) -> Self {
        let mut this = self.header(id, LIST);
        list_header(&mut this.bytes, list.len(), STRUCT);
        list.for_each(|inner| this.bytes.extend(inner.end()));
        this
    }

    /// Its bytes.
    pub fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// Seven bits a byte, the lowest first.
pub fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    varint(bytes, text.len() as u64);
    bytes.extend(text.as_bytes());
}

fn list_header(bytes: &mut Vec<u8>, length: usize, kind: u8) {
    if length < 15 {
        bytes.push((length as u8) << 4 | kind);
    } else {
        bytes.push(0xF0 | kind);
        varint(bytes, length as u64);
    }
}

/// What was read, whatever it means.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Numbers of all lengths, enumerations, truth values.
    Number(i64),
    /// Text, and what is no number that occurs here.
    Bytes(Vec<u8>),
    /// Several.
    List(Vec<Value>),
    /// Fields by their id.
    Struct(BTreeMap<i16, Value>),
}

impl Value {
    /// A field that is a number.
    pub fn number(&self, id: i16) -> Option<i64> {
        match self.field(id)? {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A field that is text.
    pub fn text(&self, id: i16) -> Option<&str> {
        match self.field(id)? {
            Self::Bytes(bytes) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// A field that is a list; an empty one where there is none.
    pub fn list(&self, id: i16) -> &[Value] {
        match self.field(id) {
            Some(Self::List(list)) => list,
            _ => &[],
        }
    }

    /// A field.
    pub fn field(&self, id: i16) -> Option<&Value> {
        match self {
            Self::Struct(fields) => fields.get(&id),
            _ => None,
        }
    }
}

/// Structures within structures that are read; Parquet's have five.
const DEPTH: usize = 16;

/// Reads a structure; what is left of `bytes` is what comes after it.
pub fn read(bytes: &mut &[u8]) -> Option<Value> {
    structure(bytes, DEPTH)
}

fn structure(bytes: &mut &[u8], depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let mut fields = BTreeMap::new();
    let mut last = 0_i16;
    loop {
        let header = byte(bytes)?;
        if header == 0 {
            return Some(Value::Struct(fields));
        }
        last = match header >> 4 {
            0 => i16::try_from(number(bytes)?).ok()?,
            delta => last.checked_add(i16::from(delta))?,
        };
        let value = match header & 15 {
            1 => Value::Number(1),
            2 => Value::Number(0),
            kind => value(bytes, kind, depth)?,
        };
        fields.insert(last, value);
    }
}

fn value(bytes: &mut &[u8], kind: u8, depth: usize) -> Option<Value> {
    Some(match kind {
        // In lists, truth values are bytes.
        1..=3 => Value::Number(byte(bytes)?.into()),
        4..=6 => Value::Number(number(bytes)?),
        7 => Value::Bytes(take(bytes, 8)?.to_vec()),
        BINARY => {
            let length = usize::try_from(unsigned(bytes)?).ok()?;
            Value::Bytes(take(bytes, length)?.to_vec())
        }
        LIST => {
            let header = byte(bytes)?;
            let length = match header >> 4 {
                15 => usize::try_from(unsigned(bytes)?).ok()?,
                length => length.into(),
            };
            // Every item takes a byte at least.
            if length > bytes.len() {
                return None;
            }
            let depth = depth.checked_sub(1)?;
            let items = (0..length).map(|_| value(bytes, header & 15, depth));
            Value::List(items.collect::<Option<_>>()?)
        }
        STRUCT => structure(bytes, depth)?,
        _ => return None,
    })
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// The other way of [`varint`].
pub fn unsigned(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let next = byte(bytes)?;
        value |= u64::from(next & 0x7F) << shift;
        if next < 0x80 {
            return Some(value);
        }
    }
    None
}

fn number(bytes: &mut &[u8]) -> Option<i64> {
    let value = unsigned(bytes)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_come_back() {
        let inner = Struct::default().i32(1, -7).text(4, "name");
        let texts: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let bytes = Struct::default()
            .i64(2, i64::MIN)
            .nested(3, inner.clone())
            .numbers(5, &[0, 8])
            .texts(6, &texts)
            .structs(9, [inner].into_iter())
            .end();
        let mut rest = &bytes[..];
        let read = read(&mut rest).unwrap();
        assert!(rest.is_empty());
        assert_eq!(read.number(2), Some(i64::MIN));
        assert_eq!(read.field(3).and_then(|inner| inner.number(1)), Some(-7));
        assert_eq!(read.list(5), [Value::Number(0), Value::Number(8)]);
        assert_eq!((read.list(6).len(), read.list(9)[0].text(4)), (20, Some("name")));
    }

    #[test]
    fn structures_without_end_are_refused() {
        assert_eq!(read(&mut &[0x1C; 4096][..]), None);
        assert_eq!(read(&mut &[0x19, 0xF9, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F][..]), None);
    }
}
