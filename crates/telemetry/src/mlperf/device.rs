use engine::Program;

use super::{
    Board, COMMAND_BYTES, Command, Mode, Network, NoAudio, PROFILE, READY, Refusal, TERMINATOR,
    listening::Listening, say,
};

/// Bytes of a line of `db print`.
const PRINTED_BYTES: usize = 8;

/// A device under test.
#[derive(Debug)]
pub struct Device<'b, 'e, 'm, B, P> {
    board: B,
    network: Network<'e, 'm, P>,
    /// Who made it; the runner's list of devices may ask for this name.
    vendor: &'b str,
    mode: Mode,
    line: [u8; COMMAND_BYTES],
    /// Characters of the command so far, also those that the line had no room for.
    length: usize,
    /// What the runner sends for an inference.
    sent: &'b mut [u8],
    /// What is made of it before the clock runs, where that is something else.
    kept: &'b mut [u8],
    /// How much of `sent` the runner announced.
    expected: usize,
    /// How much of that has come.
    filled: usize,
    listening: Listening,
}

impl<'b, 'e, 'm, B: Board, P: Program> Device<'b, 'e, 'm, B, P> {
    /// A device with room for its task's [`kept_bytes`](super::Task::kept_bytes) in `buffer`; inputs for which there is
    /// no room are refused when the runner announces them.
    pub fn new(
        board: B,
        network: Network<'e, 'm, P>,
        vendor: &'b str,
        mode: Mode,
        buffer: &'b mut [u8],
    ) -> Self {
        let most = network.task().sent_bytes().min(buffer.len());
        let (sent, kept) = buffer.split_at_mut_checked(most).unwrap_or_default();
        Self {
            board,
            network,
            vendor,
            mode,
            line: [0; COMMAND_BYTES],
            length: 0,
            sent,
            kept,
            expected: 0,
            filled: 0,
            listening: Listening::default(),
        }
    }

    /// The board.
    pub fn board(&mut self) -> &mut B {
        &mut self.board
    }

    /// Says what runners wait for after power came on.
    pub fn begin(&mut self) {
        self.board.send(b"m-timestamp-mode-");
        say::line(&mut self.board, self.mode.name());
        self.timestamp();
        say::line(&mut self.board, "m-init-done");
        self.ready();
    }

    /// Serves the runner for ever.
    pub fn serve(&mut self) -> ! {
        self.begin();
        loop {
            self.poll();
        }
    }

    /// Takes what has come over the line, and a row of what has been heard.
    pub fn poll(&mut self) {
        while let Some(byte) = self.board.receive() {
            self.take(byte);
        }
        self.listening.hear(&mut self.board, &mut self.network, self.sent, self.kept);
    }

    /// Takes one character; the one that ends a command has it done and answered.
    pub fn take(&mut self, byte: u8) {
        if byte != TERMINATOR {
            if let Some(place) = self.line.get_mut(self.length) {
                *place = byte;
            }
            self.length = self.length.saturating_add(1);
            return;
        }
        let line = self.line;
        match line.get(..core::mem::take(&mut self.length)) {
            Some(command) => match Command::parse(command) {
                Ok(command) => self.obey(command),
                Err(refusal) => self.refuse(refusal),
            },
            None => say::line(&mut self.board, "e-[Command too long]"),
        }
        self.ready();
    }

    fn ready(&mut self) {
        say::line(&mut self.board, READY);
        self.board.flush();
    }

    fn obey(&mut self, command: Command<'_>) {
        match command {
            Command::Name => self.bracketed("m-name-dut-[", self.vendor),
            Command::Profile => {
                self.bracketed("m-profile-[", PROFILE);
                self.bracketed("m-model-[", self.network.task().name());
            }
            Command::Timestamp => self.timestamp(),
            Command::Help => HELP.iter().for_each(|text| say::line(&mut self.board, text)),
            Command::Results => self.results(),
            Command::Load(bytes) => self.announce(bytes),
            Command::Bytes(digits) => self.fill(digits),
            Command::Print => self.print(),
            Command::Infer { iterations, warmups } => self.infer(iterations, warmups),
            Command::Start => self.start(),
            Command::Stop => self.stop(),
        }
    }

    fn refuse(&mut self, refusal: Refusal<'_>) {
        let text = match refusal {
            Refusal::Unknown(word) => {
                self.board.send(b"e-[Unknown command: ");
                say::quoted(&mut self.board, word);
                "]"
            }
            Refusal::NoSubcommand => "e-[Command 'db' requires a subcommand]",
            Refusal::NoLength => "e-[Command 'db load' requires the # of bytes]",
            Refusal::BadLength => "e-[Command 'db load' must be >0 bytes]",
            Refusal::BadIterations => "e-[Inference iterations must be >0]",
            Refusal::BadWarmups => "e-[Inference warmup must be >=0]",
        };
        say::line(&mut self.board, text);
    }

    fn bracketed(&mut self, before: &str, text: &str) {
        self.board.send(before.as_bytes());
        self.board.send(text.as_bytes());
        say::line(&mut self.board, "]");
    }

    /// One moment, told at once: a line, or a pulse and no line.
    fn timestamp(&mut self) {
        match self.mode {
            Mode::Performance => {
                let now = self.board.microseconds();
                self.lap(now);
            }
            Mode::Energy => self.board.pulse(),
        }
    }

    fn lap(&mut self, microseconds: u64) {
        say::numbered(&mut self.board, "m-lap-us-", microseconds, "");
    }

