use std::time::{Duration, Instant};

use crate::{
    instruments::line::{Line, excerpt, lost},
    stream::Error,
};

/// How long a command may take; a voltage is followed by a calibration.
const PATIENCE: Duration = Duration::from_secs(5);
const WRONG_SPEED: &str = "this is no text: the line's speed has to be 3686400 baud";
const WRONG_DEVICE: &str = "this is no LPM01A: name another line";

/// Sends a command and waits for its acknowledgement; the lines that came with it.
///
/// # Errors
/// [`Error::Silent`], [`Error::Answer`]; [`Error::Disconnected`].
pub fn command(line: &mut dyn Line, command: &str) -> Result<Vec<String>, Error> {
    line.write(format!("{command}\n").as_bytes()).map_err(|_| lost(0))?;
    let (asked, mut heard, mut piece) = (Instant::now(), Vec::new(), [0; 512]);
    while asked.elapsed() < PATIENCE && heard.len() < 1 << 16 {
        let read = line.read(&mut piece, Duration::from_millis(50)).map_err(|_| lost(0))?;
        heard.extend_from_slice(piece.get(..read).unwrap_or_default());
        // The prompt, or a pause, after the acknowledgement.
        if read == 0 || heard.ends_with(b"> ") {
            match verdict(command, &heard) {
                Verdict::Done(lines) => return Ok(lines),
                Verdict::Refused(answer) => return Err(refused(command, answer)),
                Verdict::Unknown => {}
            }
        }
        if (read == 0 || heard.len() > 64) && is_noise(&heard) {
            return Err(answered(command, &heard, WRONG_SPEED));
        }
    }
    match heard.is_empty() {
        true => Err(Error::Silent { asked: command.to_owned(), waited: PATIENCE }),
        false => Err(answered(command, &heard, WRONG_DEVICE)),
    }
}

/// Waits for the acknowledgement of `start`; what came behind it.
///
/// # Errors
/// As [`command`].
pub fn acknowledged_start(line: &mut dyn Line) -> Result<Vec<u8>, Error> {
    let (asked, mut heard, mut piece) = (Instant::now(), Vec::new(), [0; 512]);
    while asked.elapsed() < PATIENCE && heard.len() < 1 << 12 {
        let read = line.read(&mut piece, Duration::from_millis(50)).map_err(|_| lost(0))?;
        heard.extend_from_slice(piece.get(..read).unwrap_or_default());
        let after = |word: &[u8]| {
            let start = heard.windows(word.len()).position(|it| it == word)?;
            let end = heard.get(start..)?.iter().position(|byte| *byte == b'\n')?;
            heard.get(start + end + 1..)
        };
        if let Some(rest) = after(b"ack start") {
            return Ok(rest.to_vec());
        }
        if after(b"error start").is_some() {
            return Err(refused("start", excerpt(&heard)));
        }
    }
    Err(Error::Silent { asked: "start".into(), waited: PATIENCE })
}

enum Verdict {
    Done(Vec<String>),
    Refused(String),
    Unknown,
}

/// What the lines that have come so far say of a command.
fn verdict(command: &str, heard: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(heard);
    let lines = text.lines().map(|line| line.trim_start_matches("PowerShield >").trim());
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let name = command.split(' ').next().unwrap_or_default();
    let about = |line: &str, word: &str| {
        line.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with(name))
    };
    if let Some(at) = lines.iter().position(|line| about(line, "error")) {
        return Verdict::Refused(lines.get(at..).unwrap_or_default().join("; "));
    }
    match lines.iter().position(|line| about(line, "ack")) {
        Some(at) => Verdict::Done(
            lines.get(at + 1..).unwrap_or_default().iter().map(|&line| line.to_owned()).collect(),
        ),
        None => Verdict::Unknown,
    }
}

fn refused(command: &str, answer: String) -> Error {
    let advice = "the instrument refuses it: is its firmware up to date, and is the value one that it knows?";
    Error::Answer { asked: command.to_owned(), answer, advice }
}

fn answered(command: &str, heard: &[u8], advice: &'static str) -> Error {
    Error::Answer { asked: command.to_owned(), answer: excerpt(heard), advice }
}

/// Too many of the bytes are no characters of a text.
fn is_noise(heard: &[u8]) -> bool {
    let strange =
        heard.iter().filter(|byte| !matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t' | 0)).count();
    strange * 4 > heard.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_ends_a_command_and_brings_its_lines() {
        let heard = b"PowerShield > ack version\r\n1.0.6\r\nPowerShield > ";
        let Verdict::Done(lines) = verdict("version", heard) else { panic!("not done") };
        assert_eq!(lines, ["1.0.6"]);
    }

    #[test]
    fn a_refusal_has_its_reason() {
        let heard = b"error volt 9\r\nError detail: out of range\r\n";
        let Verdict::Refused(why) = verdict("volt 9", heard) else { panic!("not refused") };
        assert_eq!(why, "error volt 9; Error detail: out of range");
    }

    #[test]
    fn an_answer_to_something_else_is_none() {
        assert!(matches!(verdict("volt 3300m", b"ack htc\r\n"), Verdict::Unknown));
    }

    #[test]
    fn noise_is_told_from_text() {
        assert!(is_noise(b"\xa5\x91\x80\xff\xfe\x11\x12\x90"));
        assert!(!is_noise(b"PowerShield > ack htc\r\n") && !is_noise(b""));
    }
}
