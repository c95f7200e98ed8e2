//! A flow as people see it: who began it, which way it went, how it ended.

use std::net::IpAddr;

use super::digest::TcpFlags;
use super::key::FlowKey;
use super::ledger::{Flow, Side};
use super::service::usual_on;
use super::tally::{Span, Tally};
use crate::mac::Mac;
use crate::wire::ip::Protocol;

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The address.
    pub ip: IpAddr,
    /// The port, or 0.
    pub port: u16,
    /// What it sent.
    pub sent: Tally,
    /// The MAC that sent the last of it.
    pub mac: Option<Mac>,
    /// All TCP flags that it sent.
    pub flags: TcpFlags,
    /// TCP: it sent data.
    pub has_data: bool,
    /// It sent packets, all with the IP identification zero.
    pub ids_zero: bool,
}

/// A flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Who began it, as far as can be told.
    pub a: End,
    /// The other.
    pub b: End,
    /// The protocol's number at the IANA.
    pub protocol: u8,
    /// From the first to the last packet.
    pub span: Span,
    /// The number of its first packet in the reading.
    pub number: u64,
    pub(super) key: FlowKey,
}

/// What became of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// TCP: asked for, never answered.
    Unanswered,
    /// TCP: asked for, refused.
    Refused,
    /// TCP: begun, and still open when the capture ended.
    Open,
    /// TCP: one side has ended it.
    HalfClosed,
    /// TCP: both sides have ended it.
    Closed,
    /// TCP: broken off.
    Reset,
    /// TCP: its beginning was not seen; both sides speak.
    Midstream,
    /// One side speaks, nothing comes back.
    OneWay,
    /// Both sides speak.
    TwoWay,
}

impl State {
    /// Returns the state as the report has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Unanswered => "unanswered",
            State::Refused => "refused",
            State::Open => "open",
            State::HalfClosed => "half_closed",
            State::Closed => "closed",
            State::Reset => "reset",
            State::Midstream => "midstream",
            State::OneWay => "one_way",
            State::TwoWay => "two_way",
        }
    }
}

impl Conversation {
    pub(super) fn new(key: &FlowKey, flow: &Flow) -> Conversation {
        let end = |(ip, port): (IpAddr, u16), side: &Side| End {
            ip,
            port,
            sent: side.tally,
            mac: side.mac(),
            flags: side.flags,
            has_data: side.is(Side::HAS_DATA),
            ids_zero: !side.is(Side::HAS_ID) && side.tally.packets > 0,
        };
        let low = end(key.low, &flow.up);
        let high = end(key.high, &flow.down);
        let (a, b) = if flow.up.is(Side::OPENED) {
            (low, high)
        } else {
            (high, low)
        };
        // Where the beginning was not seen, the service is the side with the known port. A SYN with an ACK, without the
        // other side's, may be a server's whose client was not captured.
        let asked = a.flags.has(TcpFlags::SYN) && !a.flags.has(TcpFlags::ACK);
        let begun = asked || b.flags.has(TcpFlags::SYN);
        let is_service = |port| is_well_known(port) || usual_on(key.protocol, port).is_some();
        let turned = !begun && is_service(a.port) && !is_service(b.port) && b.port != 0;
        let (a, b) = if turned { (b, a) } else { (a, b) };
        Conversation {
            a,
            b,
            protocol: key.protocol,
            span: flow.span,
            number: flow.number,
            key: *key,
        }
    }

    /// Returns both ways together.
    #[must_use]
    pub fn both(&self) -> Tally {
        self.a.sent.plus(self.b.sent)
    }

    /// Tells whether it is TCP.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        self.protocol == Protocol::TCP.0
    }

    /// Tells whether only one side was heard.
    #[must_use]
    pub fn is_one_way(&self) -> bool {
        self.a.sent.packets == 0 || self.b.sent.packets == 0
    }

    /// Returns what became of it.
    #[must_use]
    pub fn state(&self) -> State {
        let one_way = self.is_one_way();
        // Without a first fragment there are no flags to tell from.
        if !self.is_tcp() || (self.a.port == 0 && self.b.port == 0) {
            return if one_way {
                State::OneWay
            } else {
                State::TwoWay
            };
        }
        let has = |end: &End, flag| end.flags.has(flag);
        let begun = has(&self.a, TcpFlags::SYN) || has(&self.b, TcpFlags::SYN);
        let fins = [&self.a, &self.b].map(|end| has(end, TcpFlags::FIN));
        let reset = has(&self.a, TcpFlags::RST) || has(&self.b, TcpFlags::RST);
        let answered = has(&self.b, TcpFlags::SYN) || self.b.has_data;
        match (begun, one_way, fins) {
            // Who acknowledges something was answered, though it was not seen.
            (true, true, _) if has(&self.a, TcpFlags::SYN) && !has(&self.a, TcpFlags::ACK) => {
                State::Unanswered
            }
            (_, true, _) => State::OneWay,
            (true, ..) if !answered && has(&self.b, TcpFlags::RST) => State::Refused,
            _ if reset => State::Reset,
            (_, _, [true, true]) => State::Closed,
            (_, _, [true, false] | [false, true]) => State::HalfClosed,
            (true, ..) => State::Open,
            (false, ..) => State::Midstream,
        }
    }
}

