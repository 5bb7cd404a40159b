//! Two 16-bit halves in one word.

#![cfg_attr(kernel_isa = "armv7em", allow(unsafe_code))]

use quant::Halving;

/// `low` and `high`, each cut to 16 bits.
#[inline]
pub(super) const fn pack(low: i32, high: i32) -> u32 {
    (low as u32 & 0xffff) | (high as u32) << 16
}

/// Bytes 0 and 2 of `bytes`, each sign-extended and added to its half of `halves`.
#[cfg(kernel_isa = "armv7em")]
#[inline]
pub(super) fn add_even_bytes(halves: u32, bytes: u32) -> u32 {
    let out;
    // SAFETY: the instruction reads and writes the named registers only; build.rs admits this on cores that have it.
    unsafe {
        core::arch::asm!("sxtab16 {out}, {halves}, {bytes}", out = lateout(reg) out, halves = in(reg) halves,
            bytes = in(reg) bytes, options(pure, nomem, nostack, preserves_flags));
    };
    out
}

/// Bytes 1 and 3 of `bytes`, each sign-extended and added to its half of `halves`.
#[cfg(kernel_isa = "armv7em")]
#[inline]
pub(super) fn add_odd_bytes(halves: u32, bytes: u32) -> u32 {
    let out;
    // SAFETY: as for `add_even_bytes`.
    unsafe {
        core::arch::asm!("sxtab16 {out}, {halves}, {bytes}, ror #8", out = lateout(reg) out, halves = in(reg) halves,
            bytes = in(reg) bytes, options(pure, nomem, nostack, preserves_flags));
    };
    out
}

#[cfg(not(kernel_isa = "armv7em"))]
pub(super) const fn add_even_bytes(halves: u32, bytes: u32) -> u32 {
    let low = (halves as i16).wrapping_add(bytes as i8 as i16);
    let high = ((halves >> 16) as i16).wrapping_add((bytes >> 16) as i8 as i16);
    pack(low as i32, high as i32)
}

#[cfg(not(kernel_isa = "armv7em"))]
pub(super) const fn add_odd_bytes(halves: u32, bytes: u32) -> u32 {
    add_even_bytes(halves, bytes.rotate_right(8))
}

/// SMLAD: the products of the halves of `a` and `b`, added to `sum`.
#[cfg(not(kernel_isa = "armv7em"))]
pub(super) const fn dual(a: u32, b: u32, sum: u32) -> u32 {
    let low = a as i16 as i32 * b as i16 as i32;
    let high = (a >> 16) as i16 as i32 * (b >> 16) as i16 as i32;
    sum.wrapping_add(low as u32).wrapping_add(high as u32)
}

/// Four elements as `2 · (q − zero)`: the even ones and the odd ones, two halves each. `base` is `−2 · zero` in both
/// halves.
#[inline]
pub(super) fn widen(base: u32, quad: &[i8; 4]) -> [u32; 2] {
    let bytes = u32::from_le_bytes(quad.map(|q| q as u8));
    let (even, odd) = (add_even_bytes(base, bytes), add_odd_bytes(base, bytes));
    [add_even_bytes(even, bytes), add_odd_bytes(odd, bytes)]
}

/// One element as `2 · (q − zero)`, cut to 16 bits.
#[inline]
pub(super) const fn widen_one(zero: i32, q: i8) -> i32 {
    (q as i32).wrapping_sub(zero).wrapping_mul(2)
}

/// `−2 · zero` in both halves.
#[inline]
pub(super) const fn base(zero: i32) -> u32 {
    let twice = widen_one(zero, 0);
    pack(twice, twice)
}

/// A [`Halving`] with the zero point that it adds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaling {
    mantissa: i32,
    exponent: u32,
    /// One half and the zero point, in units of the second rounding.
    middle: i32,
}

impl Scaling {
    /// `centre` is as [`Halving::centre`] gives it.
    pub(super) const fn new(halving: Halving, centre: i32) -> Self {
        let exponent = halving.exponent as u32 & 31;
        Self { mantissa: halving.mantissa, exponent, middle: centre.wrapping_shl(exponent) }
    }

    /// As [`Halving::scale`].
    #[inline]
    pub(super) fn scale(self, doubled: i32) -> i32 {
        let sum = multiply_add_high(doubled, self.mantissa, self.middle).wrapping_add(doubled >> 31);
        (sum >> self.exponent) >> 1
    }
}

/// `a · b / 2^32`, rounded to nearest, plus `sum`; wraps.
#[cfg(kernel_isa = "armv7em")]
#[inline]
fn multiply_add_high(a: i32, b: i32, sum: i32) -> i32 {
    let out;
    // SAFETY: as for `add_even_bytes`.
    unsafe {
        core::arch::asm!("smmlar {out}, {a}, {b}, {sum}", out = lateout(reg) out, a = in(reg) a, b = in(reg) b,
            sum = in(reg) sum, options(pure, nomem, nostack, preserves_flags));
    };
    out
}

#[cfg(not(kernel_isa = "armv7em"))]
const fn multiply_add_high(a: i32, b: i32, sum: i32) -> i32 {
    let high = (a as i64 * b as i64 + (1 << 31)) >> 32;
    (high as i32).wrapping_add(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quads_widen_as_elements_do() {
        for zero in [-128, -1, 0, 5, 127] {
            for quad in [[0, 1, -1, 127], [-128, -128, -128, -128], [127, -128, 3, -7], [-1, -1, -1, -1]] {
                let [a, b, c, d] = quad.map(|q| widen_one(zero, q));
                assert_eq!(widen(base(zero), &quad), [pack(a, c), pack(b, d)], "{zero} {quad:?}");
            }
        }
        assert_eq!(widen(base(-128), &[127, -128, 127, -128]), [510 << 16 | 510, 0]);
    }

    #[test]
    fn scalings_are_halvings() {
        for mantissa in [0, 1 << 30, 0x5555_5555, i32::MAX] {
            for exponent in [0, 1, 7, 22] {
                let halving = Halving { mantissa, exponent };
                for centre in [1, -255, 255, 3] {
                    for doubled in [0, 2, -2, 6, -6, 12346, -998_876, i32::MAX - 1, i32::MIN] {
                        let scaled = Scaling::new(halving, centre).scale(doubled);
                        assert_eq!(scaled, halving.scale(doubled, centre), "{halving:?} {centre} {doubled}");
                    }
                }
            }
        }
    }
}
