//! The frames of a pcap or pcapng file, one after the other, with constant memory.

use std::fs::File;
use std::path::{Path, PathBuf};

use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{
    Block, InterfaceDescriptionBlock, PcapBlockOwned, PcapError, PcapHeader, create_reader,
};

use super::super::SniffError;

/// How much of the file is held at a time, in octets.
const BUFFER: usize = 1 << 20;
/// The largest block that is believed, in octets; frames end far below, lists of names and secrets do not.
const MAX_BLOCK: usize = 64 << 20;
/// The most interfaces of a pcapng section that are believed.
const MAX_INTERFACES: usize = 4096;
/// `LINKTYPE_ETHERNET`
const ETHERNET: i32 = 1;

/// What is known of a frame besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Nanoseconds since the start of 1970.
    pub(super) stamp: i128,
    /// The length on the wire in octets.
    pub(super) wire_len: u32,
}

/// A capture file, read frame by frame.
pub(super) struct Frames {
    path: PathBuf,
    reader: Box<dyn PcapReaderIterator + Send>,
    state: State,
}

/// What earlier blocks said about later ones, and the frame read last.
#[derive(Default)]
struct State {
    big_endian: bool,
    interfaces: Vec<Interface>,
    last_stamp: i128,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Interface {
    link_type: i32,
    /// Units a second.
    resolution: i128,
    /// Seconds.
    offset: i64,
}

/// Why a block cannot be used.
enum Refusal {
    Damaged(&'static str),
    NotEthernet(i32),
}

impl Frames {
    /// Reads the beginning of a file.
    pub(super) fn read(path: &Path, file: File) -> Result<Frames, SniffError> {
        let path = path.to_owned();
        match create_reader(BUFFER, file) {
            Ok(reader) => Ok(Frames {
                path,
                reader,
                state: State::default(),
            }),
            Err(PcapError::ReadError) => Err(unreadable(path)),
            Err(PcapError::Eof) => Err(unrecognised(path, "it is empty")),
            Err(PcapError::Incomplete(_)) => Err(unrecognised(path, "it ends within its header")),
            Err(_) => Err(unrecognised(path, "it is neither pcap nor pcapng")),
        }
    }

    /// Returns the bytes of the frame that [`Frames::next`] returned last.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.state.bytes
    }

    /// Goes on to the next frame; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Record>, SniffError> {
        loop {
            let (length, taken) = match self.reader.next() {
                Ok((length, block)) => (length, self.state.take(&block)),
                Err(PcapError::Eof) => return Ok(None),
                Err(PcapError::Incomplete(_)) => {
                    self.refill()?;
                    continue;
                }
                Err(PcapError::BufferTooSmall) => {
                    self.grow()?;
                    continue;
                }
                Err(PcapError::UnexpectedEof) => {
                    return Err(self.damaged("it ends in the middle of a block"));
                }
                Err(_) => return Err(self.damaged("a block is malformed")),
            };
            match taken {
                Ok(record) => {
                    self.reader.consume(length);
                    if record.is_some() {
                        return Ok(record);
                    }
                }
                Err(Refusal::Damaged(reason)) => return Err(self.damaged(reason)),
                Err(Refusal::NotEthernet(link_type)) => {
                    return Err(SniffError::NotEthernet {
                        source_name: self.path.display().to_string(),
                        link_type,
                    });
                }
            }
        }
    }

    fn refill(&mut self) -> Result<(), SniffError> {
        let refilled = self.reader.refill().is_ok();
        refilled
            .then_some(())
            .ok_or_else(|| unreadable(self.path.clone()))
    }

    /// Makes room for a block that is larger than the buffer.
    fn grow(&mut self) -> Result<(), SniffError> {
        let size = self.reader.data().len().max(BUFFER) * 2;
        if size > MAX_BLOCK || !self.reader.grow(size) {
            return Err(self.damaged("a block claims to be too large"));
        }
        self.refill()
    }

    fn damaged(&self, reason: &'static str) -> SniffError {
        SniffError::DamagedFile {
            path: self.path.clone(),
            offset: self.reader.consumed(),
            reason,
        }
    }
}

fn unrecognised(path: PathBuf, reason: &'static str) -> SniffError {
    SniffError::DamagedFile {
        path,
        offset: 0,
        reason,
    }
}

