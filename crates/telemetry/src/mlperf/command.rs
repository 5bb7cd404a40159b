/// What a command may be long. Runners send 65 characters at most, people paste more.
pub const COMMAND_BYTES: usize = 256;

/// What the runner asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Command<'c> {
    /// Who is there.
    Name,
    /// Which firmware, which benchmark.
    Profile,
    /// A timestamp, by itself.
    Timestamp,
    /// An explanation.
    Help,
    /// The last results.
    Results,
    /// An input of so many bytes comes next.
    Load(u32),
    /// More of the input, two digits a byte.
    Bytes(&'c [u8]),
    /// The input as it is now.
    Print,
    /// Runs.
    Infer {
        /// How often, on the clock.
        iterations: u32,
        /// How often before.
        warmups: u32,
    },
    /// Listen for the wake word.
    Start,
    /// Stop to listen.
    Stop,
}

/// Why a command is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal<'c> {
    /// No command starts so.
    Unknown(&'c [u8]),
    /// `db` alone.
    NoSubcommand,
    /// `db load` alone.
    NoLength,
    /// `db load` of nothing, or of something that is no number.
    BadLength,
    /// `infer` not even once, or of something that is no number.
    BadIterations,
    /// A warm-up that is no number.
    BadWarmups,
}

/// What `infer` does where nobody says how often.
const ITERATIONS: u32 = 1;
/// What `infer` does before where nobody says how often.
const WARMUPS: u32 = 10;

impl<'c> Command<'c> {
    /// Reads a command without its terminator. Blanks and line ends around it, which terminals send, are left out.
    ///
    /// # Errors
    /// [`Refusal`] tells what the device has to say.
    pub fn parse(line: &'c [u8]) -> Result<Self, Refusal<'c>> {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let Some(first) = words.next() else { return Err(Refusal::Unknown(&[])) };
        let mut next = || words.next();
        match first {
            b"name" => Ok(Self::Name),
            b"profile" => Ok(Self::Profile),
            b"timestamp" => Ok(Self::Timestamp),
            b"help" => Ok(Self::Help),
            b"results" => Ok(Self::Results),
            b"start" => Ok(Self::Start),
            b"stop" => Ok(Self::Stop),
            b"infer" => {
                let iterations = match next() {
                    Some(word) => number(word).filter(|&n| n > 0).ok_or(Refusal::BadIterations)?,
                    None => ITERATIONS,
                };
                let warmups = match next() {
                    Some(word) => number(word).ok_or(Refusal::BadWarmups)?,
                    None => WARMUPS,
                };
                Ok(Self::Infer { iterations, warmups })
            }
            b"db" => match next().ok_or(Refusal::NoSubcommand)? {
                b"load" => {
                    let length = number(next().ok_or(Refusal::NoLength)?);
                    Ok(Self::Load(length.filter(|&n| n > 0).ok_or(Refusal::BadLength)?))
                }
                b"print" => Ok(Self::Print),
                digits => Ok(Self::Bytes(digits)),
            },
            other => Err(Refusal::Unknown(other)),
        }
    }
}

fn number(word: &[u8]) -> Option<u32> {
    core::str::from_utf8(word).ok()?.parse().ok()
}
