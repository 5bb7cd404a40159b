//! The cosine transform that turns a log-mel row into cepstral coefficients.

use quant::rounding::{round_half_up_shift_right_i64, saturate_i32};

/// One orthonormal DCT-II coefficient per output: `Σ row[j] · table[i][j] / 2^15`, rounded once.
///
/// `table` is row by row, as many rows as `out` has elements; a row of no elements gives nothing to do.
pub(crate) fn dct2(row: &[i32], table: &[i16], out: &mut [i32]) {
    for (value, cosines) in out.iter_mut().zip(table.chunks_exact(row.len().max(1))) {
        let sum: i64 = row.iter().zip(cosines).map(|(&x, &c)| i64::from(x) * i64::from(c)).sum();
        *value = saturate_i32(round_half_up_shift_right_i64(sum, 15));
    }
}
