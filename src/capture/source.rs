//! Where octets come from: streams, and files of which several threads read pieces at the same time.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::lack::Lack;
use super::stream::Stream;
use super::unpack::Unpacked;

/// How much is read at a time, in octets: stays in the cache of a core until it has been looked at.
pub(super) const CHUNK: usize = 512 << 10;
/// At least so much is left free before a piece: for the part of a frame that the piece before ends with.
const HEADROOM: usize = 64 << 10;
/// Pieces are put on addresses with this alignment. Copying to an address a little behind that of the source, counted
/// within pages as the kernel's copies begin on one, takes twice as long.
const PAGE: usize = 4096;

/// A source of octets.
pub(super) enum Source {
    /// What has to be read in order.
    Stream(Counted),
    /// What can be read anywhere.
    File(PlainFile),
    /// What has to be unpacked first.
    Packed(Unpacked),
}

impl Source {
    /// Opens a file, or standard input as `-`; `read` counts what is read of it, `stop` ends the waiting for a stream.
    pub(super) fn open(
        path: &Path,
        read: Arc<AtomicU64>,
        stop: Arc<AtomicBool>,
    ) -> io::Result<Source> {
        let stream = if path == Path::new("-") {
            Stream::standard_input(stop)?
        } else if std::fs::metadata(path)?.is_file() {
            let file = File::open(path)?;
            return Ok(Source::File(PlainFile {
                next: 0,
                size: file.metadata()?.len(),
                file: Arc::new(file),
                read,
            }));
        } else {
            Stream::open(path, stop)?
        };
        Ok(Source::Stream(Counted { stream, read }))
    }

    /// Claims the next piece: see [`super::input::Input::claim`].
    pub(super) fn claim(&mut self) -> Option<Piece> {
        match self {
            Source::Stream(_) | Source::Packed(_) => None,
            Source::File(file) => file.claim(),
        }
    }

    /// Tells whether a piece is one of this source.
    pub(super) fn owns(&self, piece: &Piece) -> bool {
        match self {
            Source::Stream(_) | Source::Packed(_) => false,
            Source::File(file) => Arc::ptr_eq(&file.file, &piece.file),
        }
    }

    /// Reads what is next.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Lack> {
        match self {
            Source::Stream(stream) => stream.read(room),
            Source::File(file) => Ok(file.read(room)?),
            Source::Packed(unpacked) => unpacked.read(room),
        }
    }
}

/// A file that can be read anywhere.
pub(super) struct PlainFile {
    file: Arc<File>,
    /// Where what nobody has read or claimed begins.
    next: u64,
    /// How large it was when it was opened: it may grow.
    size: u64,
    read: Arc<AtomicU64>,
}

impl PlainFile {
    fn claim(&mut self) -> Option<Piece> {
        let end = self.next + u64::try_from(CHUNK).ok()?;
        (end <= self.size).then(|| Piece {
            file: Arc::clone(&self.file),
            offset: std::mem::replace(&mut self.next, end),
            read: Arc::clone(&self.read),
        })
    }

    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(room, self.next)?;
        self.next += u64::try_from(count).unwrap_or(0);
        count_read(&self.read, count);
        Ok(count)
    }
}

/// A claimed piece of a file.
pub(super) struct Piece {
    file: Arc<File>,
    offset: u64,
    read: Arc<AtomicU64>,
}

impl Piece {
    /// Reads the piece into `octets`, and returns where it begins there: behind some room for what is left of the one
    /// before. It is shorter only where somebody has cut the file in the meantime.
    pub(super) fn read(&self, octets: &mut Vec<u8>) -> io::Result<usize> {
        octets.resize(HEADROOM + PAGE + CHUNK, 0);
        let head = octets.get(HEADROOM..).unwrap_or_default();
        let begin = HEADROOM + head.as_ptr().align_offset(PAGE) % PAGE;
        octets.truncate(begin + CHUNK);
        let mut end = begin;
        while let Some(room) = octets.get_mut(end..).filter(|room| !room.is_empty()) {
            let before = u64::try_from(end - begin).unwrap_or(0);
            match self.file.read_at(room, self.offset + before) {
                Ok(0) => break,
                Ok(count) => end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        octets.truncate(end);
        count_read(&self.read, end - begin);
        Ok(begin)
    }
}

/// A stream, counting what is read of it.
pub(super) struct Counted {
    stream: Stream,
    read: Arc<AtomicU64>,
}

impl Counted {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Lack> {
        let count = self.stream.read(room)?;
        count_read(&self.read, count);
        Ok(count)
    }
}

/// Counts what is read, for whoever shows the progress.
fn count_read(read: &AtomicU64, octets: usize) {
    read.fetch_add(u64::try_from(octets).unwrap_or(0), Ordering::Relaxed);
}
