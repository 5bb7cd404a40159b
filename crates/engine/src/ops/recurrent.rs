//! SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM, which remember earlier runs.
//!
//! Operands of SVDF, in order: output, state (written), input, feature weights, time weights, bias (may be absent).
//!
//! Operands of UNIDIRECTIONAL_SEQUENCE_LSTM, in order: output, hidden state (written), cell state (written), input;
//! then of the input, forget, cell and output gate, four by four: weights over the input, weights over the
//! hidden state, biases.

use kernels::reference::{
    Lstm, LstmF32, LstmState, LstmWeights, Svdf, SvdfF32, SvdfWeights, lstm_f32, lstm_s8, lstm_s16, svdf,
    svdf_f32,
};

use crate::memory::{elements, elements_mut};

macro_rules! svdf {
    ($($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path;)*) => {$(
        operator! {
            $(#[$doc])*
            $name($params), |this, io| {
                let ([output, state], [input, feature, time, bias]) = io.split([0, 1], [2, 3, 4, 5])?;
                let weights = SvdfWeights {
                    feature: elements(feature, 3)?,
                    time: elements(time, 4)?,
                    bias: elements(bias, 5)?,
                };
                $kernel(
                    &this.0,
                    elements(input, 2)?,
                    weights,
                    elements_mut(state, 1)?,
                    elements_mut(output, 0)?,
                )?;
            }
        }
    )*};
}

svdf! {
    /// SVDF on int8 with an int8 state.
    SvdfS8(Svdf) = svdf::<i8>;
    /// SVDF on int8 with an int16 state.
    SvdfS16(Svdf) = svdf::<i16>;
    /// SVDF on float32.
    SvdfReal(SvdfF32) = svdf_f32;
}

macro_rules! lstm {
    ($($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path;)*) => {$(
        operator! {
            $(#[$doc])*
            $name($params), |this, io| {
                let ([output, hidden, cell], [input, w0, w1, w2, w3, h0, h1, h2, h3, b0, b1, b2, b3]) =
                    io.split([0, 1, 2], [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])?;
                let weights = LstmWeights {
                    input: [elements(w0, 4)?, elements(w1, 5)?, elements(w2, 6)?, elements(w3, 7)?],
                    hidden: [elements(h0, 8)?, elements(h1, 9)?, elements(h2, 10)?, elements(h3, 11)?],
                    bias: [elements(b0, 12)?, elements(b1, 13)?, elements(b2, 14)?, elements(b3, 15)?],
                };
                let state = LstmState { hidden: elements_mut(hidden, 1)?, cell: elements_mut(cell, 2)? };
                $kernel(&this.0, elements(input, 3)?, weights, state, elements_mut(output, 0)?)?;
            }
        }
    )*};
}

lstm! {
    /// UNIDIRECTIONAL_SEQUENCE_LSTM on int8.
    LstmS8(Lstm) = lstm_s8;
    /// UNIDIRECTIONAL_SEQUENCE_LSTM on int16 with int8 weights.
    LstmS16(Lstm) = lstm_s16;
    /// UNIDIRECTIONAL_SEQUENCE_LSTM on float32.
    LstmReal(LstmF32) = lstm_f32;
}
