//! RTT: three rings in RAM that the debug probe reads and writes while the core runs.

use rtt_target::{ChannelMode, DownChannel, UpChannel, rtt_init, set_defmt_channel};

/// The way to the host and back.
pub struct Link {
    replies: UpChannel,
    jobs: DownChannel,
}

impl Link {
    /// Lays out the rings. To be called once.
    pub fn new() -> Self {
        let channels = rtt_init! {
            up: {
                0: {
                    size: 1024,
                    mode: ChannelMode::NoBlockSkip,
                    name: "defmt"
                }
                1: {
                    size: 1024,
                    mode: ChannelMode::BlockIfFull,
                    name: "microjoule"
                }
            }
            down: {
                0: {
                    size: 1024,
                    mode: ChannelMode::BlockIfFull,
                    name: "microjoule"
                }
            }
        };
        set_defmt_channel(channels.up.0);
        Self { replies: channels.up.1, jobs: channels.down.0 }
    }

    /// Waits for the host, and fills `bytes`; does `meanwhile` over and over.
    pub fn receive(&mut self, mut bytes: &mut [u8], meanwhile: impl Fn()) {
        while !bytes.is_empty() {
            meanwhile();
            let read = self.jobs.read(bytes);
            bytes = bytes.get_mut(read..).unwrap_or_default();
        }
    }

    /// Sends `bytes`, and waits while there is no room.
    pub fn send(&mut self, bytes: &[u8]) {
        self.replies.write(bytes);
    }
}
