//! Reads the vectors and follows their rules for samples.
#![allow(dead_code, reason = "each test uses its part")]

use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;

/// The `name: values` lines of one block.
pub struct Block(HashMap<String, String>);

impl Block {
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no line `{name}`"))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn values<T: FromStr>(&self, name: &str) -> Vec<T> {
        let parse = |word: &str| word.parse().unwrap_or_else(|_| panic!("`{word}` in line `{name}`"));
        self.text(name).split_whitespace().map(parse).collect()
    }

    pub fn value<T: FromStr>(&self, name: &str) -> T {
        let mut values = self.values(name);
        assert_eq!(values.len(), 1, "line `{name}`");
        values.remove(0)
    }
}

/// Blocks of a vector file, parted by empty lines.
pub fn read(file: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(text.starts_with("# generator: "), "{file} does not say where it is from");
    text.split("\n\n")
        .map(|block| {
            let lines = block.lines().filter(|line| !line.starts_with('#'));
            let lines = lines.filter_map(|line| line.split_once(':'));
            Block(lines.map(|(name, rest)| (name.to_string(), rest.trim().to_string())).collect())
        })
        .filter(|block| !block.0.is_empty())
        .collect()
}

/// The generator of models/README.md, its upper 16 bits.
pub fn lcg(seed: u32) -> impl Iterator<Item = i16> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i16
    })
}

/// Samples by a `clip` line's rule.
pub fn clip(rule: &str, samples: usize) -> Vec<i16> {
    let words: Vec<&str> = rule.split_whitespace().collect();
    let number = |i: usize| words[i].parse::<i32>().unwrap();
    match words[0] {
        "noise" => lcg(number(1) as u32).take(samples).map(|x| x >> number(2)).collect(),
        "square" => (0..samples as i32)
            .map(|i| if i / number(1) % 2 == 0 { number(2) } else { -number(2) } as i16)
            .collect(),
        "constant" => vec![number(1) as i16; samples],
        other => panic!("no rule `{other}`"),
    }
}
