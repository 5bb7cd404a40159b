use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    instruments::line::{Line, excerpt, lost},
    stream::Error,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the server's greeting may take.
const GREETING: Duration = Duration::from_secs(3);
/// Bytes after which a line without an end is no answer.
const LONGEST: usize = 16 << 20;

/// A line of the server's.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Reply {
    /// `information`, `response`, `error` or `progress`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The request that it answers.
    #[serde(default)]
    pub trans_id: Option<String>,
    /// Of an error.
    #[serde(default)]
    pub errorcode: Option<String>,
    /// Whatever it has to tell.
    #[serde(default)]
    pub data: Value,
}

/// Cuts bytes into lines.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    held: Vec<u8>,
    /// Bytes of `held` in which no end of a line was found.
    searched: usize,
}

impl Messages {
    /// Adds bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Takes the next whole line out, as the message that it is, or as the text that is none.
    pub fn next_message(&mut self) -> Option<Result<Reply, String>> {
        loop {
            let fresh = self.held.get(self.searched..).unwrap_or_default();
            let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.held.len();
                if self.held.len() > LONGEST {
                    self.searched = 0;
                    return Some(Err(excerpt(&std::mem::take(&mut self.held))));
                }
                return None;
            };
            let line: Vec<u8> = self.held.drain(..=self.searched + end).collect();
            self.searched = 0;
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Some(serde_json::from_slice(line).map_err(|_| excerpt(line)));
            }
        }
    }
}

/// Questions and answers with the server.
pub struct Talk {
    line: Box<dyn Line>,
    messages: Messages,
    bytes: Vec<u8>,
    asked: u64,
}

impl Talk {
    /// Waits for the server's greeting.
    ///
    /// # Errors
    /// [`Error::Silent`], and [`Error::Answer`] where somebody else listens there.
    pub fn greet(line: Box<dyn Line>) -> Result<Self, Error> {
        let mut talk = Self { line, messages: Messages::default(), bytes: vec![0; 1 << 16], asked: 0 };
        let greeting = talk.wait("its greeting", GREETING, |reply| reply.kind == "information")?;
        if greeting.data.get("protocol_version").is_none() {
            return Err(strange("its greeting", greeting.data.to_string()));
        }
        Ok(talk)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`Error::Silent`], [`Error::Answer`], [`Error::Disconnected`].
    pub fn ask<T: for<'a> Deserialize<'a>>(&mut self, asked: &str, data: Value) -> Result<T, Error> {
        self.asked += 1;
        let id = self.asked.to_string();
        let mut request = json!({ "type": "request", "cmd": asked, "trans_id": id });
        if let (Value::Object(request), false) = (&mut request, data.is_null()) {
            request.insert("data".into(), data);
        }
        self.line.write(format!("{request}\r\n").as_bytes()).map_err(|_| lost(0))?;
        let is_ours = |reply: &Reply| reply.trans_id.as_deref() == Some(&id) && reply.kind != "progress";
        let reply = self.wait(asked, PATIENCE, is_ours)?;
        if reply.kind == "error" {
            return Err(refused(asked, &reply));
        }
        // A command that has nothing to tell answers without data.
        T::deserialize(&reply.data).map_err(|_| strange(asked, reply.data.to_string()))
    }

    fn wait(
        &mut self,
        asked: &str,
        patience: Duration,
        fits: impl Fn(&Reply) -> bool,
    ) -> Result<Reply, Error> {
        let started = Instant::now();
        loop {
            while let Some(message) = self.messages.next_message() {
                match message {
                    Ok(reply) if fits(&reply) => return Ok(reply),
                    // Progress, and late answers to what was given up.
                    Ok(_) => {}
                    Err(text) => return Err(strange(asked, text)),
                }
            }
            if started.elapsed() > patience {
                return Err(Error::Silent { asked: asked.to_owned(), waited: patience });
            }
            let read = self.line.read(&mut self.bytes, Duration::from_millis(50)).map_err(|_| lost(0))?;
            self.messages.feed(self.bytes.get(..read).unwrap_or_default());
        }
    }
}

fn strange(asked: &str, answer: String) -> Error {
    let advice = "this is no Otii server, or one of another version: port 1905 is the Otii application's";
    Error::Answer { asked: asked.to_owned(), answer: answer.chars().take(80).collect(), advice }
}

fn refused(asked: &str, reply: &Reply) -> Error {
    let code = reply.errorcode.clone().unwrap_or_default();
    let advice = match code.as_str() {
        "No license" | "License could not be reserved" | "Not logged in" | "Could not login" => {
            "log in, and reserve an Automation licence in the Otii application"
        }
        "Device not connected" => "the device is gone: check its USB cable and its supply",
        "Operation not supported" | "Command not valid for device type" => "this device does not know that",
        _ => "see what the Otii application shows",
    };
    let detail = reply.data.get("message").and_then(Value::as_str).unwrap_or_default();
    Error::Answer { asked: asked.to_owned(), answer: format!("{code} {detail}").trim().to_owned(), advice }
}