/// The reader keeps the system's words to itself.
fn unreadable(path: PathBuf) -> SniffError {
    SniffError::UnreadableFile {
        path,
        source: std::io::Error::other("reading failed"),
    }
}

impl State {
    /// Takes in a block; returns a record if it is a frame.
    fn take(&mut self, block: &PcapBlockOwned<'_>) -> Result<Option<Record>, Refusal> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                self.interfaces = vec![Interface::of_legacy(header)];
                Ok(None)
            }
            PcapBlockOwned::Legacy(frame) => {
                let units = (frame.ts_sec, frame.ts_usec);
                let resolution = self.interface(0)?.resolution;
                let units = i128::from(units.0) * resolution + i128::from(units.1);
                self.frame(0, Some(units), frame.data, frame.origlen)
            }
            PcapBlockOwned::NG(block) => self.take_ng(block),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other block, known or not, carries no frame"
    )]
    fn take_ng(&mut self, block: &Block<'_>) -> Result<Option<Record>, Refusal> {
        match block {
            Block::SectionHeader(header) => {
                self.big_endian = header.big_endian();
                self.interfaces.clear();
                Ok(None)
            }
            Block::InterfaceDescription(description) => {
                if self.interfaces.len() >= MAX_INTERFACES {
                    return Err(Refusal::Damaged("it lists too many interfaces"));
                }
                self.interfaces
                    .push(Interface::of_ng(description, self.big_endian)?);
                Ok(None)
            }
            Block::EnhancedPacket(frame) => {
                let units = i128::from(frame.ts_high) << 32 | i128::from(frame.ts_low);
                self.frame(frame.if_id, Some(units), frame.packet_data(), frame.origlen)
            }
            Block::SimplePacket(frame) => self.frame(0, None, frame.packet_data(), frame.origlen),
            _ => Ok(None),
        }
    }

    /// Notes a frame; one without a stamp gets that of its predecessor.
    fn frame(
        &mut self,
        interface: u32,
        units: Option<i128>,
        bytes: &[u8],
        wire_len: u32,
    ) -> Result<Option<Record>, Refusal> {
        let interface = self.interface(interface)?;
        if interface.link_type != ETHERNET {
            return Err(Refusal::NotEthernet(interface.link_type));
        }
        if let Some(units) = units {
            self.last_stamp = interface.nanoseconds(units);
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Ok(Some(Record {
            stamp: self.last_stamp,
            wire_len: wire_len.max(captured),
        }))
    }

    fn interface(&self, number: u32) -> Result<Interface, Refusal> {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let interface = self.interfaces.get(index).copied();
        interface.ok_or(Refusal::Damaged(
            "a frame is of an interface that was not described",
        ))
    }
}

impl Interface {
    fn of_legacy(header: &PcapHeader) -> Interface {
        Interface {
            // The upper half tells the length of the FCS.
            link_type: header.network.0 & 0xffff,
            resolution: if header.is_nanosecond_precision() {
                1_000_000_000
            } else {
                1_000_000
            },
            offset: 0,
        }
    }

    /// Reads `if_tsresol` and `if_tsoffset` by the draft-ietf-opsawg-pcapng §4.2: pcap-parser refuses powers of
    /// two, and reads the offset as little-endian always.
    fn of_ng(
        description: &InterfaceDescriptionBlock<'_>,
        big_endian: bool,
    ) -> Result<Interface, Refusal> {
        let exponent = u32::from(description.if_tsresol & 0x7f);
        let base: i128 = if description.if_tsresol & 0x80 == 0 {
            10
        } else {
            2
        };
        let resolution = base.checked_pow(exponent);
        Ok(Interface {
            link_type: description.linktype.0,
            resolution: resolution.ok_or(Refusal::Damaged("its time resolution is impossible"))?,
            offset: if big_endian {
                description.if_tsoffset.swap_bytes()
            } else {
                description.if_tsoffset
            },
        })
    }

    fn nanoseconds(&self, units: i128) -> i128 {
        // At most 64 bits of units and 30 bits of nanoseconds: far from the limit.
        units * 1_000_000_000 / self.resolution + i128::from(self.offset) * 1_000_000_000
    }
}
