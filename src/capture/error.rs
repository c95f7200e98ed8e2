//! What can go wrong with a capture file.

use std::io;
use std::path::PathBuf;

use crate::error::{Diagnosis, Exit};

/// Why a capture file cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file cannot be opened or read.
    #[error("cannot read the capture file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's or the unpacker's words.
        source: io::Error,
    },
    /// The file is none with frames.
    #[error("{} is no capture file: {reason}", path.display())]
    NoCapture {
        /// The file.
        path: PathBuf,
        /// What is wrong with its beginning.
        reason: &'static str,
    },
    /// The file is damaged.
    #[error("the capture file {} is damaged at byte {offset}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the record or block begins that cannot be read, in octets; of the unpacked data, if packed.
        offset: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Diagnosis for CaptureError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            CaptureError::Unreadable { .. } => "check the path and that the file may be read",
            CaptureError::NoCapture { .. } => {
                "pcap and pcapng are read, plain or packed with gzip or zstd"
            }
            CaptureError::Damaged { .. } => {
                "it was probably copied while it was written: capture again"
            }
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        Exit::Device
    }
}
