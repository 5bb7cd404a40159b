//! Functions of one 8-bit element, as a table.

use super::pairwise::{Source, each};
use crate::KernelError;

/// Looks every element up: any function from 8 bits to 8 bits.
///
/// ```text
/// output = table[input]        the input's bits taken as unsigned
/// ```
///
/// | buffer   | order | elements       | values   |
/// |----------|-------|----------------|----------|
/// | `table`  | by input, 0 ..= 127, then −128 ..= −1 if signed | 256 | any |
/// | `input`  | any   | as many as `output` | any |
/// | `output` | as `input` |           | of `table` |
///
/// # Exactness
/// That of the table. The compiler makes it with the arithmetic of [`quant`], an entry at a time.
///
/// # Cost
/// One load per element; the table is 256 bytes of flash. No scratch.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn lut_8(table: &[u8], input: Source<'_, u8>, output: &mut [u8]) -> Result<(), KernelError> {
    let table: &[u8; 256] = table.try_into().map_err(|_| KernelError::Length)?;
    each(input, output, |x| table[usize::from(x)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_indexed_by_the_bits() {
        let table: [u8; 256] = core::array::from_fn(|index| !(index as u8));
        let mut output = [0; 3];
        lut_8(&table, Source::Given(&[0, 127, 255]), &mut output).unwrap();
        assert_eq!(output, [255, 128, 0]);
        lut_8(&table, Source::Output, &mut output).unwrap();
        assert_eq!(output, [0, 127, 255]);
    }

    #[test]
    fn wrong_lengths_are_refused() {
        let mut output = [7; 2];
        assert!(lut_8(&[0; 255], Source::Given(&[0, 1]), &mut output).is_err());
        assert!(lut_8(&[0; 256], Source::Given(&[0]), &mut output).is_err());
        assert_eq!(output, [7; 2]);
    }
}
