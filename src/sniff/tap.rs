//! Every frame of a live source, for counting: an interface or a TZSP stream.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::libpcap::{Handle, Libpcap, OpenError};
use super::live::{check_interface, open_error};
use super::tzsp::Receiver;
use super::wait::wait;
use super::{SniffError, Source};
use crate::capture::Frame;
use crate::wire::link::LinkType;

/// The kernel's buffer, in octets: about 180,000 frames, the better part of a second of a full gigabit of the smallest.
const BUFFER: i32 = 64 << 20;

/// A live source that is being counted.
pub struct Tap {
    name: String,
    tapped: Tapped,
    /// More frames were there than were handed over: there is nothing to wait for.
    more: bool,
}

enum Tapped {
    Interface { handle: Handle, link_type: LinkType },
    Tzsp(Receiver),
}

/// How many frames are handed over before the caller gets a look at the clock.
pub(super) const BURST: usize = 4096;

impl Tap {
    /// Opens an interface or a TZSP stream; a capture file is no live source.
    ///
    /// # Errors
    /// [`SniffError`], each cause with its remedy.
    pub fn open(source: &Source) -> Result<Tap, SniffError> {
        let tapped = match source {
            Source::Interface(name) => {
                let pcap = Libpcap::get().ok_or_else(|| SniffError::NoLibpcap {
                    what: "live capture".to_owned(),
                })?;
                check_interface(name)?;
                let handle = pcap.open(name, BUFFER);
                let handle = handle.map_err(|error: OpenError| open_error(name, error))?;
                let link_type = handle.link_type();
                Tapped::Interface { handle, link_type }
            }
            Source::Tzsp(address) => Tapped::Tzsp(Receiver::open(*address)?),
            Source::File(_) => return Err(SniffError::BadSource(source.to_string())),
        };
        Ok(Tap {
            name: source.to_string(),
            tapped,
            more: false,
        })
    }

    /// Returns what is listened on, for messages.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.name
    }

    /// Waits up to `span` for frames, and hands over those that are there. Returns how many frames of a TZSP stream
    /// were lost since the last call; for an interface see [`Tap::lost`].
    ///
    /// # Errors
    /// [`SniffError`], if the capture broke.
    pub fn listen(
        &mut self,
        span: Duration,
        take: &mut dyn FnMut(&Frame<'_>),
    ) -> Result<u64, SniffError> {
        let span = if self.more { Duration::ZERO } else { span };
        self.more = true;
        match &mut self.tapped {
            Tapped::Interface { handle, link_type } => {
                match handle.fd() {
                    Some(fd) => wait(fd, span),
                    None => std::thread::sleep(span),
                }
                for _ in 0..BURST {
                    let next = handle.next().map_err(|reason| failed(&self.name, reason))?;
                    let Some(frame) = next else {
                        self.more = false;
                        break;
                    };
                    take(&Frame {
                        link_type: *link_type,
                        stamp: nanoseconds(frame.stamp),
                        wire_len: frame.wire_len,
                        bytes: frame.bytes,
                    });
                }
                Ok(0)
            }
            Tapped::Tzsp(receiver) => {
                wait(receiver.fd(), span);
                let mut lost = 0;
                for _ in 0..BURST {
                    let Some(datagram) = receiver.receive()? else {
                        self.more = false;
                        break;
                    };
                    lost += u64::from(datagram.new_drops);
                    let stamp = datagram.stamp.unwrap_or_else(present);
                    if let Some((bytes, wire_len)) = receiver.frame(&datagram) {
                        take(&Frame {
                            link_type: LinkType::ETHERNET,
                            stamp: nanoseconds(stamp),
                            wire_len,
                            bytes,
                        });
                    }
                }
                Ok(lost)
            }
        }
    }

    /// Returns how many frames of an interface were lost since it was opened, by the kernel's own count.
    ///
    /// # Errors
    /// [`SniffError`], if the capture broke.
    pub fn lost(&mut self) -> Result<u64, SniffError> {
        match &mut self.tapped {
            Tapped::Interface { handle, .. } => {
                let stats = handle
                    .stats()
                    .map_err(|reason| failed(&self.name, reason))?;
                Ok(u64::from(stats.dropped) + u64::from(stats.dropped_by_interface))
            }
            Tapped::Tzsp(_) => Ok(0),
        }
    }
}

fn failed(name: &str, reason: String) -> SniffError {
    SniffError::Failed {
        source_name: name.to_owned(),
        reason,
    }
}

pub(super) fn present() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

pub(super) fn nanoseconds(stamp: Duration) -> i64 {
    i64::try_from(stamp.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};

    use super::*;
    use crate::lab::vacant_address;
    use crate::wire::tzsp;

    #[test]
    fn frames_of_a_stream_are_handed_over_with_their_lengths() {
        let address = vacant_address(Ipv4Addr::LOCALHOST.into()).unwrap();
        let mut tap = Tap::open(&Source::Tzsp(address)).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for length in [60_u8, 70] {
            let frame = vec![length; length.into()];
            sender.send_to(&tzsp::build(&frame), address).unwrap();
        }
        sender.send_to(&tzsp::build_keepalive(), address).unwrap();
        let mut lengths = Vec::new();
        let lost = tap.listen(Duration::from_secs(5), &mut |frame| {
            assert!(frame.stamp > 1_600_000_000_000_000_000);
            lengths.push((frame.wire_len, frame.bytes.len()));
        });
        assert_eq!((lost.unwrap(), lengths), (0, vec![(60, 60), (70, 70)]));
    }

    #[test]
    fn a_file_is_no_live_source() {
        let source = Source::File("a.pcap".into());
        assert!(matches!(Tap::open(&source), Err(SniffError::BadSource(_))));
    }
}
