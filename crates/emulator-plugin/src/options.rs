//! What the command line says.

use std::path::PathBuf;

/// The plugin's arguments.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// Where counts go.
    pub out: Option<PathBuf>,
    /// Addresses at which a region begins.
    pub marks: Vec<u64>,
}

impl Options {
    /// From arguments as QEMU hands them on: `out=counts.txt`, `mark=0x1c4`.
    ///
    /// # Errors
    /// The argument that is none of these.
    pub fn parse<'a>(arguments: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut options = Self::default();
        for argument in arguments {
            match argument.split_once('=') {
                Some(("out", path)) => options.out = Some(PathBuf::from(path)),
                Some(("mark", address)) => {
                    options.marks.push(hex(address).ok_or_else(|| argument.to_owned())?)
                }
                _ => return Err(argument.to_owned()),
            }
        }
        Ok(options)
    }
}

fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_and_others_refused() {
        let options = Options::parse(["out=a/b.txt", "mark=0x1c4", "mark=0x10"].into_iter()).unwrap();
        assert_eq!(options.out, Some(PathBuf::from("a/b.txt")));
        assert_eq!(options.marks, [0x1c4, 0x10]);
        for wrong in ["mark=12", "mark=0xg", "marks=0x1", "out"] {
            assert_eq!(Options::parse([wrong].into_iter()), Err(wrong.to_owned()));
        }
    }
}
