//! Copies that a switch sends as a TZSP stream over UDP.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;

use super::datagrams::{Datagram, Datagrams};
use super::matching::{Captured, Judge, Role};
use super::timeline::Timeline;
use super::wait::wait;
use super::{Heard, Own, Sighting, SniffError, Sniffer, Source, Suspect};
use crate::clock::{LiveClock, Moment};
use crate::wire::tzsp::{Kind, Packet, Protocol};

/// A TZSP receiver.
///
/// Losses are those of the socket's own buffer, counted by the kernel (SO_RXQ_OVFL) and told with the next
/// datagram that arrives; what got lost on the way to this machine leaves no trace in TZSP.
pub(super) struct Stream {
    receiver: Receiver,
    judge: Judge,
    timeline: Timeline,
    /// A frame that was read but belongs to the next call.
    early: Option<(Moment, Role)>,
}

/// A socket that TZSP is sent to.
pub(super) struct Receiver(Datagrams);

impl Receiver {
    pub(super) fn open(address: SocketAddr) -> Result<Receiver, SniffError> {
        Datagrams::open(Source::Tzsp(address).to_string(), address).map(Receiver)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.fd()
    }

    /// Receives a datagram into the buffer; `None` if there is none.
    pub(super) fn receive(&mut self) -> Result<Option<Datagram>, SniffError> {
        self.0.receive()
    }

    /// Returns the Ethernet frame in a datagram with its length on the wire; `None` for a sign of life, another
    /// medium, or no TZSP at all.
    pub(super) fn frame(&self, datagram: &Datagram) -> Option<(&[u8], u32)> {
        let packet = Packet::parse(self.0.bytes(datagram)).ok()?;
        let is_frame = packet.kind == Kind::RECEIVED && packet.protocol == Protocol::ETHERNET;
        is_frame.then(|| (packet.frame, wire_len(&packet)))
    }
}

impl Stream {
    pub(super) fn open(
        address: SocketAddr,
        suspect: &Suspect,
        clock: LiveClock,
        own: Own,
    ) -> Result<Stream, SniffError> {
        Ok(Stream {
            judge: Judge::new(suspect, own)?,
            receiver: Receiver::open(address)?,
            timeline: Timeline::new(clock),
            early: None,
        })
    }

    /// Returns the next frame, and adds the losses before it to `heard`.
    fn next_frame(&mut self, heard: &mut Heard) -> Result<Option<(Moment, Role)>, SniffError> {
        if let Some(early) = self.early.take() {
            return Ok(Some(early));
        }
        let Some(datagram) = self.receiver.receive()? else {
            return Ok(None);
        };
        heard.lost += u64::from(datagram.new_drops);
        let at = match datagram.stamp {
            Some(stamp) => self.timeline.place(stamp),
            None => self.timeline.place_unstamped(),
        };
        let role = match self.receiver.frame(&datagram) {
            Some((bytes, wire_len)) => self.judge.role(Captured {
                at,
                bytes,
                wire_len,
            }),
            None => Role::Nothing,
        };
        Ok(Some((at, role)))
    }
}

fn wire_len(packet: &Packet<'_>) -> u32 {
    let captured = u32::try_from(packet.frame.len()).unwrap_or(u32::MAX);
    captured.max(packet.original_length.map_or(0, u32::from))
}

impl Sniffer for Stream {
    fn source(&self) -> &str {
        self.receiver.0.name()
    }

