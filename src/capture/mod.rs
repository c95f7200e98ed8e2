//! Capture files, frame by frame, with constant memory: pcap and pcapng, also packed with gzip or zstd.
//!
//! One thread reads a [`Capture`] frame by frame. Several read a [`Series`] of files together, by [`Shared`]: a
//! [`Stretch`] of frames at a time.
//!
//! What frames mean is not known here. The bytes of the formats are read in [`crate::wire::pcap`] and
//! [`crate::wire::pcapng`].

mod error;
mod file;
mod input;
mod lack;
mod section;
mod series;
mod shared;
mod source;
mod stream;
mod stretch;
#[cfg(test)]
pub(crate) mod testbed;
mod unpack;
mod zstd;

pub use error::CaptureError;
pub use file::{Capture, Frame};
pub use series::{Progress, Series};
pub use shared::Shared;
pub use stretch::Stretch;
