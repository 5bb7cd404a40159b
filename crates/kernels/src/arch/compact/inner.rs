//! The inner loops.

#![cfg_attr(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve"), allow(unsafe_code))]

#[cfg(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve"))]
use core::arch::asm;

/// Channels that a depthwise convolution sums side by side.
pub(super) const LANES: usize = 32;

/// Σ q · k over two slices of one length; wraps.
#[inline(never)]
pub(super) fn dot(q: &[i8], k: &[i8]) -> i32 {
    let (sum, q, k) = whole_blocks(q, k);
    q.iter().zip(k).fold(sum, |sum, (&q, &k)| sum.wrapping_add(i32::from(q) * i32::from(k)))
}

/// The sum over blocks that the core has instructions for, and what is left.
#[cfg(not(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve")))]
const fn whole_blocks<'s>(q: &'s [i8], k: &'s [i8]) -> (i32, &'s [i8], &'s [i8]) {
    (0, q, k)
}

/// Four bytes at a time, as two pairs of halves.
#[cfg(kernel_isa = "armv7em")]
fn whole_blocks<'s>(q: &'s [i8], k: &'s [i8]) -> (i32, &'s [i8], &'s [i8]) {
    let ((q, q_rest), (k, k_rest)) = (q.as_chunks::<4>(), k.as_chunks::<4>());
    let mut sum = 0;
    let words = q.len().min(k.len());
    if words > 0 {
        // SAFETY: so many words of either are read, at any alignment, and nothing is written.
        unsafe {
            asm!(
                "2:",
                "ldr {a}, [{q}], #4",
                "ldr {b}, [{k}], #4",
                "sxtb16 {c}, {a}",
                "sxtb16 {d}, {b}",
                "smlad {sum}, {c}, {d}, {sum}",
                "sxtb16 {a}, {a}, ror #8",
                "sxtb16 {b}, {b}, ror #8",
                "smlad {sum}, {a}, {b}, {sum}",
                "subs {words}, {words}, #1",
                "bne 2b",
                q = inout(reg) q.as_ptr() => _,
                k = inout(reg) k.as_ptr() => _,
                words = inout(reg) words => _,
                sum = inout(reg) sum,
                a = out(reg) _,
                b = out(reg) _,
                c = out(reg) _,
                d = out(reg) _,
                options(nostack, readonly),
            );
        }
    }
    (sum, q_rest, k_rest)
}

/// All of them.
#[cfg(kernel_isa = "armv8_1m_mve")]
fn whole_blocks<'s>(q: &'s [i8], k: &'s [i8]) -> (i32, &'s [i8], &'s [i8]) {
    (crate::arch::armv8_1m_mve::dot(q, k), &[], &[])
}

/// Adds `(q − zero) · k` to the first `lanes` sums.
#[inline(never)]
pub(super) fn accumulate(sums: &mut [i32; LANES], q: &[i8], k: &[i8], lanes: usize, zero: i8) {
    let lanes = lanes.min(LANES).min(q.len()).min(k.len());
    let done = accumulate_blocks(sums, q, k, lanes, zero);
    let sums = sums.get_mut(done..lanes).unwrap_or_default();
    let (q, k) = (q.get(done..).unwrap_or_default(), k.get(done..).unwrap_or_default());
    for ((sum, &q), &k) in sums.iter_mut().zip(q).zip(k) {
        *sum = sum.wrapping_add((i32::from(q) - i32::from(zero)) * i32::from(k));
    }
}

/// Adds to as many of the `lanes` first sums as the core has instructions for; no slice is shorter. Tells how many.
#[cfg(not(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve")))]
const fn accumulate_blocks(_: &mut [i32; LANES], _: &[i8], _: &[i8], _: usize, _: i8) -> usize {
    0
}

#[cfg(kernel_isa = "armv7em")]
fn accumulate_blocks(sums: &mut [i32; LANES], q: &[i8], k: &[i8], lanes: usize, zero: i8) -> usize {
    let words = lanes / 4;
    if words > 0 {
        let minus_zero = i32::from(zero).wrapping_neg() as u32 & 0xffff;
        // SAFETY: so many words of `q` and `k` are read, at any alignment, and four times as many sums written, which the
        // caller has counted.
        unsafe {
            asm!(
                "2:",
                "ldr {a}, [{q}], #4",
                "ldr {b}, [{k}], #4",
                "sxtab16 {c}, {zero}, {a}",
                "sxtb16 {d}, {b}",
                "sxtab16 {a}, {zero}, {a}, ror #8",
                "sxtb16 {b}, {b}, ror #8",
                "ldr {sum}, [{sums}]",
                "smlabb {sum}, {c}, {d}, {sum}",
                "str {sum}, [{sums}], #4",
                "ldr {sum}, [{sums}]",
                "smlabb {sum}, {a}, {b}, {sum}",
                "str {sum}, [{sums}], #4",
                "ldr {sum}, [{sums}]",
                "smlatt {sum}, {c}, {d}, {sum}",
                "str {sum}, [{sums}], #4",
                "ldr {sum}, [{sums}]",
                "smlatt {sum}, {a}, {b}, {sum}",
                "str {sum}, [{sums}], #4",
                "subs {words}, {words}, #1",
                "bne 2b",
                q = inout(reg) q.as_ptr() => _,
                k = inout(reg) k.as_ptr() => _,
                sums = inout(reg) sums.as_mut_ptr() => _,
                words = inout(reg) words => _,
                zero = in(reg) minus_zero | minus_zero << 16,
                sum = out(reg) _,
                a = out(reg) _,
                b = out(reg) _,
                c = out(reg) _,
                d = out(reg) _,
                options(nostack),
            );
        }
    }
    4 * words
}

#[cfg(kernel_isa = "armv8_1m_mve")]
fn accumulate_blocks(sums: &mut [i32; LANES], q: &[i8], k: &[i8], lanes: usize, zero: i8) -> usize {
    // SAFETY: so many bytes of `q` and `k` are read and so many sums written, which the caller has counted.
    unsafe {
        asm!(
            "wlstp.32 lr, {lanes}, 3f",
            "2:",
            "vldrb.s32 q0, [{q}], #4",
            "vldrb.s32 q1, [{k}], #4",
            "vldrw.u32 q2, [{sums}]",
            "vadd.i32 q0, q0, {zero}",
            "vmul.i32 q0, q0, q1",
            "vadd.i32 q2, q2, q0",
            "vstrw.32 q2, [{sums}], #16",
            "letp lr, 2b",
            "3:",
            lanes = in(reg) lanes,
            zero = in(reg) i32::from(zero).wrapping_neg(),
            q = inout(reg) q.as_ptr() => _,
            k = inout(reg) k.as_ptr() => _,
            sums = inout(reg) sums.as_mut_ptr() => _,
            out("lr") _,
            out("q0") _,
            out("q1") _,
            out("q2") _,
            options(nostack),
        );
    }
    lanes
}
