//! The frames of one file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::CaptureError;
use super::input::Input;
use super::lack::Lack;
use super::section::Section;
use super::source::Piece;
use super::stretch::Stretch;
use crate::wire::link::LinkType;
use crate::wire::pcap::{FILE_HEADER_LEN, FileHeader, RECORD_HEADER_LEN, RecordHeader};
use crate::wire::pcapng::{BLOCK_FRAME_LEN, BLOCK_HEADER_LEN, BlockType, Packet, section_order};

/// The longest frame that is believed, in octets: libpcap's own limit for nearly all links.
const MAX_FRAME: u32 = 256 << 10;
/// The largest block with a frame that is believed: room for options.
const MAX_PACKET_BLOCK: u32 = 16 << 20;

/// A frame of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the octets begin with.
    pub link_type: LinkType,
    /// Nanoseconds since the start of 1970.
    pub stamp: i64,
    /// The length on the wire in octets, as recorded: a wrong record may say less than that of `bytes`.
    pub wire_len: u32,
    /// The octets that were kept.
    pub bytes: &'a [u8],
}

/// A capture file, read frame by frame.
pub struct Capture {
    path: PathBuf,
    input: Input,
    format: Format,
}

enum Format {
    Pcap(FileHeader),
    PcapNg(Section),
}

/// Why the next frame cannot be had.
enum Trouble {
    Lack(Lack),
    Damage(&'static str),
}

impl From<Lack> for Trouble {
    fn from(lack: Lack) -> Trouble {
        Trouble::Lack(lack)
    }
}

impl From<&'static str> for Trouble {
    fn from(reason: &'static str) -> Trouble {
        Trouble::Damage(reason)
    }
}

impl Capture {
    /// Opens a file and reads its beginning; `-` is standard input.
    ///
    /// # Errors
    /// [`CaptureError`], if it cannot be read or is no capture file.
    pub fn open(path: &Path) -> Result<Capture, CaptureError> {
        Capture::open_for(path, Arc::default(), Arc::default())
    }

    /// As [`Capture::open`]; `read` counts the octets read of the file, and `stop` ends the waiting for a stream.
    pub(super) fn open_for(
        path: &Path,
        read: Arc<AtomicU64>,
        stop: Arc<AtomicBool>,
    ) -> Result<Capture, CaptureError> {
        let path = path.to_owned();
        let mut input = match Input::open(&path, read, stop) {
            Ok(input) => input,
            Err(lack) => return Err(described(path, Place::default(), lack.into())),
        };
        match begin(&mut input) {
            Ok(format) => Ok(Capture {
                path,
                input,
                format,
            }),
            Err(Trouble::Damage(reason)) => Err(CaptureError::NoCapture { path, reason }),
            Err(trouble) => Err(described(path, Place::of(&input), trouble)),
        }
    }

