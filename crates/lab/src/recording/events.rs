//! Events as they stand in a footer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::stream::{Event, EventKind};

/// An event with names for programs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Stored {
    at: u64,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
enum Kind {
    Edge { input: u8, rising: bool },
    Overload,
    Temperature { celsius: f32 },
    Clock { nanoseconds: u64 },
    Asked { window: u32 },
    Answered { window: u32 },
    Message { text: String },
}

impl From<&Event> for Stored {
    fn from(event: &Event) -> Self {
        let kind = match &event.kind {
            EventKind::Edge { input, rising } => Kind::Edge { input: *input, rising: *rising },
            EventKind::Overload => Kind::Overload,
            EventKind::Temperature(celsius) => Kind::Temperature { celsius: *celsius },
            EventKind::DeviceTime(time) => {
                Kind::Clock { nanoseconds: u64::try_from(time.as_nanos()).unwrap_or(u64::MAX) }
            }
            EventKind::Asked { window } => Kind::Asked { window: *window },
            EventKind::Answered { window } => Kind::Answered { window: *window },
            EventKind::Message(text) => Kind::Message { text: text.clone() },
        };
        Self { at: event.at, kind }
    }
}

impl From<Stored> for Event {
    fn from(stored: Stored) -> Self {
        let kind = match stored.kind {
            Kind::Edge { input, rising } => EventKind::Edge { input, rising },
            Kind::Overload => EventKind::Overload,
            Kind::Temperature { celsius } => EventKind::Temperature(celsius),
            Kind::Clock { nanoseconds } => EventKind::DeviceTime(Duration::from_nanos(nanoseconds)),
            Kind::Asked { window } => EventKind::Asked { window },
            Kind::Answered { window } => EventKind::Answered { window },
            Kind::Message { text } => EventKind::Message(text),
        };
        Self { at: stored.at, kind }
    }
}
