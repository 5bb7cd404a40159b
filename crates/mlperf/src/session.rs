use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};

use crate::{Device, EnergyWindow, Error, Mode, Outcome, Window, energy};

/// A folder with the files of one run: `results.txt`, `results.json` and `log.txt`, as the official runner leaves them.
#[derive(Clone, Debug)]
pub struct Session {
    folder: PathBuf,
    now: String,
}

impl Session {
    /// A folder below `parent` that is called by the time of day.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn begin(parent: &Path) -> Result<Self, Error> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let now = stamp(since);
        let folder = parent.join(&now);
        fs::create_dir_all(&folder).map_err(|source| Error::Write { path: folder.clone(), source })?;
        Ok(Self { folder, now })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes what was said, whatever came of it.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn log(&self, device: &Device) -> Result<(), Error> {
        self.write("log.txt", &(device.log().join("\n") + "\n"))
    }

    /// Writes the results, and gives the text for people. `obtained` says how: figures of an emulator must not be taken
    /// for a board's.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn results(&self, mode: Mode, obtained: &str, outcome: &Outcome) -> Result<String, Error> {
        let text = text(mode, obtained, &self.clock(), outcome);
        self.write("results.txt", &text)?;
        let data = Value::Array(outcome.windows.iter().map(|window| entry(mode, obtained, window)).collect());
        self.write("results.json", &(data.to_string() + "\n"))?;
        Ok(text)
    }

    /// Writes what a power monitor measured, and gives the text. `invalid` says why it is no submission.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn energy(
        &self,
        obtained: &str,
        windows: &[EnergyWindow],
        invalid: Option<&str>,
    ) -> Result<String, Error> {
        let text = energy::text(obtained, &self.clock(), windows, invalid);
        self.write("results.txt", &text)?;
        Ok(text)
    }

    /// The time as the official lines begin: `1123.072734 `.
    fn clock(&self) -> String {
        let (date, time) = self.now.split_once('_').unwrap_or_default();
        format!("{}.{time} ", date.get(4..).unwrap_or_default())
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|source| Error::Write { path, source })
    }
}