fn is_well_known(port: u16) -> bool {
    (1..1024).contains(&port)
}

/// Returns a protocol's name, or its number.
#[must_use]
pub(super) fn protocol_name(number: u8) -> String {
    match number {
        1 => "icmp",
        2 => "igmp",
        4 => "ipip",
        6 => "tcp",
        17 => "udp",
        41 => "ipv6",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "icmpv6",
        88 => "eigrp",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        132 => "sctp",
        other => return other.to_string(),
    }
    .to_owned()
}

impl Conversation {
    /// Returns the protocol's name in small letters, or its number.
    #[must_use]
    pub fn protocol_name(&self) -> String {
        protocol_name(self.protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flow of which each side sent these flags, and maybe data; `None` if it sent nothing.
    fn flow(a: Option<(u8, bool)>, b: Option<(u8, bool)>) -> Conversation {
        flow_between([("10.0.0.1", 40_000), ("10.0.0.2", 80)], a, b, true)
    }

    /// The same between these ends, of which the first or the second sent the first packet.
    fn flow_between(
        ends: [(&str, u16); 2],
        a: Option<(u8, bool)>,
        b: Option<(u8, bool)>,
        first_opened: bool,
    ) -> Conversation {
        let ends = ends.map(|(ip, port)| (ip.parse().unwrap(), port));
        let side = |sent: Option<(u8, bool)>, opened| {
            let has_data = sent.is_some_and(|(_, data)| data);
            let marks = [(opened, Side::OPENED), (has_data, Side::HAS_DATA)];
            let marks = marks.iter().filter(|(is_so, _)| *is_so);
            let mut side = Side::marked(marks.map(|(_, mark)| mark).sum());
            side.tally = Tally {
                packets: u64::from(sent.is_some()),
                bytes: 60,
            };
            side.flags = TcpFlags(sent.map_or(0, |(flags, _)| flags));
            side
        };
        let key = FlowKey {
            low: ends[0],
            high: ends[1],
            protocol: 6,
        };
        let counted = Flow {
            up: side(a, first_opened),
            down: side(b, !first_opened),
            span: Span::at(0),
            number: 1,
        };
        Conversation::new(&key, &counted)
    }

    #[test]
    fn the_state_follows_from_what_both_sides_sent() {
        let (syn, fin, rst, ack) = (2, 1, 4, 16);
        for (a, b, state) in [
            (Some((syn, false)), None, State::Unanswered),
            (Some((syn | ack, true)), None, State::OneWay),
            (Some((ack, true)), None, State::OneWay),
            (Some((syn, false)), Some((rst | ack, false)), State::Refused),
            (
                Some((syn | ack, true)),
                Some((syn | ack, true)),
                State::Open,
            ),
            (
                Some((syn | ack | fin, true)),
                Some((syn | ack, true)),
                State::HalfClosed,
            ),
            (
                Some((syn | ack | fin, true)),
                Some((syn | ack | fin, true)),
                State::Closed,
            ),
            (
                Some((syn | ack | fin, true)),
                Some((syn | ack | rst, true)),
                State::Reset,
            ),
            (Some((ack, true)), Some((ack, true)), State::Midstream),
        ] {
            assert_eq!(flow(a, b).state(), state, "{a:?} {b:?}");
        }
    }

    #[test]
    fn where_no_syn_was_seen_the_side_with_the_known_port_is_the_service() {
        let (syn, ack) = (2, 16);
        let client = ("10.0.0.1", 40_000);
        let ends = |known| [client, ("10.0.0.2", known)];
        let midstream = flow(Some((ack, true)), Some((ack, true)));
        assert_eq!((midstream.a.port, midstream.b.port), (40_000, 80));
        for (known, server_sent, client_sent, is_turned) in [
            (80, Some((ack, true)), Some((ack, true)), true),
            (80, Some((ack, true)), None, true),
            // The server's half alone.
            (80, Some((syn | ack, true)), None, true),
            // A service without privilege, and a port that no service is known by.
            (5432, Some((ack, true)), None, true),
            (14_857, Some((ack, true)), None, false),
            // It asked, though from a known port.
            (80, Some((syn, false)), None, false),
            // It asked, and the client answered.
            (
                80,
                Some((syn | ack, false)),
                Some((syn | ack, false)),
                false,
            ),
        ] {
            let flow = flow_between(ends(known), client_sent, server_sent, false);
            let expected = if is_turned {
                (40_000, known)
            } else {
                (known, 40_000)
            };
            assert_eq!(
                (flow.a.port, flow.b.port),
                expected,
                "{known} {server_sent:?}"
            );
        }
    }
}
