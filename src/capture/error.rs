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
        /// The system's words.
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
    /// The reading was stopped while a stream was silent.
    #[error("the reading of {} was stopped", path.display())]
    Stopped {
        /// The stream.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "the capture file {} is damaged at byte {offset}{}: {reason}",
        path.display(),
        if *is_unpacked { " of the unpacked data" } else { "" }
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the record or block begins that cannot be read, in octets.
        offset: u64,
        /// Whether the octets are those of the unpacked data.
        is_unpacked: bool,
        /// What is wrong with it.
        reason: &'static str,
        /// The unpacker's words, if that is where it was found.
        source: Option<io::Error>,
    },
}

impl Diagnosis for CaptureError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            CaptureError::Stopped { .. } => return None,
            CaptureError::Unreadable { .. } => "check the path and that the file may be read",
            CaptureError::NoCapture { .. } => {
                "pcap and pcapng are read, plain or packed with gzip or zstd"
            }
            CaptureError::Damaged {
                is_unpacked: true, ..
            } => "copy or capture it again; `gzip -t` and `zstd -t` tell whether it is whole",
            CaptureError::Damaged {
                is_unpacked: false, ..
            } => "it was probably copied while it was written: capture again",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            CaptureError::Stopped { .. } => Exit::Interrupted,
            CaptureError::Unreadable { .. }
            | CaptureError::NoCapture { .. }
            | CaptureError::Damaged { .. } => Exit::Device,
        }
    }
}
