//! What stands in a file's footer.

use super::thrift::{Struct, Value};

/// A column of a table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub kind: Kind,
}

impl Column {
    /// A column.
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind }
    }
}

/// What is in a column; all are stored as four bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Single precision, by its bits.
    Float,
    /// 0 to 255.
    Byte,
    /// 0 to 2³² - 1.
    Count,
}

impl Kind {
    pub(super) const fn physical(self) -> i32 {
        match self {
            Self::Float => 4,
            Self::Byte | Self::Count => 1,
        }
    }

    const fn converted(self) -> Option<i32> {
        match self {
            Self::Float => None,
            Self::Byte => Some(11),
            Self::Count => Some(13),
        }
    }

    fn of(physical: i64, converted: Option<i64>) -> Option<Self> {
        let kinds = [Self::Float, Self::Byte, Self::Count];
        kinds.into_iter().find(|kind| {
            i64::from(kind.physical()) == physical && kind.converted().map(i64::from) == converted
        })
    }
}

/// Where the pages of one column of one group are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chunk {
    /// The first byte: of the dictionary, where there is one, or of the data.
    pub begin: u64,
    /// Bytes.
    pub length: u64,
    /// Where the data begin, where a dictionary is before them.
    pub data: Option<u64>,
}

/// A group of rows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// Rows.
    pub rows: u64,
    /// One for each column.
    pub chunks: Vec<Chunk>,
}

/// The footer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Footer {
    /// Columns.
    pub columns: Vec<Column>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Whatever else is to be known.
    pub notes: Vec<(String, String)>,
}

const PLAIN: i32 = 0;
const RLE: i32 = 3;
const RLE_DICTIONARY: i32 = 8;

impl Footer {
    /// Rows of all groups.
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// As the format has it.
    pub fn bytes(&self) -> Vec<u8> {
        let root = Struct::default().text(4, "samples").i32(5, self.columns.len() as i32);
        let columns = self.columns.iter().map(|column| {
            let required = Struct::default().i32(1, column.kind.physical()).i32(3, 0).text(4, &column.name);
            column.kind.converted().map_or(required.clone(), |converted| required.i32(6, converted))
        });
        let schema: Vec<Struct> = std::iter::once(root).chain(columns).collect();
        let notes: Vec<Struct> =
            self.notes.iter().map(|(key, value)| Struct::default().text(1, key).text(2, value)).collect();
        Struct::default()
            .i32(1, 1)
            .structs(2, schema.into_iter())
            .i64(3, self.rows() as i64)
            .structs(4, self.groups.iter().map(|group| self.group(group)))
            .structs(5, notes.into_iter())
            .text(6, concat!("microjoule ", env!("CARGO_PKG_VERSION")))
            .end()
    }

    fn group(&self, group: &Group) -> Struct {
        let chunks: Vec<Struct> = std::iter::zip(&self.columns, &group.chunks)
            .map(|(column, chunk)| {
                let encodings: &[i32] =
                    if chunk.data.is_some() { &[PLAIN, RLE, RLE_DICTIONARY] } else { &[PLAIN, RLE] };
                let facts = Struct::default()
                    .i32(1, column.kind.physical())
                    .numbers(2, encodings)
                    .texts(3, &[&column.name])
                    .i32(4, 0)
                    .i64(5, group.rows as i64)
                    .i64(6, chunk.length as i64)
                    .i64(7, chunk.length as i64);
                let facts = match chunk.data {
                    Some(data) => facts.i64(9, data as i64).i64(11, chunk.begin as i64),
                    None => facts.i64(9, chunk.begin as i64),
                };
                Struct::default().i64(2, chunk.begin as i64).nested(3, facts)
            })
            .collect();
        let bytes: u64 = group.chunks.iter().map(|chunk| chunk.length).sum();
        Struct::default().structs(1, chunks.into_iter()).i64(2, bytes as i64).i64(3, group.rows as i64)
    }

    /// The other way; says what is wrong with one that is not as written here.
    pub fn read(value: &Value) -> Result<Self, &'static str> {
        let columns: Option<Vec<Column>> = value.list(2).iter().skip(1).map(column).collect();
        let columns = columns.ok_or("columns other than required ones of floats, bytes and counts")?;
        let groups: Option<Vec<Group>> = value.list(4).iter().map(group).collect();
        let groups = groups.ok_or("a group without sizes or places")?;
        if groups.iter().any(|group| group.chunks.len() != columns.len()) {
            return Err("a group without all columns");
        }
        let notes = value.list(5).iter();
        let notes = notes.filter_map(|note| Some((note.text(1)?.to_owned(), note.text(2)?.to_owned())));
        Ok(Self { columns, groups, notes: notes.collect() })
    }
}

fn column(value: &Value) -> Option<Column> {
    let required = value.number(3) == Some(0);
    let kind = Kind::of(value.number(1)?, value.number(6)).filter(|_| required)?;
    Some(Column { name: value.text(4)?.to_owned(), kind })
}

fn group(value: &Value) -> Option<Group> {
    let unsigned = |value: Option<i64>| u64::try_from(value?).ok();
    let chunks = value.list(1).iter().map(|chunk| {
        let facts = chunk.field(3)?;
        let data = unsigned(facts.number(9))?;
        let dictionary = unsigned(facts.number(11)).filter(|begin| *begin > 0);
        // Codec 0 is none.
        (facts.number(4) == Some(0)).then_some(())?;
        Some(Chunk {
            begin: dictionary.unwrap_or(data),
            length: unsigned(facts.number(7))?,
            data: dictionary.map(|_| data),
        })
    });
    Some(Group { rows: unsigned(value.number(3))?, chunks: chunks.collect::<Option<_>>()? })
}
