//! What is recorded of every measurement, beside its samples.

use std::time::{SystemTime, UNIX_EPOCH};

use lab::{
    recording::{Acquisition, Identity, Metadata, WindowPlan},
    stream::{Applied, Instrument, Setup},
};

use super::{Args, Marks};
use crate::model::Model;

/// What was asked for, of which model and board, and when.
pub fn metadata(args: &Args, model: &Model, board: &str, begun: SystemTime) -> Metadata {
    Metadata {
        schema: 1,
        begun: mlperf::stamp(begun.duration_since(UNIX_EPOCH).unwrap_or_default()),
        model: Some(Identity { name: model.name.clone(), sha256: golden::sha256(&model.bytes) }),
        board: Some(board.to_owned()),
        windows: WindowPlan {
            expected: args.windows,
            inferences: args.inferences.unwrap_or(1),
            seconds: args.seconds,
            ..WindowPlan::default()
        },
        tools: [("microjoule".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        ..Metadata::default()
    }
}

/// Adds the instrument, and how it finds windows that an image marks so.
pub fn measured_by(
    metadata: &mut Metadata,
    args: &Args,
    instrument: &dyn Instrument,
    (setup, applied): (&Setup, Applied),
    marks: Marks,
) {
    metadata.acquisition = Acquisition::new(instrument, setup.mode, applied);
    metadata.acquisition.volts_uncertainty = args.volts_uncertainty;
    metadata.windows.marking = args.marking(instrument.capabilities(), marks);
}
