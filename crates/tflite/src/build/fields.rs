//! How a field of an options table is written, and drawn by lot.

use super::Value;
use crate::mutate::Rng;
use crate::{Activation, DType, LstmKernel, MirrorPadMode, Padding, WeightsFormat};

/// A type that can be a field of an options table.
pub(crate) trait WriteField: PartialEq + Sized {
    /// What is written; nothing when it is what an absent field means.
    fn value(&self, absent: &Self) -> Option<Value> {
        (self != absent).then(|| self.written())
    }
    /// What is written when it has to be.
    fn written(&self) -> Value;
    /// A value drawn by lot, often the likeliest default.
    fn sample(rng: &mut Rng) -> Self;
}

macro_rules! enumerations {
    ($($kind:ty)*) => {$(
        impl WriteField for $kind {
            fn written(&self) -> Value {
                Value::I8(self.code())
            }
            fn sample(rng: &mut Rng) -> Self {
                *rng.pick(Self::ALL)
            }
        }
    )*};
}

enumerations!(Activation DType LstmKernel MirrorPadMode Padding WeightsFormat);

impl WriteField for bool {
    fn written(&self) -> Value {
        Value::I8((*self).into())
    }
    fn sample(rng: &mut Rng) -> Self {
        rng.chance(2)
    }
}

impl WriteField for i32 {
    fn written(&self) -> Value {
        Value::I32(*self)
    }
    fn sample(rng: &mut Rng) -> Self {
        *rng.pick(&[0, 1, 1, 2, 3, -1, i32::MIN, i32::MAX])
    }
}

impl WriteField for u32 {
    fn written(&self) -> Value {
        Value::U32(*self)
    }
    fn sample(rng: &mut Rng) -> Self {
        *rng.pick(&[0, 1, 2, u32::MAX])
    }
}

impl WriteField for i64 {
    fn written(&self) -> Value {
        Value::I64(*self)
    }
    fn sample(rng: &mut Rng) -> Self {
        *rng.pick(&[0, 1, -1, i64::MIN, i64::MAX])
    }
}

impl WriteField for f32 {
    /// Compares bits, because −0 is not what an absent 0 means.
    fn value(&self, absent: &Self) -> Option<Value> {
        (self.to_bits() != absent.to_bits()).then(|| self.written())
    }
    fn written(&self) -> Value {
        Value::F32(*self)
    }
    fn sample(rng: &mut Rng) -> Self {
        *rng.pick(&[0.0, -0.0, 1.0, 0.2, f32::MIN_POSITIVE, f32::INFINITY])
    }
}

impl WriteField for Vec<i32> {
    fn written(&self) -> Value {
        Value::I32s(self.clone())
    }
    fn sample(rng: &mut Rng) -> Self {
        rng.list(5, i32::sample)
    }
}

impl WriteField for Vec<f32> {
    fn written(&self) -> Value {
        Value::F32s(self.clone())
    }
    fn sample(rng: &mut Rng) -> Self {
        rng.list(5, f32::sample)
    }
}

impl WriteField for String {
    fn written(&self) -> Value {
        Value::Bytes(self.clone().into_bytes())
    }
    fn sample(rng: &mut Rng) -> Self {
        String::from(*rng.pick(&[
            "",
            "main",
            "conv/weights",
            "größe",
            "a name that is longer than most of them",
        ]))
    }
}