    fn announce(&mut self, bytes: u32) {
        let most = self.sent.len();
        match usize::try_from(bytes).ok().filter(|&bytes| bytes <= most) {
            Some(expected) => {
                (self.expected, self.filled) = (expected, 0);
                say::numbered(&mut self.board, "m-[Expecting ", u64::from(bytes), " bytes]");
            }
            None => {
                say::numbered(&mut self.board, "e-[Buffer has room for ", most as u64, " bytes]");
            }
        }
    }

    /// Takes bytes of the input. Nothing of a command is taken when there is a fault anywhere in it.
    fn fill(&mut self, digits: &[u8]) {
        if self.expected == 0 {
            return say::line(&mut self.board, "e-[Command 'db load' has to come first]");
        }
        let (pairs, odd) = digits.as_chunks::<2>();
        if !odd.is_empty() {
            return say::line(&mut self.board, "e-[Insufficent number of hex digits]");
        }
        if let Some(pair) = pairs.iter().find(|pair| byte(**pair).is_none()) {
            self.board.send(b"e-[Invalid hex digit '");
            say::quoted(&mut self.board, pair);
            return say::line(&mut self.board, "']");
        }
        let open = self.sent.get_mut(self.filled..self.expected).unwrap_or_default();
        let was_open = !open.is_empty();
        let mut taken = 0;
        for (place, value) in open.iter_mut().zip(pairs.iter().filter_map(|pair| byte(*pair))) {
            *place = value;
            taken += 1;
        }
        self.filled += taken;
        if was_open && self.filled == self.expected {
            say::line(&mut self.board, "m-load-done");
        }
    }

    fn print(&mut self) {
        let loaded = self.sent.get(..self.filled).unwrap_or_default();
        let (rows, rest) = loaded.as_chunks::<PRINTED_BYTES>();
        let rows = rows.iter().map(|row| row.as_slice());
        for row in rows.chain((!rest.is_empty()).then_some(rest)) {
            self.board.send(b"m-buffer");
            for &byte in row {
                self.board.send(b"-");
                say::hex(&mut self.board, byte);
            }
            say::line(&mut self.board, "");
        }
    }

    fn infer(&mut self, iterations: u32, warmups: u32) {
        // An input that is not all there would be measured as if it were. None at all is one of zeros, for a first try.
        if self.filled < self.expected {
            say::numbered(&mut self.board, "e-[Input incomplete: ", self.filled as u64, " bytes are loaded]");
            return;
        }
        self.network.load(self.sent, self.kept);
        say::numbered(&mut self.board, "m-warmup-start-", u64::from(warmups), "");
        let warm = self.repeat(warmups);
        say::line(&mut self.board, "m-warmup-done");
        say::numbered(&mut self.board, "m-infer-start-", u64::from(iterations), "");
        self.board.flush();
        // Both timestamps are told after the second, so that the line is at rest between them.
        let begin = self.moment();
        let ran = self.repeat(iterations);
        let end = self.moment();
        for moment in [begin, end].into_iter().flatten() {
            self.lap(moment);
        }
        say::line(&mut self.board, "m-infer-done");
        if warm && ran {
            self.results();
        } else {
            say::line(&mut self.board, "e-[The network did not run]");
        }
    }

    /// A timestamp inside of which nothing may be sent.
    fn moment(&mut self) -> Option<u64> {
        match self.mode {
            Mode::Performance => Some(self.board.microseconds()),
            Mode::Energy => {
                self.board.pulse();
                None
            }
        }
    }

    /// Whether all of so many inferences ran.
    fn repeat(&mut self, times: u32) -> bool {
        (0..times).all(|_| self.network.infer(self.sent, self.kept))
    }

    fn results(&mut self) {
        let Self { board, network, sent, .. } = self;
        board.send(b"m-results-[");
        let mut separator: &[u8] = b"";
        network.results(sent, |score| {
            board.send(separator);
            say::decimal(board, score);
            separator = b",";
        });
        say::line(board, "]");
    }

    fn start(&mut self) {
        if self.listening.is_on() {
            return say::line(&mut self.board, "I2S Rx currently in progress. Ignoring request");
        }
        if self.board.listen() == Err(NoAudio) {
            return say::line(&mut self.board, NO_AUDIO);
        }
        say::line(&mut self.board, "Listening for I2S data ... ");
        // What was loaded for `infer` is gone.
        (self.expected, self.filled) = (0, 0);
        self.listening.begin(&mut self.network, self.sent);
        self.timestamp();
        say::line(&mut self.board, "DMA receive initiated.");
    }

    fn stop(&mut self) {
        if !self.listening.end() {
            return say::line(&mut self.board, "I2S is already idle.  Ignoring stop request");
        }
        self.board.stop();
        self.timestamp();
        say::line(&mut self.board, "Streaming stopped.");
        say::line(&mut self.board, "target activations: ");
        self.board.send(b"[");
        let mut separator: &[u8] = b"";
        for activation in self.listening.activations(self.kept) {
            self.board.send(separator);
            say::whole(&mut self.board, activation);
            separator = b", ";
        }
        say::line(&mut self.board, "]");
    }
}

/// What a board without ears says.
const NO_AUDIO: &str = "e-[No audio input on this board]";

/// Two hexadecimal digits, large or small.
fn byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |character: u8| char::from(character).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

const HELP: [&str; 13] = [
    PROFILE,
    "",
    "help          : print this",
    "name          : print the device's name",
    "profile       : print the firmware's and the benchmark's",
    "timestamp     : a timestamp",
    "db load N     : expect N bytes of input",
    "db HH[HH]*    : bytes of input as hexadecimal digits",
    "db print      : print the input",
    "infer N [W=10]: N inferences on the clock after W to warm up",
    "results       : print the last results",
    "start         : listen for the wake word",
    "stop          : stop to listen, and print what the network said",
];
