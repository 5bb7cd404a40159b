//! The inner loops: some channels of one output pixel from the taps that it reads.

#![cfg_attr(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve"), allow(unsafe_code))]

#[cfg(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve"))]
use core::arch::asm;

/// Channels whose taps are summed side by side where each tap is for one.
pub(super) const LANES: usize =
    if cfg!(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve")) { 4 } else { 1 };

/// The sums of all taps with the filter of a channel, and of the next, if there is one; filters follow each other. Sums wrap.
#[inline]
pub(super) fn rows(taps: &[i8], weights: &[i8], channel: usize) -> [i32; 2] {
    let from = channel.wrapping_mul(taps.len());
    let rows = weights.get(from..).and_then(|rest| rest.split_at_checked(taps.len()));
    let Some((row, rest)) = rows else { return [0; 2] };
    let next = rest.get(..taps.len()).unwrap_or(row);
    let ([mut sum, mut next_sum], mut at) = whole_blocks(taps, row, next);
    while let (Some(&q), Some(&k), Some(&l)) = (taps.get(at), row.get(at), next.get(at)) {
        sum = i32::from(q).wrapping_mul(k.into()).wrapping_add(sum);
        next_sum = i32::from(q).wrapping_mul(l.into()).wrapping_add(next_sum);
        at = at.wrapping_add(1);
    }
    [sum, next_sum]
}

/// The sums of every tap of a channel with its weight, and of those that follow; all channels' stand side by side. There is
/// one channel at least. Sums wrap; those of channels that there are not mean nothing.
#[inline]
pub(super) fn lanes(sums: &mut [i32; LANES], taps: &[i8], weights: &[i8], channel: usize, channels: usize) {
    let weights = weights.get(..taps.len()).unwrap_or_default();
    if channel.wrapping_add(LANES) <= channels && side_by_side(sums, taps, weights, channel, channels) {
        return;
    }
    for (lane, sum) in sums.iter_mut().enumerate().take(channels.wrapping_sub(channel)) {
        *sum = 0;
        let mut at = channel.wrapping_add(lane);
        while let (Some(&q), Some(&k)) = (taps.get(at), weights.get(at)) {
            *sum = i32::from(q).wrapping_mul(k.into()).wrapping_add(*sum);
            at = at.wrapping_add(channels);
        }
    }
}

/// Makes all sums at once; whether the core has instructions for it.
#[cfg(not(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve")))]
const fn side_by_side(_: &mut [i32; LANES], _: &[i8], _: &[i8], _: usize, _: usize) -> bool {
    false
}

/// Makes all sums at once, where there is a tap for each.
#[cfg(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve"))]
fn side_by_side(
    [a, b, c, d]: &mut [i32; LANES],
    taps: &[i8],
    weights: &[i8],
    channel: usize,
    channels: usize,
) -> bool {
    // The first of the four is below it.
    let end = taps.len().min(weights.len()).saturating_sub(LANES - 1);
    if channel >= end {
        return false;
    }
    // SAFETY: four bytes of taps and weights are read from `channel` on, and from each that is a multiple of `channels` further
    // and below `end`, at any alignment; nothing is written.
    unsafe {
        asm!(
            "movs {a}, #0",
            "movs {b}, #0",
            "movs {c}, #0",
            "movs {d}, #0",
            "2:",
            "ldr {q}, [{taps}, {at}]",
            "ldr {k}, [{weights}, {at}]",
            "add {at}, {at}, {channels}",
            "cmp {at}, {end}",
            "sxtb16 {p}, {q}",
            "sxtb16 {l}, {k}",
            "smlabb {a}, {p}, {l}, {a}",
            "smlatt {c}, {p}, {l}, {c}",
            "sxtb16 {p}, {q}, ror #8",
            "sxtb16 {l}, {k}, ror #8",
            "smlabb {b}, {p}, {l}, {b}",
            "smlatt {d}, {p}, {l}, {d}",
            "blo 2b",
            taps = in(reg) taps.as_ptr(),
            weights = in(reg) weights.as_ptr(),
            at = inout(reg) channel => _,
            channels = in(reg) channels,
            end = in(reg) end,
            a = out(reg) *a,
            b = out(reg) *b,
            c = out(reg) *c,
            d = out(reg) *d,
            q = out(reg) _,
            k = out(reg) _,
            l = out(reg) _,
            p = out(reg) _,
            options(nostack, readonly),
        );
    }
    true
}

/// The sums over blocks that the core has instructions for, and how many taps they are.
#[cfg(not(any(kernel_isa = "armv7em", kernel_isa = "armv8_1m_mve")))]
const fn whole_blocks(_: &[i8], _: &[i8], _: &[i8]) -> ([i32; 2], usize) {
    ([0; 2], 0)
}

/// Four taps at a time, as two pairs of halves.
#[cfg(kernel_isa = "armv7em")]
fn whole_blocks(taps: &[i8], row: &[i8], next: &[i8]) -> ([i32; 2], usize) {
    let (mut sum, mut next_sum) = (0, 0);
    let words = taps.len().min(row.len()).min(next.len()) / 4;
    if words > 0 {
        // SAFETY: so many words of each are read, at any alignment, and nothing is written.
        unsafe {
            asm!(
                "2:",
                "ldr {q}, [{taps}], #4",
                "ldr {k}, [{row}], #4",
                "ldr {l}, [{next}], #4",
                "sxtb16 {r}, {q}",
                "sxtb16 {m}, {k}",
                "smlad {sum}, {r}, {m}, {sum}",
                "sxtb16 {m}, {l}",
                "smlad {next_sum}, {r}, {m}, {next_sum}",
                "sxtb16 {q}, {q}, ror #8",
                "sxtb16 {k}, {k}, ror #8",
                "smlad {sum}, {q}, {k}, {sum}",
                "sxtb16 {l}, {l}, ror #8",
                "smlad {next_sum}, {q}, {l}, {next_sum}",
                "subs {words}, {words}, #1",
                "bne 2b",
                taps = inout(reg) taps.as_ptr() => _,
                row = inout(reg) row.as_ptr() => _,
                next = inout(reg) next.as_ptr() => _,
                words = inout(reg) words => _,
                sum = inout(reg) sum,
                next_sum = inout(reg) next_sum,
                q = out(reg) _,
                k = out(reg) _,
                l = out(reg) _,
                r = out(reg) _,
                m = out(reg) _,
                options(nostack, readonly),
            );
        }
    }
    ([sum, next_sum], 4 * words)
}

/// All of them.
#[cfg(kernel_isa = "armv8_1m_mve")]
fn whole_blocks(taps: &[i8], row: &[i8], next: &[i8]) -> ([i32; 2], usize) {
    let (mut sum, mut next_sum) = (0, 0);
    let len = taps.len().min(row.len()).min(next.len());
    // SAFETY: so many bytes of each are read, and nothing is written.
    unsafe {
        asm!(
            "wlstp.8 lr, {len}, 3f",
            "2:",
            "vldrb.s8 q0, [{taps}], #16",
            "vldrb.s8 q1, [{row}], #16",
            "vmladava.s8 r4, q0, q1",
            "vldrb.s8 q1, [{next}], #16",
            "vmladava.s8 r8, q0, q1",
            "letp lr, 2b",
            "3:",
            len = in(reg) len,
            taps = inout(reg) taps.as_ptr() => _,
            row = inout(reg) row.as_ptr() => _,
            next = inout(reg) next.as_ptr() => _,
            inout("r4") sum,
            inout("r8") next_sum,
            out("lr") _,
            out("q0") _,
            out("q1") _,
            options(nostack, readonly),
        );
    }
    ([sum, next_sum], len)
}
