//! A capture file that is written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// A file of Ethernet frames with times in nanoseconds.
pub(crate) struct Pcap(BufWriter<File>);

impl Pcap {
    pub(crate) fn create(path: &Path) -> Pcap {
        let mut pcap = Pcap(BufWriter::with_capacity(
            1 << 20,
            File::create(path).unwrap(),
        ));
        pcap.words([0xa1b2_3c4d, 0x0004_0002, 0, 0, 1 << 18, 1]);
        pcap
    }

    /// Adds a frame `at` so many nanoseconds after the file begins, of this length on the wire.
    pub(crate) fn add(&mut self, at: u64, wire_len: u32, frame: &[u8]) {
        let seconds = 1_700_000_000 + u32::try_from(at / 1_000_000_000).unwrap();
        let fraction = u32::try_from(at % 1_000_000_000).unwrap();
        let captured = u32::try_from(frame.len()).unwrap();
        self.words([seconds, fraction, captured, wire_len]);
        self.0.write_all(frame).unwrap();
    }

    pub(crate) fn finish(mut self) {
        self.0.flush().unwrap();
    }

    fn words<const N: usize>(&mut self, words: [u32; N]) {
        for word in words {
            self.0.write_all(&word.to_le_bytes()).unwrap();
        }
    }
}
