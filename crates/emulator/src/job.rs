use telemetry::wire::{
    FLAG_RESET, FLAG_STEPS, FLAG_TIMES, Failure, FrameHeader, Hello, JobHeader, Kind, StackUse, VERSION,
    WireError,
};

use crate::{Error, error::ReplyError};

/// What firmware is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// For each case the bytes of all inputs, in model order.
    pub cases: &'a [Vec<u8>],
    /// Whether the bytes of every step come back, beside those of the outputs.
    pub steps: bool,
    /// Whether what the model remembers is forgotten before every case, not only before the first.
    pub reset: bool,
}

impl Job<'_> {
    /// As the firmware reads it.
    ///
    /// # Errors
    /// [`Error::UnevenCases`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.flagged(0)
    }

    /// The same, with every step timed: for a board that has a clock.
    ///
    /// # Errors
    /// [`Error::UnevenCases`].
    pub fn to_timed_bytes(&self) -> Result<Vec<u8>, Error> {
        self.flagged(FLAG_TIMES)
    }

    fn flagged(&self, more: u32) -> Result<Vec<u8>, Error> {
        let expected = self.cases.first().map_or(0, Vec::len);
        if let Some((case, bytes)) = self.cases.iter().enumerate().find(|(_, bytes)| bytes.len() != expected)
        {
            return Err(Error::UnevenCases { case, found: bytes.len(), expected });
        }
        let header = JobHeader {
            flags: more | if self.steps { FLAG_STEPS } else { 0 } | if self.reset { FLAG_RESET } else { 0 },
            cases: narrow(self.cases.len()),
            input_bytes: narrow(expected),
        };
        let mut bytes = header.to_bytes().to_vec();
        bytes.extend(self.cases.iter().flatten());
        Ok(bytes)
    }
}

/// A length that no job reaches becomes one that no firmware accepts.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// What firmware answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reply {
    /// The model in the image.
    pub hello: Hello,
    /// A reply to each case.
    pub cases: Vec<CaseReply>,
    /// How deep the stack went.
    pub stack: StackUse,
    /// By what times were measured, on a board that has a clock.
    pub clock: Option<Clock>,
}

/// The clock that times were measured by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Clock {
    /// The core's.
    pub hz: u32,
    /// Cycles that timing a step adds to it.
    pub cost_cycles: u32,
}

/// How long a case took.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RunTime {
    /// From before the first step to behind the last.
    pub cycles: u32,
    /// Steps whose times there was no room for.
    pub lost: u32,
}

/// How long a step took, with what timing it added.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StepTime {
    /// The plan's number for it.
    pub step: u32,
    /// The model's number for the layer.
    pub layer: u32,
    /// From before it to behind it.
    pub cycles: u32,
}

/// What came of one case.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CaseReply {
    /// The steps in the order in which they ran, if they were asked for.
    pub steps: Vec<StepReply>,
    /// The model's outputs, in model order.
    pub outputs: Vec<Vec<u8>>,
    /// How long it took, on a board that has a clock.
    pub run: Option<RunTime>,
    /// How long each step took, if that was asked for.
    pub times: Vec<StepTime>,
}

/// What one step wrote.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StepReply {
    /// The plan's number for it.
    pub step: u32,
    /// The model's number for the layer whose output this is.
    pub layer: u32,
    /// The output.
    pub bytes: Vec<u8>,
}

