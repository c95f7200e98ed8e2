//! A file's octets in order: unpacked and buffered.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::lack::Lack;
use super::source::{CHUNK, Piece, Source};
use super::unpack::Unpacked;
use super::zstd::is_zstd;

const GZIP: &[u8] = &[0x1f, 0x8b];

/// A source of octets with a window on them.
pub(super) struct Input {
    source: Source,
    buffer: Vec<u8>,
    /// The window is `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Whether the buffer has to stay as it is.
    is_held: bool,
    /// How many octets were before the window.
    offset: u64,
}

impl Input {
    /// Opens a file, or standard input as `-`; `read` counts what is read of it, as it is stored, and `stop` ends the
    /// waiting for a stream.
    pub(super) fn open(
        path: &Path,
        read: Arc<AtomicU64>,
        stop: Arc<AtomicBool>,
    ) -> Result<Input, Lack> {
        let mut file = Input::new(Source::open(path, read, stop)?);
        let magic = file.window(4)?.unwrap_or_default();
        let unpacked = if magic.starts_with(GZIP) {
            Unpacked::of_gzip(file)
        } else if is_zstd(magic) {
            Unpacked::of_zstd(file)
        } else {
            return Ok(file);
        };
        Ok(Input::new(Source::Packed(unpacked)))
    }

    fn new(source: Source) -> Input {
        Input {
            source,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            is_held: false,
            offset: 0,
        }
    }

    /// Claims the next piece of the file for somebody who will read it and bring it in its turn. `None` where there
    /// is no whole one any more, or where the source has to be read in order.
    pub(super) fn claim(&mut self) -> Option<Piece> {
        self.source.claim()
    }

    /// Tells whether a piece is one of this source.
    pub(super) fn owns(&self, piece: &Piece) -> bool {
        self.source.owns(piece)
    }

    /// Puts a piece behind the window, which begins at a place of `octets`. All before it are there already.
    pub(super) fn append(&mut self, mut octets: Vec<u8>, begin: usize) {
        let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
        let before = begin.checked_sub(rest.len());
        let room = before.and_then(|start| Some((start, octets.get_mut(start..begin)?)));
        if let Some((start, front)) = room {
            front.copy_from_slice(rest);
            self.start = start;
            self.buffer = octets;
        } else {
            let mut joined = rest.to_vec();
            joined.extend(octets.get(begin..).unwrap_or_default());
            self.start = 0;
            self.buffer = joined;
        }
        self.end = self.buffer.len();
    }

    /// Returns how many octets were consumed.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Tells whether the octets come from packed ones.
    pub(super) fn is_unpacked(&self) -> bool {
        matches!(self.source, Source::Packed(_))
    }

    /// Returns the next `need` octets without consuming them; `None` if fewer are left.
    #[inline]
    pub(super) fn window(&mut self, need: usize) -> Result<Option<&[u8]>, Lack> {
        if self.end - self.start < need {
            if self.is_held {
                return Err(Lack::Held);
            }
            self.read_up_to(need)?;
        }
        Ok(self.peek(need))
    }

    #[inline]
    fn peek(&self, need: usize) -> Option<&[u8]> {
        self.buffer
            .get(self.start..self.end)
            .and_then(|window| window.get(..need))
    }

    /// Consumes octets of the window, and returns them.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> &[u8] {
        let place = self.consume(count);
        self.buffer.get(place).unwrap_or_default()
    }

    /// Consumes octets of the window, and returns their place in the buffer.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) -> Range<usize> {
        let begin = self.start;
        self.start = (begin + count).min(self.end);
        self.offset += u64::try_from(self.start - begin).unwrap_or(0);
        begin..self.start
    }

    /// Lets the buffer stay as it is: what is not in it already lacks.
    pub(super) fn hold(&mut self) {
        self.is_held = true;
    }

    /// Gives the buffer away, with the octets where they were consumed, and goes on with another one.
    pub(super) fn exchange(&mut self, mut other: Vec<u8>) -> Vec<u8> {
        other.clear();
        other.extend(self.buffer.get(self.start..self.end).unwrap_or_default());
        (self.start, self.end, self.is_held) = (0, other.len(), false);
        std::mem::replace(&mut self.buffer, other)
    }

    /// Tells whether nothing is left.
    pub(super) fn is_empty(&mut self) -> Result<bool, Lack> {
        Ok(self.window(1)?.is_none())
    }

    /// Consumes octets without keeping them; `false` if fewer are left.
    pub(super) fn skip(&mut self, mut count: u64) -> Result<bool, Lack> {
        let here = u64::try_from(self.end - self.start).unwrap_or(0);
        if self.is_held && here < count {
            return Err(Lack::Held);
        }
        while count > 0 {
            let step = usize::try_from(count).unwrap_or(CHUNK).min(CHUNK);
            if self.window(step)?.is_none() {
                return Ok(false);
            }
            self.take(step);
            count -= u64::try_from(step).unwrap_or(0);
        }
        Ok(true)
    }

    /// Moves what is left of the window to the front and reads behind it. A large block makes the buffer grow.
    #[cold]
    fn read_up_to(&mut self, need: usize) -> Result<(), Lack> {
        if self.end - self.start >= need {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < need.max(CHUNK) {
            self.buffer.resize(need.max(CHUNK), 0);
        }
        while self.end < need {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(Lack::Io(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(lack) => return Err(lack),
            }
        }
        Ok(())
    }

    /// Consumes octets, as many as are there and have room.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Lack> {
        self.read_up_to(1)?;
        let count = room.len().min(self.end - self.start);
        let (Some(room), octets) = (room.get_mut(..count), self.take(count)) else {
            return Ok(0);
        };
        room.copy_from_slice(octets);
        Ok(count)
    }
}