    /// Goes on to the next frame; `None` at the end of the file.
    ///
    /// # Errors
    /// [`CaptureError`] with the place; the frames before it were good. Nothing can be read behind it.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CaptureError> {
        match self.find() {
            Ok(Some(found)) => Ok(Some(Frame {
                link_type: found.link_type,
                stamp: found.stamp,
                wire_len: found.wire_len,
                bytes: self
                    .input
                    .take(found.total)
                    .get(found.start..found.end)
                    .unwrap_or_default(),
            })),
            Ok(None) => Ok(None),
            Err(trouble) => Err(self.describe(trouble)),
        }
    }

    /// Reads on, and goes to the frames that can then be had without waiting for more; `false` at the end.
    ///
    /// # Errors
    /// As [`Capture::next_frame`].
    pub(super) fn fill(&mut self, stretch: &mut Stretch) -> Result<bool, CaptureError> {
        let octets = stretch.clear();
        match self.find() {
            Ok(Some(found)) => self.add(&found, stretch),
            Ok(None) => return Ok(false),
            Err(trouble) => return Err(self.describe(trouble)),
        }
        self.add_held(stretch, octets);
        Ok(true)
    }

    /// As [`Capture::fill`], of a piece that somebody has read, with its begin; `false`, if there is no whole frame yet.
    ///
    /// # Errors
    /// [`CaptureError`], if the piece could not be read.
    pub(super) fn fill_from(
        &mut self,
        piece: io::Result<usize>,
        stretch: &mut Stretch,
    ) -> Result<bool, CaptureError> {
        let begin = piece.map_err(|error| self.describe(Trouble::Lack(error.into())))?;
        self.input.append(stretch.clear(), begin);
        self.add_held(stretch, Vec::new());
        Ok(stretch.frames().len() > 0)
    }

    /// Adds the frames that are in the window. What is wrong behind them is found again, and told, when it is their
    /// turn.
    fn add_held(&mut self, stretch: &mut Stretch, other: Vec<u8>) {
        self.input.hold();
        while let Ok(Some(found)) = self.find() {
            self.add(&found, stretch);
        }
        stretch.set_octets(self.input.exchange(other));
    }

    /// Claims the next piece of the file: see [`Input::claim`].
    pub(super) fn claim(&mut self) -> Option<Piece> {
        self.input.claim()
    }

    /// Tells whether a piece is one of this file.
    pub(super) fn owns(&self, piece: &Piece) -> bool {
        self.input.owns(piece)
    }

    #[inline]
    fn add(&mut self, found: &Found, stretch: &mut Stretch) {
        let start = self.input.consume(found.total).start;
        stretch.add(
            (found.link_type, found.stamp, found.wire_len),
            start + found.start..start + found.end,
        );
    }

    #[inline]
    fn find(&mut self) -> Result<Option<Found>, Trouble> {
        match &mut self.format {
            Format::Pcap(header) => next_record(header, &mut self.input),
            Format::PcapNg(section) => next_block(section, &mut self.input),
        }
    }

    fn describe(&self, trouble: Trouble) -> CaptureError {
        described(self.path.clone(), Place::of(&self.input), trouble)
    }
}

/// How far a file was read.
#[derive(Clone, Copy, Default)]
struct Place {
    offset: u64,
    is_unpacked: bool,
}

impl Place {
    fn of(input: &Input) -> Place {
        Place {
            offset: input.offset(),
            is_unpacked: input.is_unpacked(),
        }
    }
}

fn described(path: PathBuf, place: Place, trouble: Trouble) -> CaptureError {
    let (reason, source) = match trouble {
        Trouble::Lack(Lack::Io(source)) => return CaptureError::Unreadable { path, source },
        Trouble::Lack(Lack::Stopped) => return CaptureError::Stopped { path },
        Trouble::Lack(Lack::Packed(source)) => {
            let reason = if source.kind() == io::ErrorKind::UnexpectedEof {
                "the packed data end too early"
            } else {
                "it cannot be unpacked"
            };
            (reason, Some(source))
        }
        Trouble::Lack(Lack::Held) => unreachable!("what is held was read, and is not read again"),
        Trouble::Damage(reason) => (reason, None),
    };
    CaptureError::Damaged {
        path,
        offset: place.offset,
        is_unpacked: place.is_unpacked,
        reason,
        source,
    }
}

fn begin(input: &mut Input) -> Result<Format, Trouble> {
    if input.is_empty()? {
        return Err("it is empty".into());
    }
    let magic = input.window(4)?.ok_or("it ends within its header")?;
    // A section header reads the same in both byte orders; what it says is read with the first frame.
    if magic == BlockType::SECTION.0.to_be_bytes() {
        let order = next_order(input)?;
        return Ok(Format::PcapNg(Section::new(order)));
    }
    let known = [0xa1b2_c3d4_u32, 0xa1b2_3c4d];
    if !known
        .iter()
        .any(|known| magic == known.to_be_bytes() || magic == known.to_le_bytes())
    {
        return Err("it is neither pcap nor pcapng".into());
    }
    let header = input
        .window(FILE_HEADER_LEN)?
        .ok_or("it ends within its header")?;
    let header = FileHeader::parse(header).map_err(|_| "it is neither pcap nor pcapng")?;
    input.take(FILE_HEADER_LEN);
    Ok(Format::Pcap(header))
}

/// Where in the window the next frame is, and what is known of it.
struct Found {
    link_type: LinkType,
    stamp: i64,
    wire_len: u32,
    /// The frame's octets, within the record or block.
    start: usize,
    end: usize,
    /// The length of the record or block.
    total: usize,
}