impl Reply {
    /// Reads a reply to `job`.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::OtherModel`], [`Error::Reply`].
    pub fn parse(bytes: &[u8], job: &Job<'_>) -> Result<Self, Error> {
        let mut frames = Frames { bytes, at: 0 };
        let mut reply = Self::default();
        let mut hello = None;
        let mut stack = None;
        loop {
            let at = frames.at;
            let here = |reason: ReplyError| Error::Reply { at, reason };
            let wire = |error: WireError| here(error.into());
            let (header, payload) = frames.next().map_err(here)?;
            match header.kind {
                Kind::Hello if hello.is_none() && header.subject != VERSION => {
                    return Err(wire(WireError::Version { found: header.subject }));
                }
                Kind::Hello if hello.is_none() => hello = Some(Hello::from_payload(payload).map_err(wire)?),
                Kind::Case if header.subject as usize == reply.cases.len() => {
                    reply.cases.push(CaseReply::default());
                }
                Kind::Step => reply.cases.last_mut().ok_or(here(ReplyError::Order))?.steps.push(StepReply {
                    step: header.subject,
                    layer: header.detail,
                    bytes: payload.to_vec(),
                }),
                Kind::Output => {
                    let outputs = &mut reply.cases.last_mut().ok_or(here(ReplyError::Order))?.outputs;
                    if header.subject as usize != outputs.len() {
                        return Err(here(ReplyError::Order));
                    }
                    outputs.push(payload.to_vec());
                }
                Kind::Clock => {
                    reply.clock = Some(Clock { hz: header.subject, cost_cycles: header.detail });
                }
                Kind::Run => {
                    let case = reply.cases.last_mut().ok_or(here(ReplyError::Order))?;
                    case.run = Some(RunTime { cycles: header.subject, lost: header.detail });
                }
                Kind::Time => {
                    let cycles = <[u8; 4]>::try_from(payload)
                        .map_err(|_| wire(WireError::PayloadLength { found: payload.len(), expected: 4 }))?;
                    reply.cases.last_mut().ok_or(here(ReplyError::Order))?.times.push(StepTime {
                        step: header.subject,
                        layer: header.detail,
                        cycles: u32::from_le_bytes(cycles),
                    });
                }
                Kind::Stack => stack = Some(StackUse::from_payload(payload).map_err(wire)?),
                Kind::Failed => return Err(refused(header, hello, job)),
                Kind::Done if reply.cases.len() != job.cases.len() => {
                    let (found, expected) = (reply.cases.len(), job.cases.len());
                    return Err(here(ReplyError::Cases { found, expected }));
                }
                Kind::Done => {
                    reply.hello = hello.ok_or(here(ReplyError::Missing("model")))?;
                    reply.stack = stack.ok_or(here(ReplyError::Missing("stack")))?;
                    return Ok(reply);
                }
                _ => return Err(here(ReplyError::Order)),
            }
        }
    }
}

/// The firmware says only that lengths differ; who asked knows both.
fn refused(header: FrameHeader, hello: Option<Hello>, job: &Job<'_>) -> Error {
    let failure = Failure::from_number(header.subject);
    match (failure, hello) {
        (Some(Failure::OtherModel), Some(hello)) => Error::OtherModel {
            found: job.cases.first().map_or(0, |case| case.len() as u64),
            expected: u64::from(hello.input_bytes),
        },
        _ => Error::Refused { failure, case: header.detail },
    }
}

struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Frames<'a> {
    fn next(&mut self) -> Result<(FrameHeader, &'a [u8]), ReplyError> {
        let (header, rest) =
            self.bytes.split_first_chunk::<{ FrameHeader::BYTES }>().ok_or(ReplyError::Truncated)?;
        let header = FrameHeader::from_bytes(header)?;
        let (payload, rest) =
            rest.split_at_checked(header.payload_bytes as usize).ok_or(ReplyError::Truncated)?;
        self.at += FrameHeader::BYTES + payload.len();
        self.bytes = rest;
        Ok((header, payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: Kind, subject: u32, detail: u32, payload: &[u8]) -> Vec<u8> {
        let header = FrameHeader { kind, subject, detail, payload_bytes: payload.len() as u32 };
        [&header.to_bytes()[..], payload].concat()
    }

    const HELLO: Hello = Hello { arena_bytes: 64, state_bytes: 0, input_bytes: 2, output_bytes: 1 };
    const STACK: StackUse = StackUse { deepest_bytes: 300, model_bytes: 200, available_bytes: 1000 };

    fn whole() -> Vec<Vec<u8>> {
        vec![
            frame(Kind::Hello, VERSION, 0, &HELLO.to_bytes()),
            frame(Kind::Case, 0, 0, &[]),
            frame(Kind::Step, 0, 4, &[7, 8, 9]),
            frame(Kind::Output, 0, 0, &[5]),
            frame(Kind::Stack, 0, 0, &STACK.to_bytes()),
            frame(Kind::Done, 1, 0, &[]),
        ]
    }

    fn job(cases: &[Vec<u8>]) -> Job<'_> {
        Job { cases, steps: true, reset: false }
    }

    fn parse(frames: &[Vec<u8>]) -> Result<Reply, Error> {
        Reply::parse(&frames.concat(), &job(&[vec![1, 2]]))
    }

    #[test]
    fn a_job_is_its_header_and_its_cases() {
        let cases = [vec![1, 2], vec![3, 4]];
        let bytes = Job { cases: &cases, steps: true, reset: true }.to_bytes().unwrap();
        let (header, rest) = bytes.split_first_chunk().unwrap();
        let expected = JobHeader { flags: FLAG_STEPS | FLAG_RESET, cases: 2, input_bytes: 2 };
        assert_eq!(JobHeader::from_bytes(header), Ok(expected));
        assert_eq!(rest, [1, 2, 3, 4]);
        let message = job(&[vec![1], vec![]]).to_bytes().unwrap_err().to_string();
        assert_eq!(message, "case 1 has 0 bytes of input, case 0 has 1");
    }

    #[test]
    fn a_reply_comes_back_whole() {
        let reply = parse(&whole()).unwrap();
        assert_eq!((reply.hello, reply.stack), (HELLO, STACK));
        let step = StepReply { step: 0, layer: 4, bytes: vec![7, 8, 9] };
        let case = CaseReply { steps: vec![step], outputs: vec![vec![5]], ..CaseReply::default() };
        assert_eq!((reply.cases, reply.clock), (vec![case], None));
    }

    #[test]
    fn times_come_with_their_case() {
        let mut frames = whole();
        frames.insert(4, frame(Kind::Run, 5000, 1, &[]));
        frames.insert(5, frame(Kind::Time, 0, 4, &321_u32.to_le_bytes()));
        frames.insert(1, frame(Kind::Clock, 64_000_000, 12, &[]));
        let reply = parse(&frames).unwrap();
        assert_eq!(reply.clock, Some(Clock { hz: 64_000_000, cost_cycles: 12 }));
        assert_eq!(reply.cases[0].run, Some(RunTime { cycles: 5000, lost: 1 }));
        assert_eq!(reply.cases[0].times, [StepTime { step: 0, layer: 4, cycles: 321 }]);
        frames[6] = frame(Kind::Time, 0, 4, &[1, 2]);
        assert!(parse(&frames).unwrap_err().to_string().contains("2 bytes where 4 belong"));
        let timed = job(&[vec![1, 2]]).to_timed_bytes().unwrap();
        let header = JobHeader::from_bytes(timed.first_chunk().unwrap()).unwrap();
        assert_eq!(header.flags, FLAG_STEPS | FLAG_TIMES);
    }

    #[test]
    fn every_truncation_is_an_error() {
        let whole = whole().concat();
        let cases = [vec![1, 2]];
        for length in 0..whole.len() {
            let error = Reply::parse(&whole[..length], &job(&cases)).unwrap_err();
            assert!(matches!(error, Error::Reply { reason: ReplyError::Truncated, .. }), "{length}: {error}");
        }
    }

    #[test]
    fn frames_missing_or_out_of_order_are_errors() {
        for (without, reason) in
            [(0, ReplyError::Missing("model")), (1, ReplyError::Order), (4, ReplyError::Missing("stack"))]
        {
            let mut frames = whole();
            frames.remove(without);
            match parse(&frames) {
                Err(Error::Reply { reason: found, .. }) => assert_eq!(found, reason, "without {without}"),
                other => panic!("without {without}: {other:?}"),
            }
        }
        let mut frames = whole();
        frames[3] = frame(Kind::Output, 1, 0, &[5]);
        assert!(matches!(parse(&frames), Err(Error::Reply { reason: ReplyError::Order, .. })));
    }

    #[test]
    fn a_reply_to_fewer_cases_is_an_error() {
        let error = Reply::parse(&whole().concat(), &job(&[vec![1, 2], vec![1, 2]])).unwrap_err();
        assert!(error.to_string().ends_with("it has 1 cases, 2 were asked for"), "{error}");
    }

    #[test]
    fn refusals_are_told_in_words() {
        let short = [frame(Kind::Failed, Failure::ShortJob as u32, 3, &[])];
        let message = parse(&short).unwrap_err().to_string();
        assert_eq!(message, "the firmware stopped in case 3: the job ended in the middle of a case");
        let other = [whole()[0].clone(), frame(Kind::Failed, Failure::OtherModel as u32, 0, &[])];
        let error = Reply::parse(&other.concat(), &job(&[vec![0; 9]])).unwrap_err();
        assert_eq!(error.to_string(), "the job has 9 bytes of input a case, the model in the image takes 2");
        let unknown = parse(&[frame(Kind::Failed, 99, 0, &[])]).unwrap_err().to_string();
        assert!(unknown.contains("does not know"), "{unknown}");
    }

    #[test]
    fn a_firmware_of_another_version_is_told() {
        let mut frames = whole();
        frames[0] = frame(Kind::Hello, VERSION + 1, 0, &HELLO.to_bytes());
        let message = parse(&frames).unwrap_err().to_string();
        assert!(message.contains("speaks version 2"), "{message}");
    }
}