/// `20261123_072718`, UTC.
#[must_use]
pub fn stamp(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that the odd day is a year's last: "Calendrical Calculations", 4th edition, ch. 2.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + u64::from(month < 3);
    format!("{year:04}{month:02}{of_month:02}_{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// What people and the submission's checker read.
fn text(mode: Mode, obtained: &str, clock: &str, outcome: &Outcome) -> String {
    let mut text = format!("Obtained: {obtained}\n");
    let mut official = |line: String| text += &format!("{clock}ulp-mlperf: {line}\n");
    match (mode, outcome.score) {
        (Mode::Accuracy, Some(score)) => {
            official(format!("Top 1% = {:.1}", score.top_1));
            if let Some(auc) = score.auc {
                official(format!("AUC = {auc:.3}"));
            }
        }
        _ => {
            for (index, window) in outcome.windows.iter().enumerate() {
                text += &measured(index + 1, window);
            }
            text += &summary(clock, outcome);
        }
    }
    if let Some(why) = outcome.invalid {
        text += &format!("Not valid for submission: {why}.\n");
    }
    text
}

/// A window's lines.
fn measured(number: usize, window: &Window) -> String {
    let mut text =
        format!("Performance results for window {number}\n    # Inferences : {}\n", window.iterations);
    if let (Some(microseconds), Some(rate)) = (window.microseconds(), window.throughput()) {
        text += &format!(
            "    Runtime: {:?} sec.\n    Throughput: {rate:?} inf./sec.\n",
            microseconds as f64 / 1e6
        );
    }
    if window.is_long_enough() {
        text += "    Runtime requirements have been met.\n";
    }
    text
}

/// The figure of all windows.
fn summary(clock: &str, outcome: &Outcome) -> String {
    let Some(rate) = outcome.throughput else { return String::new() };
    let line = |text: String| format!("{clock}ulp-mlperf: {text}\n");
    if outcome.windows.len() != 5 {
        return line("ERROR 1 - loop_count was not exactly 5.".into());
    }
    if outcome.elapsed < Duration::from_secs(10) {
        return line("ERROR 2 - loop exited before 10 seconds elapsed.".into());
    }
    let rule = line("-".repeat(57));
    format!("{rule}{}{rule}", line(format!("Median throughput is {rate:>10.3} inf./sec.")))
}

/// What programs read: an entry for each window.
fn entry(mode: Mode, obtained: &str, window: &Window) -> Value {
    let Window { row, segments, iterations, warmups, inference } = window;
    let mut infer = Map::new();
    if let Some((begin, end)) = inference.times {
        infer.insert("start_time".into(), begin.into());
        infer.insert("end_time".into(), end.into());
        infer.insert("elapsed_time".into(), end.saturating_sub(begin).into());
    }
    infer.insert("results".into(), inference.results.clone().into());
    infer.insert("total_inferences".into(), 1.into());
    infer.insert("iterations".into(), (*iterations).into());
    infer.insert("warmups".into(), (*warmups).into());
    if let Some(rate) = window.throughput().filter(|_| mode == Mode::Performance) {
        infer.insert("throughput".into(), rate.into());
    }
    let text = |number: usize| number.to_string();
    json!({
        "file": row.file,
        "classes": text(row.classes),
        "class": text(row.class),
        "bytes_to_send": row.window.map(|(bytes, _)| text(bytes)),
        "stride": row.window.map(|(_, stride)| text(stride)),
        "total_length": row.window.map(|_| segments),
        "infer": infer,
        "mode": match mode { Mode::Performance => "p", Mode::Accuracy => "a", Mode::Energy => "e" },
        "obtained": obtained,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inference, Row, Score};

    #[test]
    fn days_are_counted_through_leap_years() {
        for (seconds, expected) in [
            (0, "19700101_000000"),
            (951_782_399, "20000228_235959"),
            (951_782_400, "20000229_000000"),
            (1_795_418_838, "20261123_072718"),
            (4_107_542_400, "21000301_000000"),
        ] {
            assert_eq!(stamp(Duration::from_secs(seconds)), expected);
        }
    }

    fn window(microseconds: u64) -> Window {
        let row = Row { file: "a.bin".into(), classes: 2, class: 1, window: None };
        let inference = Inference { times: Some((1000, 1000 + microseconds)), results: vec![0.25, 0.75] };
        Window { row, segments: 1, iterations: 20, warmups: 5, inference }
    }

    fn outcome(windows: Vec<Window>) -> Outcome {
        let throughput = windows.first().and_then(Window::throughput);
        let elapsed = Duration::from_secs(60);
        Outcome { windows, throughput, score: None, invalid: None, elapsed }
    }

    #[test]
    fn performance_reads_as_the_official_runner_writes_it() {
        let text = text(Mode::Performance, "emulated", "1123.072734 ", &outcome(vec![window(10_500_000); 5]));
        assert!(text.starts_with(
            "Obtained: emulated\nPerformance results for window 1\n    # Inferences : 20\n    Runtime: 10.5 sec.\n    \
             Throughput: 1.9047619047619047 inf./sec.\n    Runtime requirements have been met.\n"
        ), "{text}");
        assert!(
            text.ends_with(
                "1123.072734 ulp-mlperf: ---------------------------------------------------------\n\
             1123.072734 ulp-mlperf: Median throughput is      1.905 inf./sec.\n\
             1123.072734 ulp-mlperf: ---------------------------------------------------------\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn too_few_windows_and_too_short_ones_are_the_official_errors() {
        let few = text(Mode::Performance, "emulated", "", &outcome(vec![window(10_500_000); 4]));
        assert!(few.contains("ERROR 1 - loop_count was not exactly 5."), "{few}");
        let short = Outcome { elapsed: Duration::from_secs(9), ..outcome(vec![window(1_000_000); 5]) };
        let short = text(Mode::Performance, "emulated", "", &short);
        assert!(short.contains("ERROR 2 -") && !short.contains("requirements have been met"), "{short}");
    }

    #[test]
    fn accuracy_reads_as_the_official_runner_writes_it() {
        let score = Some(Score { top_1: 90.2, auc: Some(0.9951) });
        let good = Outcome { score, throughput: None, ..outcome(Vec::new()) };
        let text = text(Mode::Accuracy, "measured", "1123.072734 ", &good);
        assert_eq!(
            text,
            "Obtained: measured\n1123.072734 ulp-mlperf: Top 1% = 90.2\n1123.072734 ulp-mlperf: AUC = 0.995\n"
        );
    }

    #[test]
    fn entries_have_the_official_keys() {
        let entry = entry(Mode::Performance, "emulated", &window(2_000_000));
        assert_eq!(entry["infer"]["elapsed_time"], 2_000_000);
        assert_eq!(entry["infer"]["throughput"], 10.0);
        assert_eq!((&entry["class"], &entry["mode"]), (&json!("1"), &json!("p")));
        assert_eq!(entry["stride"], Value::Null);
    }
}
