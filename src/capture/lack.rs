//! Why octets of a file cannot be had.

use std::io;

/// Why octets cannot be had.
pub(super) enum Lack {
    /// They would have to be read first, and the buffer is held.
    Held,
    /// The file cannot be read.
    Io(io::Error),
    /// The file can be read, and what is packed in it cannot be unpacked.
    Packed(io::Error),
    /// The reading was stopped.
    Stopped,
}

impl From<io::Error> for Lack {
    fn from(error: io::Error) -> Lack {
        Lack::Io(error)
    }
}
