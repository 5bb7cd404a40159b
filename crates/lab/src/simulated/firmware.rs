//! Firmware as a script: what it says by RTT, and what it waits for.

use std::collections::VecDeque;

use super::memory::Memory;

/// What firmware says and hears, in order, once the chip is reset.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Where the image has RTT's control block.
    pub control_block: u32,
    /// What firmware does.
    pub acts: Vec<Act>,
}

/// One thing that firmware does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Act {
    /// Says something by an up channel: 0 is the log, 1 the events.
    Say {
        /// The channel's number.
        channel: usize,
        /// What is said.
        bytes: Vec<u8>,
    },
    /// Waits until the host has sent so many bytes more.
    Hear {
        /// How many.
        bytes: usize,
    },
}

/// Names of the up channels, as every image of the boards has them.
const UP: [&str; 2] = ["defmt", "microjoule"];
const DOWN: [&str; 1] = ["microjoule"];
const MAGIC: &[u8; 16] = b"SEGGER RTT\0\0\0\0\0\0";
const HEADER_BYTES: u32 = 24;
const CHANNEL_BYTES: u32 = 24;
/// Of each ring.
const RING_BYTES: u32 = 1024;
const NAME_BYTES: u32 = 16;
/// A channel's fields, from its start.
const WRITE_AT: u32 = 12;
const READ_AT: u32 = 16;

/// Firmware that runs.
#[derive(Clone, Debug)]
pub struct Firmware {
    script: Script,
    left: VecDeque<Act>,
    running: bool,
    /// Of what was heard, that no act has waited for yet.
    unclaimed: usize,
    /// All that the host sent.
    pub heard: Vec<u8>,
    /// Bytes that were said since it was written.
    pub said_bytes: u64,
}

impl From<Script> for Firmware {
    fn from(script: Script) -> Self {
        Self { script, left: VecDeque::new(), running: false, unclaimed: 0, heard: Vec::new(), said_bytes: 0 }
    }
}

impl Firmware {
    /// Starts from the beginning: lays out RTT's control block, its rings at the end of that RAM.
    pub fn start(&mut self, memory: &mut Memory) {
        self.left = self.script.acts.clone().into();
        self.running = true;
        self.unclaimed = 0;
        self.heard.clear();
        let rings = (UP.len() + DOWN.len()) as u32;
        let Some(end) = memory.ram_end(self.script.control_block) else { return };
        let buffers = end - rings * RING_BYTES;
        let names = buffers - rings * NAME_BYTES;
        let at = self.script.control_block;
        memory.write(at + 16, &(UP.len() as u32).to_le_bytes());
        memory.write(at + 20, &(DOWN.len() as u32).to_le_bytes());
        for (index, name) in (0..).zip(UP.iter().chain(&DOWN)) {
            let channel = self.channel(index);
            let name_at = names + index * NAME_BYTES;
            let mut text = [0; NAME_BYTES as usize];
            text.iter_mut().zip(name.bytes()).for_each(|(place, byte)| *place = byte);
            memory.write(name_at, &text);
            for (field, value) in
                (0..).zip([name_at, buffers + index * RING_BYTES, RING_BYTES, 0, 0, u32::from(index > 0) * 2])
            {
                memory.write(channel + field * 4, &value.to_le_bytes());
            }
        }
        // Last, so that nobody finds a control block that is half written.
        memory.write(at, MAGIC);
    }

    /// The core was halted or reset.
    pub fn stop(&mut self) {
        self.running = false;
    }

    /// Goes on.
    pub fn resume(&mut self) {
        self.running = true;
    }

    /// Does what can be done: takes what the host sent, and fills rings as far as they have room.
    pub fn poll(&mut self, memory: &mut Memory) {
        if !self.running {
            return;
        }
        self.hear(memory);
        while let Some(act) = self.left.front_mut() {
            match act {
                Act::Hear { bytes } if self.unclaimed < *bytes => return,
                Act::Hear { bytes } => self.unclaimed -= *bytes,
                Act::Say { channel, bytes } => {
                    let channel = *channel as u32;
                    let mut bytes = std::mem::take(bytes);
                    let said = self.say(memory, channel, &bytes);
                    bytes.drain(..said);
                    self.said_bytes += said as u64;
                    if !bytes.is_empty() {
                        if let Some(act) = self.left.front_mut() {
                            *act = Act::Say { channel: channel as usize, bytes };
                        }
                        return;
                    }
                }
            }
            self.left.pop_front();
        }
    }

    fn channel(&self, index: u32) -> u32 {
        self.script.control_block + HEADER_BYTES + index * CHANNEL_BYTES
    }

    /// How much fitted.
    fn say(&self, memory: &mut Memory, index: u32, bytes: &[u8]) -> usize {
        let channel = self.channel(index);
        let ring = memory.word(channel + 4);
        let (mut write, read) = (memory.word(channel + WRITE_AT), memory.word(channel + READ_AT));
        let free = (read + RING_BYTES - write - 1) % RING_BYTES;
        let fitting = bytes.iter().take(free as usize);
        let said = fitting.len();
        for byte in fitting {
            memory.write(ring + write, &[*byte]);
            write = (write + 1) % RING_BYTES;
        }
        memory.write(channel + WRITE_AT, &write.to_le_bytes());
        said
    }

    fn hear(&mut self, memory: &mut Memory) {
        let channel = self.channel(UP.len() as u32);
        let ring = memory.word(channel + 4);
        let (write, mut read) = (memory.word(channel + WRITE_AT), memory.word(channel + READ_AT));
        while read != write && read < RING_BYTES && write < RING_BYTES {
            self.heard.push(memory.byte(ring + read).unwrap_or_default());
            self.unclaimed += 1;
            read = (read + 1) % RING_BYTES;
        }
        memory.write(channel + READ_AT, &read.to_le_bytes());
    }
}
