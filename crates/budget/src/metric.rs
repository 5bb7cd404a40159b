//! What a budget can limit, and where a record says it.

use serde::{Deserialize, Serialize};

use crate::{
    record::{Obtained, Record},
    unit::Dimension,
};

/// What is limited.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// From call to answer.
    Latency,
    /// Energy over time.
    AveragePower,
    /// In the hungriest step.
    PeakPower,
    /// For one answer.
    Energy,
    /// Most activations and scratch alive at once.
    PeakMemory,
    /// The model as it is shipped.
    FileSize,
    /// What int8 answers lose against float ones.
    QuantisationLoss,
}

/// Which error bar a verdict uses.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Width {
    /// Half of the held-out figures lie within it.
    #[default]
    Median,
    /// Nine of ten do. Known for latency; energy has its median only.
    P90,
}

impl Metric {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Latency,
        Self::AveragePower,
        Self::PeakPower,
        Self::Energy,
        Self::PeakMemory,
        Self::FileSize,
        Self::QuantisationLoss,
    ];

    /// The key in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::AveragePower => "average_power",
            Self::PeakPower => "peak_power",
            Self::Energy => "energy",
            Self::PeakMemory => "peak_memory",
            Self::FileSize => "file_size",
            Self::QuantisationLoss => "quantisation_loss",
        }
    }

    /// The words in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::AveragePower => "average power",
            Self::PeakPower => "peak power",
            Self::Energy => "energy",
            Self::PeakMemory => "peak memory",
            Self::FileSize => "file size",
            Self::QuantisationLoss => "quantisation loss",
        }
    }

    /// What kind of quantity it is.
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Latency => Dimension::Time,
            Self::AveragePower | Self::PeakPower => Dimension::Power,
            Self::Energy => Dimension::Energy,
            Self::PeakMemory | Self::FileSize => Dimension::Size,
            Self::QuantisationLoss => Dimension::Share,
        }
    }

    /// Whether it is a figure of the model alone, the same on every machine.
    pub const fn of_the_model(self) -> bool {
        matches!(self, Self::FileSize | Self::QuantisationLoss)
    }

    /// The figure in a record; nothing where the record has none.
    pub fn of(self, record: &Record) -> Option<f64> {
        let total = &record.total;
        match self {
            Self::Latency => total.microseconds,
            Self::Energy => total.microjoules,
            Self::AveragePower => record.power.map(|power| power.average_w).or_else(|| {
                let time = total.microseconds.filter(|time| *time > 0.0)?;
                Some(total.microjoules? / time)
            }),
            Self::PeakPower => record.power.map(|power| power.peak_w),
            Self::PeakMemory => total.arena_bytes.map(|bytes| bytes as f64),
            Self::FileSize | Self::QuantisationLoss => None,
        }
    }

    /// The relative error of the figure in a record; nothing where it is not known.
    ///
    /// Bytes are counted, and a measurement is what the limit is about: both are taken as they are, unless a
    /// measurement brings an error of its own.
    pub fn error(self, record: &Record, width: Width) -> Option<f64> {
        let bar = record.error.as_ref();
        let measured = record.obtained == Obtained::Measured && bar.is_none();
        match self {
            _ if measured => Some(0.0),
            Self::PeakMemory | Self::FileSize | Self::QuantisationLoss => Some(0.0),
            Self::Latency => bar.map(|bar| match width {
                Width::Median => bar.latency_median,
                Width::P90 => bar.latency_p90,
            }),
            // 0 stands for: nothing was compared.
            Self::Energy | Self::AveragePower | Self::PeakPower => {
                bar.map(|bar| bar.energy_median).filter(|median| *median > 0.0)
            }
        }
    }
}
