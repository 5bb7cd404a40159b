//! What makes a layer's outputs where the inner loops are in assembler.

#![allow(unsafe_code)]

use core::{marker::PhantomData, mem::MaybeUninit};

use quant::{Halving, ZeroPoint};

use super::{PADDING, Walk, own::scale};
use crate::arch::compact::CompactOutput;

/// Makes the sums of channels from the first to the end. Sums wrap.
///
/// # Safety
/// There are taps of which the walk's span can be read, weights for each with [`PADDING`] after the last, and
/// room for as many sums in whole vectors of eight. The first is a multiple of four, and before the end.
pub(crate) type Sums = unsafe extern "C" fn(
    sums: *mut i32,
    taps: *const i8,
    weights: *const i8,
    walk: *const Walk,
    first: usize,
    end: usize,
);

/// Channels whose sums are made before the first is scaled.
const BLOCK: usize = 32;

/// What sums become: [`scale`] reads it.
#[repr(C)]
pub(crate) struct Scale {
    heads: *const u8,
    exponents: *const u8,
    centre: i32,
    min: i32,
    max: i32,
}

/// What makes the outputs of a layer, pixel by pixel.
pub(crate) struct Outputs<'a> {
    make: Sums,
    scale: Scale,
    weights: *const i8,
    channels: usize,
    sums: MaybeUninit<[i32; BLOCK]>,
    constants: PhantomData<&'a [u8]>,
}

impl<'a> Outputs<'a> {
    /// Those of so many channels and weights: 16 bits of channels, each with 15 bits of weights, so that no sum overflows.
    pub(crate) fn new(
        make: Sums,
        output: &CompactOutput,
        constants: &'a [u8],
        [channels, weights]: [usize; 2],
    ) -> Option<Self> {
        let heads = constants.as_ptr();
        let bytes = channels.wrapping_mul(9).wrapping_add(weights).wrapping_add(PADDING);
        if constants.len() != bytes || !heads.cast::<i32>().is_aligned() {
            return None;
        }
        let exponents = heads.wrapping_add(8 * channels);
        let scale = Scale {
            heads,
            exponents,
            centre: Halving::centre(ZeroPoint(output.output_zero.into())),
            min: output.min.into(),
            max: output.max.into(),
        };
        let weights = exponents.wrapping_add(channels).cast();
        Some(Self { make, scale, weights, channels, sums: MaybeUninit::uninit(), constants: PhantomData })
    }

    /// Those of one pixel from the taps that it reads: a walk of as many as there are weights for each channel.
    #[inline(never)]
    pub(crate) fn pixel(&mut self, walk: &Walk, taps: &[i8], pixel: &mut [i8]) {
        if taps.len() < walk.span || pixel.len() != self.channels {
            return;
        }
        let sums = self.sums.as_mut_ptr().cast();
        let mut first = 0;
        while first < self.channels {
            let end = self.channels.min(first + BLOCK);
            // SAFETY: the span was compared; `new` has compared the constants' length with what all channels and weights take,
            // and of those are the walk's. There is room for `BLOCK` sums, which eight divides; those that are scaled were made.
            unsafe {
                (self.make)(sums, taps.as_ptr(), self.weights, walk, first, end);
                scale(sums, pixel.as_mut_ptr(), &raw const self.scale, first, end);
            }
            first = end;
        }
    }
}
