//! A limit, and what a figure says of it.

use serde::{Deserialize, Serialize};

use crate::{
    blame::{Blame, blame},
    file::Limit,
    metric::{Metric, Width},
    quantisation::Loss,
    record::Record,
    verdict::{Figure, Verdict},
};

/// A limit and what it says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Judgement {
    /// What is limited.
    pub metric: Metric,
    /// The limit, in µs, W, µJ, bytes, or as a share.
    pub limit: f64,
    /// The limit as the budget says it.
    pub limit_text: String,
    /// The line that says it.
    pub line: usize,
    /// The figure, in the same unit.
    pub value: Option<f64>,
    /// Its relative error; nothing where it is not known.
    pub error: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// Relative distance from the limit, above 0 when beyond it.
    pub beyond: Option<f64>,
    /// The largest shares of the figure.
    pub blame: Vec<Blame>,
    /// Where the figure is from, what is not known of it, or why there is none.
    pub note: Option<String>,
}

impl Judgement {
    /// Whether something else is to be tried: the limit is not kept, or it is not sure that it is.
    pub(crate) fn wants_a_lever(&self) -> bool {
        matches!(self.verdict, Verdict::Fail | Verdict::TooClose)
    }

    fn new(limit: &Limit, figure: Option<Figure>, note: Option<String>) -> Self {
        let verdict = figure.map_or(Verdict::NotJudged, |figure| figure.judge(limit.value));
        Self {
            metric: limit.metric,
            limit: limit.value,
            limit_text: limit.text.clone(),
            line: limit.at.line,
            // JSON has no infinity.
            value: figure.map(|figure| figure.value.clamp(f64::MIN, f64::MAX)),
            error: figure.and_then(|figure| figure.error),
            verdict,
            beyond: figure.and_then(|figure| figure.beyond(limit.value)).filter(|beyond| beyond.is_finite()),
            blame: Vec::new(),
            note,
        }
    }

    /// What a record says of a limit.
    pub(crate) fn of_record(limit: &Limit, record: &Record, width: Width) -> Self {
        let metric = limit.metric;
        let Some(value) = metric.of(record) else {
            let note = format!("no figure: the record of {} has no {}", record.target, metric.name());
            return Self::new(limit, None, Some(note));
        };
        let error = metric.error(record, width);
        let note = match error {
            Some(_) => None,
            None if metric == Metric::Latency => {
                Some("how far this is to be trusted is not known".to_owned())
            }
            None => Some("never compared with a measured energy: no error bar".to_owned()),
        };
        let mut judged = Self::new(limit, Some(Figure { value, error }), note);
        judged.blame = blame(metric, record, value);
        judged
    }

    /// What the model's file says of a limit; where there is none, the weights that `record` counts.
    pub(crate) fn file_size(limit: &Limit, bytes: Option<u64>, record: Option<&Record>) -> Self {
        let weights = record.and_then(|record| record.total.weight_bytes);
        let (bytes, note) = match (bytes, weights) {
            (Some(bytes), _) => (Some(bytes), None),
            (None, Some(weights)) => {
                (Some(weights), Some("a layer list has no file: weights alone".to_owned()))
            }
            (None, None) => {
                (None, Some("no figure: a layer list has no file, and nothing prices its weights".to_owned()))
            }
        };
        let figure = bytes.map(|bytes| Figure::exact(bytes as f64));
        let mut judged = Self::new(limit, figure, note);
        if let (Some(record), Some(figure)) = (record, figure) {
            judged.blame = blame(limit.metric, record, figure.value);
        }
        judged
    }

    /// What is lost by quantisation, or which data are absent.
    pub(crate) fn quantisation(limit: &Limit, loss: Result<Loss, String>) -> Self {
        match loss {
            Ok(loss) => Self::new(limit, Some(Figure::exact(loss.share)), Some(loss.how)),
            Err(absent) => Self::new(limit, None, Some(absent)),
        }
    }
}
