//! Values as Rust expressions: a serde serializer that writes source.

use std::fmt::{Display, Write};

use serde::{Serialize, ser};

/// Types that are made by a `const` function of their own name instead of a literal, since their fields are
/// checked: `Multiplier { mantissa, shift }` becomes `multiplier(mantissa, shift)`.
const CONSTRUCTED: &[(&str, &str)] = &[("Multiplier", "multiplier")];

/// Writes a value as a Rust expression.
pub fn expression<T: Serialize + ?Sized>(value: &T) -> String {
    let mut source = Source { text: String::new() };
    // Writing to a string does not fail, and no parameter type has a form that `Source` refuses.
    match value.serialize(&mut source) {
        Ok(()) => source.text,
        Err(Unsupported(what)) => format!("compile_error!({what:?})"),
    }
}

struct Source {
    text: String,
}

/// A form that has no Rust literal here.
#[derive(Debug)]
pub struct Unsupported(String);

impl Display for Unsupported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

impl ser::Error for Unsupported {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// The inside of brackets: comma between, named or not.
struct List<'s> {
    source: &'s mut Source,
    close: &'static str,
    is_first: bool,
    is_named: bool,
}

impl List<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, name: Option<&str>, value: &T) -> Result<(), Unsupported> {
        if !self.is_first {
            self.source.text.push_str(", ");
        }
        self.is_first = false;
        if let Some(name) = name.filter(|_| self.is_named) {
            self.source.text.push_str(name);
            self.source.text.push_str(": ");
        }
        value.serialize(&mut *self.source)
    }

    fn close(self) -> Result<(), Unsupported> {
        self.source.text.push_str(self.close);
        Ok(())
    }
}

impl Source {
    fn put(&mut self, text: impl Display) -> Result<(), Unsupported> {
        write!(self.text, "{text}").map_err(ser::Error::custom)
    }

    fn list(
        &mut self,
        open: impl Display,
        close: &'static str,
        is_named: bool,
    ) -> Result<List<'_>, Unsupported> {
        self.put(open)?;
        Ok(List { source: self, close, is_first: true, is_named })
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Unsupported> { self.put(value) })*
    };
}

impl<'s> ser::Serializer for &'s mut Source {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = List<'s>;
    type SerializeTuple = List<'s>;
    type SerializeTupleStruct = List<'s>;
    type SerializeTupleVariant = List<'s>;
    type SerializeMap = ser::Impossible<(), Unsupported>;
    type SerializeStruct = List<'s>;
    type SerializeStructVariant = List<'s>;

    numbers! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    }

    fn serialize_f32(self, value: f32) -> Result<(), Unsupported> {
        if value.is_finite() {
            self.put(format_args!("{value:?}"))
        } else {
            self.put(format_args!("f32::from_bits({:#x})", value.to_bits()))
        }
    }
    fn serialize_f64(self, value: f64) -> Result<(), Unsupported> {
        self.put(format_args!("f64::from_bits({:#x})", value.to_bits()))
    }
    fn serialize_char(self, value: char) -> Result<(), Unsupported> {
        self.put(format_args!("{value:?}"))
    }
    fn serialize_str(self, value: &str) -> Result<(), Unsupported> {
        self.put(format_args!("{value:?}"))
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unsupported> {
        self.put(format_args!("{value:?}"))
    }
    fn serialize_none(self) -> Result<(), Unsupported> {
        self.put("None")
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unsupported> {
        self.serialize_newtype_struct("Some", value)
    }
    fn serialize_unit(self) -> Result<(), Unsupported> {
        self.put("()")
    }
    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Unsupported> {
        self.put(name)
    }
    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unsupported> {
        self.put(format_args!("{name}::{variant}"))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        self.put(format_args!("{name}("))?;
        value.serialize(&mut *self)?;
        self.put(")")
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        self.put(format_args!("{name}::{variant}("))?;
        value.serialize(&mut *self)?;
        self.put(")")
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<List<'s>, Unsupported> {
        self.list("[", "]", false)
    }
    fn serialize_tuple(self, _: usize) -> Result<List<'s>, Unsupported> {
        self.list("[", "]", false)
    }
    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<List<'s>, Unsupported> {
        self.list(format_args!("{name}("), ")", false)
    }
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'s>, Unsupported> {
        self.list(format_args!("{name}::{variant}("), ")", false)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unsupported> {
        Err(Unsupported("a map has no literal".into()))
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<List<'s>, Unsupported> {
        match CONSTRUCTED.iter().find(|(constructed, _)| *constructed == name) {
            Some((_, function)) => self.list(format_args!("{function}("), ")", false),
            None => self.list(format_args!("{name} {{ "), " }", true),
        }
    }
    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'s>, Unsupported> {
        self.list(format_args!("{name}::{variant} {{ "), " }", true)
    }
}

impl ser::SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Unsupported;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        self.item(None, value)
    }
    fn end(self) -> Result<(), Unsupported> {
        self.close()
    }
}

impl ser::SerializeTuple for List<'_> {
    type Ok = ();
    type Error = Unsupported;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        self.item(None, value)
    }
    fn end(self) -> Result<(), Unsupported> {
        self.close()
    }
}

macro_rules! fields {
    ($($kind:ident: $method:ident($($name:ident)?)),*) => {$(
        impl ser::$kind for List<'_> {
            type Ok = ();
            type Error = Unsupported;
            fn $method<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Result<(), Unsupported> {
                let name = None$(.or(Some($name)))?;
                self.item(name, value)
            }
            fn end(self) -> Result<(), Unsupported> {
                self.close()
            }
        }
    )*};
}

fields! {
    SerializeTupleStruct: serialize_field(), SerializeTupleVariant: serialize_field(),
    SerializeStruct: serialize_field(name), SerializeStructVariant: serialize_field(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_literals() {
        let pool = kernels::reference::Softmax {
            depth: 12,
            input: quant::SoftmaxInput { multiplier: quant::Multiplier::ONE, least_difference: -7 },
        };
        assert_eq!(
            expression(&engine::ops::SoftmaxS8(pool)),
            "SoftmaxS8(Softmax { depth: 12, input: SoftmaxInput { multiplier: multiplier(1073741824, 1), least_difference: -7 } })"
        );
        assert_eq!(expression(&[0.5f32, -1.0]), "[0.5, -1.0]");
        assert_eq!(expression(&f32::INFINITY), "f32::from_bits(0x7f800000)");
        assert_eq!(expression(&engine::DType::Int8), "DType::Int8");
        assert_eq!(expression(&Some(3u8)), "Some(3)");
    }
}