    fn listen(
        &mut self,
        until: Moment,
        on_sighting: &mut dyn FnMut(&Sighting) -> ControlFlow<()>,
    ) -> Result<Heard, SniffError> {
        let mut heard = Heard::default();
        loop {
            // Taken before reading: what arrived until then is read below.
            let now = self.timeline.now();
            while let Some((at, role)) = self.next_frame(&mut heard)? {
                if at >= until {
                    self.early = Some((at, role));
                    return Ok(heard);
                }
                match role {
                    Role::Suspect(sighting) => {
                        if on_sighting(&sighting).is_break() {
                            return Ok(heard);
                        }
                    }
                    Role::Foreign(source) => {
                        heard.foreign_frames += 1;
                        heard.note_foreign(source, at);
                    }
                    Role::Nothing => {}
                }
            }
            if now >= until {
                return Ok(heard);
            }
            wait(self.receiver.fd(), until.since(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;
    use crate::mac::Mac;
    use crate::wire::{ethernet, ethernet::EtherType, tzsp};

    const SUSPECT: Mac = Mac([2, 0, 0, 0, 0, 0x57]);
    const OTHER: Mac = Mac([2, 0, 0, 0, 0, 0x99]);

    struct Scene {
        clock: LiveClock,
        stream: Stream,
        sender: UdpSocket,
    }

    /// A stream on a free port of `host`, and a switch that sends to it.
    fn scene(host: &str) -> Scene {
        let clock = LiveClock::start();
        let any = format!("{host}:0").parse().unwrap();
        let suspect = Suspect::Mac(SUSPECT);
        let stream = Stream::open(any, &suspect, clock, Own::default()).unwrap();
        let sender = UdpSocket::bind(format!("{host}:0")).unwrap();
        sender
            .connect(stream.receiver.0.local_address().unwrap())
            .unwrap();
        Scene {
            clock,
            stream,
            sender,
        }
    }

    impl Scene {
        fn send(&self, src: Mac) {
            let frame = ethernet::build(OTHER, src, &[], EtherType::IPV4, &[0; 46]);
            self.sender.send(&tzsp::build(&frame)).unwrap();
        }

        fn listen(&mut self, span: Duration) -> (Vec<Sighting>, Heard) {
            let mut seen = Vec::new();
            let until = self.clock.now() + span;
            let heard = self.stream.listen(until, &mut |sighting| {
                seen.push(sighting.clone());
                ControlFlow::Continue(())
            });
            (seen, heard.unwrap())
        }
    }

    const SHORT: Duration = Duration::from_millis(30);

    #[test]
    fn the_suspect_is_sighted_and_others_are_counted() {
        for host in ["127.0.0.1", "[::1]"] {
            let mut scene = scene(host);
            scene.send(SUSPECT);
            scene.send(OTHER);
            scene.sender.send(&tzsp::build_keepalive()).unwrap();
            scene.sender.send(b"no TZSP at all").unwrap();
            scene.send(OTHER);
            let (seen, heard) = scene.listen(SHORT);
            assert_eq!(seen.len(), 1, "{host}");
            assert_eq!((seen[0].src, seen[0].wire_len), (Some(SUSPECT), 60));
            assert_eq!(heard.foreign_frames, 2);
            assert_eq!(heard.foreign_sources, [OTHER].into());
            assert_eq!((heard.lost, heard.ended), (0, false));
        }
    }

    #[test]
    fn only_received_ethernet_frames_count() {
        let mut scene = scene("127.0.0.1");
        let frame = ethernet::build(OTHER, SUSPECT, &[], EtherType::IPV4, &[0; 46]);
        for (place, value) in [(1, Kind::TRANSMIT.0), (3, 18)] {
            let mut bytes = tzsp::build(&frame);
            bytes[place] = value;
            scene.sender.send(&bytes).unwrap();
        }
        let (seen, heard) = scene.listen(SHORT);
        assert_eq!((seen.len(), heard.foreign_frames), (0, 0));
    }

    #[test]
    fn frames_keep_the_time_of_their_arrival() {
        const LATER: Duration = Duration::from_secs(2);
        let mut scene = scene("127.0.0.1");
        let before = scene.clock.now();
        scene.send(SUSPECT);
        let after = scene.clock.now();
        std::thread::sleep(LATER);
        let (seen, _) = scene.listen(Duration::ZERO);
        // The stamp is of the wall clock, and the two clocks are read one after the other: on a busy machine much can
        // happen in between, but not as much as there is between arrival and reading.
        let slack = LATER / 2;
        assert!(seen[0].at + slack >= before, "{} {before}", seen[0].at);
        assert!(seen[0].at <= after + slack, "{} {after}", seen[0].at);
    }

    #[test]
    fn a_break_leaves_the_rest_for_the_next_call() {
        let mut scene = scene("127.0.0.1");
        for _ in 0..3 {
            scene.send(SUSPECT);
        }
        let mut calls = 0;
        let until = scene.clock.now() + Duration::from_secs(60);
        let broken = scene.stream.listen(until, &mut |_| {
            calls += 1;
            ControlFlow::Break(())
        });
        assert!(broken.is_ok());
        assert_eq!(calls, 1);
        assert_eq!(scene.listen(SHORT).0.len(), 2);
    }

    #[test]
    fn a_frame_after_the_window_belongs_to_the_next_one() {
        let mut scene = scene("127.0.0.1");
        let until = scene.clock.now();
        std::thread::sleep(SHORT);
        scene.send(SUSPECT);
        let mut early = 0;
        let heard = scene.stream.listen(until, &mut |_| {
            early += 1;
            ControlFlow::Continue(())
        });
        assert_eq!((heard.unwrap(), early), (Heard::default(), 0));
        assert_eq!(scene.listen(SHORT).0.len(), 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_buffer_cannot_hold_is_counted_as_lost() {
        let mut scene = scene("127.0.0.1");
        scene.stream.receiver.0.shrink(4096);
        for _ in 0..200 {
            scene.send(OTHER);
        }
        let (_, heard) = scene.listen(SHORT);
        scene.send(OTHER);
        let (_, later) = scene.listen(SHORT);
        assert_eq!(
            heard.foreign_frames + later.foreign_frames + heard.lost + later.lost,
            201
        );
        assert!(heard.lost + later.lost > 0);
    }

    #[test]
    fn an_address_in_use_is_said_with_its_cause() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let clock = LiveClock::start();
        let error = Stream::open(address, &Suspect::Mac(SUSPECT), clock, Own::default());
        assert!(matches!(error.err(), Some(SniffError::Bind { .. })));
    }
}
