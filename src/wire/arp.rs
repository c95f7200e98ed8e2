//! ARP between Ethernet and IPv4 (RFC 826).

use std::net::Ipv4Addr;

use super::{Malformed, take};
use crate::mac::Mac;

/// What an ARP packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation(pub u16);

impl Operation {
    /// Who has this address?
    pub const REQUEST: Operation = Operation(1);
    /// I have.
    pub const REPLY: Operation = Operation(2);
}

/// Hardware type Ethernet, protocol type IPv4, and the lengths of their addresses.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// An ARP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// Request, reply, or something else.
    pub operation: Operation,
    /// The sender's MAC; may differ from the frame's source.
    pub sender_mac: Mac,
    /// The sender's address; unspecified in a probe (RFC 5227).
    pub sender_ip: Ipv4Addr,
    /// The target's MAC; zero in a request.
    pub target_mac: Mac,
    /// The target's address.
    pub target_ip: Ipv4Addr,
}

impl Arp {
    /// Makes a request for the MAC of `target`.
    #[must_use]
    pub fn request(sender_mac: Mac, sender_ip: Ipv4Addr, target: Ipv4Addr) -> Arp {
        Arp {
            operation: Operation::REQUEST,
            sender_mac,
            sender_ip,
            target_mac: Mac([0; 6]),
            target_ip: target,
        }
    }

    /// Makes the answer to a request: `target_ip` is at `mac`.
    #[must_use]
    pub fn reply(&self, mac: Mac) -> Arp {
        Arp {
            operation: Operation::REPLY,
            sender_mac: mac,
            sender_ip: self.target_ip,
            target_mac: self.sender_mac,
            target_ip: self.sender_ip,
        }
    }

    /// Reads the payload of an ARP frame.
    ///
    /// # Errors
    /// [`Malformed`], if it is cut short or is not about Ethernet and IPv4.
    pub fn parse(bytes: &[u8]) -> Result<Arp, Malformed> {
        const WHAT: &str = "ARP packet";
        let (kind, rest) = take::<6>(WHAT, bytes)?;
        if *kind != ETHERNET_IPV4 {
            let [h1, h2, p1, p2, ..] = *kind;
            return Err(Malformed::Unexpected {
                what: WHAT,
                field: "hardware and protocol type",
                value: u32::from_be_bytes([h1, h2, p1, p2]),
            });
        }
        let (operation, rest) = take(WHAT, rest)?;
        let (sender_mac, rest) = take(WHAT, rest)?;
        let (sender_ip, rest) = take::<4>(WHAT, rest)?;
        let (target_mac, rest) = take(WHAT, rest)?;
        let (target_ip, _) = take::<4>(WHAT, rest)?;
        Ok(Arp {
            operation: Operation(u16::from_be_bytes(*operation)),
            sender_mac: Mac(*sender_mac),
            sender_ip: (*sender_ip).into(),
            target_mac: Mac(*target_mac),
            target_ip: (*target_ip).into(),
        })
    }

    /// Builds the payload of an ARP frame.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut bytes = ETHERNET_IPV4.to_vec();
        bytes.extend(self.operation.0.to_be_bytes());
        bytes.extend(self.sender_mac.0);
        bytes.extend(self.sender_ip.octets());
        bytes.extend(self.target_mac.0);
        bytes.extend(self.target_ip.octets());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const B: Mac = Mac([2, 0, 0, 0, 0, 2]);

    #[test]
    fn a_request_and_its_reply_are_read_as_they_were_built() {
        let request = Arp::request(A, [10, 77, 0, 1].into(), [10, 77, 0, 57].into());
        let bytes = request.build();
        assert_eq!(bytes.len(), 28);
        assert_eq!(Arp::parse(&bytes), Ok(request));
        let reply = request.reply(B);
        assert_eq!(reply.sender_ip, Ipv4Addr::new(10, 77, 0, 57));
        assert_eq!(reply.target_mac, A);
        assert_eq!(Arp::parse(&reply.build()), Ok(reply));
    }

    #[test]
    fn the_padding_of_a_short_frame_does_not_disturb() {
        let request = Arp::request(A, [10, 77, 0, 1].into(), [10, 77, 0, 57].into());
        let mut bytes = request.build();
        bytes.resize(46, 0);
        assert_eq!(Arp::parse(&bytes), Ok(request));
    }

    #[test]
    fn an_unknown_operation_survives_and_another_hardware_does_not() {
        let mut bytes = Arp::request(A, [0; 4].into(), [0; 4].into()).build();
        bytes[7] = 9;
        assert_eq!(Arp::parse(&bytes).unwrap().operation, Operation(9));
        bytes[1] = 6;
        assert!(matches!(
            Arp::parse(&bytes),
            Err(Malformed::Unexpected {
                value: 0x0006_0800,
                ..
            })
        ));
        assert!(matches!(
            Arp::parse(&bytes[..5]),
            Err(Malformed::Truncated { .. })
        ));
    }
}
