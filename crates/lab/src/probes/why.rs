//! What `probe-rs` means by an error.

use std::error::Error as StdError;

use probe_rs::{
    Error,
    architecture::arm::{ArmError, DapError},
    probe::DebugProbeError,
};

/// The causes that something can be done about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// Nothing answers, or not any more.
    Silent,
    /// The target says `wait` without an end.
    Waits,
    /// The probe is gone.
    Unplugged,
    /// The target refuses.
    Refused,
    /// The chip would have to be erased first.
    NeedsErase,
    /// A routine did not end in time.
    Timeout,
    /// Something else.
    Other,
}

/// The first cause that is known.
pub fn why(error: &(dyn StdError + 'static)) -> Why {
    let mut next = Some(error);
    let mut known = Why::Other;
    while let Some(error) = next {
        let of = known_cause(error);
        if of != Why::Other {
            known = of;
        }
        next = error.source();
    }
    known
}

fn known_cause(error: &(dyn StdError + 'static)) -> Why {
    if let Some(error) = error.downcast_ref::<DapError>() {
        return of_dap(error);
    }
    if let Some(error) = error.downcast_ref::<ArmError>() {
        return match error {
            ArmError::NoTargetResponse { source } => match known_cause(source.as_ref()) {
                Why::Other => Why::Silent,
                known => known,
            },
            ArmError::MissingPermissions(_) => Why::NeedsErase,
            ArmError::Timeout => Why::Timeout,
            ArmError::Dap(error) => of_dap(error),
            ArmError::Probe(error) => of_probe(error),
            _ => Why::Other,
        };
    }
    if let Some(error) = error.downcast_ref::<DebugProbeError>() {
        return of_probe(error);
    }
    match error.downcast_ref::<Error>() {
        Some(Error::Timeout) => Why::Timeout,
        Some(Error::MissingPermissions(_)) => Why::NeedsErase,
        Some(Error::Arm(error)) => known_cause(error),
        Some(Error::Probe(error)) => of_probe(error),
        _ => Why::Other,
    }
}

fn of_dap(error: &DapError) -> Why {
    match error {
        DapError::NoAcknowledge | DapError::Protocol(_) | DapError::IncorrectParity => Why::Silent,
        DapError::WaitResponse => Why::Waits,
        DapError::FaultResponse => Why::Refused,
    }
}

fn of_probe(error: &DebugProbeError) -> Why {
    match error {
        DebugProbeError::Usb(_) => Why::Unplugged,
        DebugProbeError::TargetNotFound => Why::Silent,
        DebugProbeError::Timeout => Why::Timeout,
        _ => Why::Other,
    }
}

/// An error with all its causes, in one line.
pub fn told(error: &(dyn StdError + 'static)) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !told.ends_with(&cause) {
            told = format!("{}: {cause}", told.trim_end_matches('.'));
        }
        next = error.source();
    }
    told.trim_end_matches('.').to_owned()
}
