//! Capture files made octet by octet, for tests.

/// Writes integers in one of the two orders.
#[derive(Clone, Copy)]
pub(crate) struct Order {
    pub(crate) big: bool,
}

pub(crate) const ORDERS: [Order; 2] = [Order { big: false }, Order { big: true }];

impl Order {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }
    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }
    pub(crate) fn u64(self, value: u64) -> [u8; 8] {
        if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    pub(crate) fn pcap(
        self,
        magic: u32,
        link_type: u32,
        frames: &[(u32, u32, Vec<u8>)],
    ) -> Vec<u8> {
        let mut bytes = [
            self.u32(magic).to_vec(),
            self.u16(2).to_vec(),
            self.u16(4).to_vec(),
        ]
        .concat();
        for value in [0, 0, 65535, link_type] {
            bytes.extend(self.u32(value));
        }
        for (seconds, fraction, frame) in frames {
            let length = u32::try_from(frame.len()).unwrap();
            for value in [*seconds, *fraction, length, 1500] {
                bytes.extend(self.u32(value));
            }
            bytes.extend(frame);
        }
        bytes
    }

    pub(crate) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = self.u32(u32::try_from(padded + 12).unwrap());
        let mut bytes = [self.u32(kind), length].concat();
        bytes.extend(body);
        bytes.resize(8 + padded, 0);
        bytes.extend(length);
        bytes
    }

    pub(crate) fn section(self) -> Vec<u8> {
        let mut body = self.u32(0x1a2b_3c4d).to_vec();
        body.extend([self.u16(1), self.u16(0)].concat());
        body.extend(self.u64(u64::MAX));
        self.block(0x0a0d_0d0a, &body)
    }

    pub(crate) fn interface(self, link_type: u16, resolution: u8, offset: u64) -> Vec<u8> {
        let mut body = [self.u16(link_type), self.u16(0)].concat();
        body.extend(self.u32(0));
        body.extend([self.u16(9), self.u16(1)].concat());
        body.extend([resolution, 0, 0, 0]);
        body.extend([self.u16(14), self.u16(8)].concat());
        body.extend(self.u64(offset));
        body.extend([0; 4]);
        self.block(1, &body)
    }

    pub(crate) fn packet(self, interface: u32, units: u64, frame: &[u8]) -> Vec<u8> {
        let length = u32::try_from(frame.len()).unwrap();
        let high = u32::try_from(units >> 32).unwrap();
        let low = u32::try_from(units & 0xffff_ffff).unwrap();
        let mut body = [interface, high, low, length, 1500]
            .map(|v| self.u32(v))
            .concat();
        body.extend(frame);
        self.block(6, &body)
    }

    pub(crate) fn simple_packet(self, frame: &[u8]) -> Vec<u8> {
        let mut body = self.u32(u32::try_from(frame.len()).unwrap()).to_vec();
        body.extend(frame);
        self.block(3, &body)
    }
}
