//! Reads the vector files: `name argument … = result …`, one case a line, `#` before a comment.
//! Numbers are decimal, or hexadecimal where they are the bits of a floating-point value.

use quant::{Affine, ZeroPoint};

/// One line of a vector file.
pub struct Case {
    pub name: String,
    pub arguments: Vec<i64>,
    pub results: Vec<i64>,
    pub line: String,
}

/// Every case of a file; panics unless there are some.
pub fn cases(text: &str) -> Vec<Case> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let cases: Vec<Case> = lines.map(case).collect();
    assert!(!cases.is_empty());
    cases
}

fn case(line: &str) -> Case {
    let (call, results) = line.split_once('=').expect("a result");
    let (name, arguments) = call.split_once(' ').expect("a name");
    let line = line.chars().take(120).collect();
    Case { name: name.into(), arguments: numbers(arguments), results: numbers(results), line }
}

fn numbers(text: &str) -> Vec<i64> {
    let number = |word: &str| match word.strip_prefix("0x") {
        Some(bits) => u64::from_str_radix(bits, 16).expect("hexadecimal") as i64,
        None => word.parse().expect("decimal"),
    };
    text.split_whitespace().map(number).collect()
}

#[allow(dead_code)]
impl Case {
    pub fn int(&self, index: usize) -> i32 {
        self.arguments[index].try_into().expect("an i32")
    }

    pub fn float(&self, index: usize) -> f32 {
        f32::from_bits(self.arguments[index].try_into().expect("32 bits"))
    }

    pub fn affine(&self, index: usize) -> Affine {
        Affine { scale: self.float(index), zero: ZeroPoint(self.int(index + 1)) }
    }

    /// The arguments from `index` on.
    pub fn ints(&self, index: usize) -> Vec<i32> {
        (index..self.arguments.len()).map(|at| self.int(at)).collect()
    }

    /// The arguments from `index` on, two by two.
    pub fn pairs(&self, index: usize) -> Vec<(i32, i32)> {
        self.ints(index).chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    }

    #[track_caller]
    pub fn expect<T: Into<i64>>(&self, results: impl IntoIterator<Item = T>) {
        let results: Vec<i64> = results.into_iter().map(Into::into).collect();
        assert_eq!(results, self.results, "{}", self.line);
    }
}
