//! What earlier blocks of a pcapng file say about later ones.

use crate::wire::link::LinkType;
use crate::wire::pcap::Order;
use crate::wire::pcapng;

/// The most interfaces of a section that are believed.
const MAX_INTERFACES: usize = 4096;
const NANOSECONDS: u64 = 1_000_000_000;

/// A section: its byte order and its interfaces.
pub(super) struct Section {
    pub(super) order: Order,
    interfaces: Vec<Interface>,
    /// A frame without a stamp gets that of its predecessor.
    last_stamp: i64,
}

#[derive(Clone, Copy)]
struct Interface {
    link_type: LinkType,
    snap_len: u32,
    scale: Scale,
    /// Nanoseconds.
    offset: i64,
}

/// How units become nanoseconds.
#[derive(Clone, Copy)]
enum Scale {
    /// Times this: down from seconds, in powers of ten.
    Times(u64),
    /// By this many a second.
    PerSecond(u64),
}

/// A frame's place and meaning.
pub(super) struct Placed {
    pub(super) link_type: LinkType,
    pub(super) stamp: i64,
    /// How many octets were kept.
    pub(super) captured: usize,
}

impl Section {
    pub(super) fn new(order: Order) -> Section {
        Section {
            order,
            interfaces: Vec::new(),
            last_stamp: 0,
        }
    }

    pub(super) fn add_interface(&mut self, body: &[u8]) -> Result<(), &'static str> {
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err("it lists too many interfaces");
        }
        let read = pcapng::Interface::parse(self.order, body)
            .map_err(|_| "an interface's description is cut short")?;
        let per_second = read
            .units_per_second()
            .ok_or("its time resolution is impossible")?;
        let scale = if NANOSECONDS.is_multiple_of(per_second) {
            Scale::Times(NANOSECONDS / per_second)
        } else {
            Scale::PerSecond(per_second)
        };
        self.interfaces.push(Interface {
            link_type: read.link_type,
            snap_len: read.snap_len,
            scale,
            offset: read.offset.saturating_mul(1_000_000_000),
        });
        Ok(())
    }

    /// Places a frame whose block has room for `room` octets of it.
    #[inline]
    pub(super) fn place(
        &mut self,
        packet: &pcapng::Packet,
        room: usize,
    ) -> Result<Placed, &'static str> {
        let number = usize::try_from(packet.interface).unwrap_or(usize::MAX);
        let interface = self
            .interfaces
            .get(number)
            .ok_or("a frame is of an interface that was not described")?;
        if let Some(units) = packet.units {
            self.last_stamp = interface.nanoseconds(units);
        }
        let captured = match packet.captured {
            Some(captured) => usize::try_from(captured).unwrap_or(usize::MAX),
            None => {
                let limit = match interface.snap_len {
                    0 => u32::MAX,
                    limit => limit,
                };
                let kept = packet.original.min(limit);
                usize::try_from(kept).unwrap_or(usize::MAX).min(room)
            }
        };
        if captured > room {
            return Err("a frame is longer than its block");
        }
        Ok(Placed {
            link_type: interface.link_type,
            stamp: self.last_stamp,
            captured,
        })
    }
}

impl Interface {
    /// Times beyond the year 2262 become the last that can be told.
    #[inline]
    fn nanoseconds(&self, units: u64) -> i64 {
        let since_offset = match self.scale {
            Scale::Times(factor) => i64::try_from(units.saturating_mul(factor)).unwrap_or(i64::MAX),
            Scale::PerSecond(per_second) => {
                let exact = u128::from(units) * u128::from(NANOSECONDS) / u128::from(per_second);
                i64::try_from(exact).unwrap_or(i64::MAX)
            }
        };
        since_offset.saturating_add(self.offset)
    }
}