#[inline]
fn next_record(header: &FileHeader, input: &mut Input) -> Result<Option<Found>, Trouble> {
    let Some(octets) = input
        .window(RECORD_HEADER_LEN)?
        .and_then(<[u8]>::first_chunk)
    else {
        return if input.is_empty()? {
            Ok(None)
        } else {
            Err("it ends in the middle of a record".into())
        };
    };
    let record = RecordHeader::read(header.order, octets);
    if record.captured > MAX_FRAME {
        return Err("a record claims to be too large".into());
    }
    let total = RECORD_HEADER_LEN + usize::try_from(record.captured).unwrap_or(usize::MAX);
    if input.window(total)?.is_none() {
        return Err("it ends in the middle of a record".into());
    }
    Ok(Some(Found {
        link_type: header.link_type,
        stamp: i64::from(record.seconds) * 1_000_000_000
            + i64::from(record.fraction) * i64::from(header.unit),
        wire_len: record.original,
        start: RECORD_HEADER_LEN,
        end: total,
        total,
    }))
}

#[inline]
fn next_block(section: &mut Section, input: &mut Input) -> Result<Option<Found>, Trouble> {
    loop {
        let Some(octets) = input
            .window(BLOCK_HEADER_LEN)?
            .and_then(<[u8]>::first_chunk::<8>)
        else {
            return if input.is_empty()? {
                Ok(None)
            } else {
                Err("it ends in the middle of a block".into())
            };
        };
        let [t1, t2, t3, t4, l1, l2, l3, l4] = *octets;
        let mut kind = BlockType(section.order.u32([t1, t2, t3, t4]));
        if [t1, t2, t3, t4] == BlockType::SECTION.0.to_be_bytes() {
            kind = BlockType::SECTION;
            *section = Section::new(next_order(input)?);
        }
        let length = section.order.u32([l1, l2, l3, l4]);
        if length < BLOCK_FRAME_LEN || !length.is_multiple_of(4) {
            return Err("a block's length is impossible".into());
        }
        if kind.is_packet() || kind == BlockType::INTERFACE {
            let body = whole_block(section, input, length)?;
            if kind.is_packet() {
                return frame_in(section, kind, body, length).map(Some);
            }
            section.add_interface(body)?;
            input.take(usize::try_from(length).unwrap_or(usize::MAX));
        } else if !input.skip(length.into())? {
            return Err("it ends in the middle of a block".into());
        }
    }
}

/// Reads the byte order of a section header that is next.
fn next_order(input: &mut Input) -> Result<crate::wire::pcap::Order, Trouble> {
    let start = input
        .window(12)?
        .ok_or("it ends in the middle of a block")?;
    let magic = start.get(8..).and_then(|magic| magic.try_into().ok());
    let order = magic.and_then(section_order);
    order.ok_or_else(|| "a section's byte order is not told".into())
}

/// Returns a block's body, with the whole block in the window.
#[inline]
fn whole_block<'a>(
    section: &Section,
    input: &'a mut Input,
    length: u32,
) -> Result<&'a [u8], Trouble> {
    if length > MAX_PACKET_BLOCK {
        return Err("a block claims to be too large".into());
    }
    let total = usize::try_from(length).unwrap_or(usize::MAX);
    let block = input
        .window(total)?
        .ok_or("it ends in the middle of a block")?;
    let (before, end) = block
        .split_last_chunk()
        .ok_or("a block's length is impossible")?;
    if section.order.u32(*end) != length {
        return Err("a block's two lengths differ".into());
    }
    Ok(before.get(BLOCK_HEADER_LEN..).unwrap_or_default())
}

#[inline]
fn frame_in(
    section: &mut Section,
    kind: BlockType,
    body: &[u8],
    length: u32,
) -> Result<Found, Trouble> {
    let packet = Packet::parse(section.order, kind, body).map_err(|_| "a block is cut short")?;
    let room = body.len().saturating_sub(packet.start);
    let placed = section.place(&packet, room)?;
    let start = BLOCK_HEADER_LEN + packet.start;
    Ok(Found {
        link_type: placed.link_type,
        stamp: placed.stamp,
        wire_len: packet.original,
        start,
        end: start + placed.captured,
        total: usize::try_from(length).unwrap_or(usize::MAX),
    })
}

#[cfg(test)]
mod tests;
