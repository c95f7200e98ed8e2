//! A file's octets in order: unpacked, buffered, and counted.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ahead::{Ahead, CHUNK, Chunk, HEADROOM};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// A source of octets with a window on them; another thread reads ahead.
pub(super) struct Input {
    ahead: Ahead,
    buffer: Vec<u8>,
    /// The window is `buffer[start..end]`.
    start: usize,
    end: usize,
    /// How many octets were before the window.
    offset: u64,
}

impl Input {
    /// Opens a file, or standard input as `-`; `read` counts what is read of it, as it is stored.
    pub(super) fn open(path: &Path, read: Arc<AtomicU64>) -> io::Result<Input> {
        let source: Box<dyn Read + Send> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path)?)
        };
        let mut plain = Input::new(Box::new(Counted { source, read }));
        let magic = plain.window(ZSTD.len())?.unwrap_or_default();
        if magic.starts_with(GZIP) {
            Ok(Input::new(Box::new(flate2::read::MultiGzDecoder::new(
                plain,
            ))))
        } else if magic == ZSTD {
            let decoder = ruzstd::decoding::StreamingDecoder::new(plain);
            Ok(Input::new(Box::new(decoder.map_err(io::Error::other)?)))
        } else {
            Ok(plain)
        }
    }

    fn new(source: Box<dyn Read + Send>) -> Input {
        Input {
            ahead: Ahead::start(source),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
        }
    }

    /// Returns how many octets were consumed.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the next `need` octets without consuming them; `None` if fewer are left.
    #[inline]
    pub(super) fn window(&mut self, need: usize) -> io::Result<Option<&[u8]>> {
        if self.end - self.start < need {
            self.fill(need)?;
        }
        Ok(self.peek(need))
    }

    /// As [`Input::window`], for octets that are there already.
    #[inline]
    pub(super) fn peek(&self, need: usize) -> Option<&[u8]> {
        self.buffer
            .get(self.start..self.end)
            .and_then(|window| window.get(..need))
    }

    /// Consumes octets of the window, and returns them.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> &[u8] {
        let begin = self.start;
        self.start = (begin + count).min(self.end);
        self.offset += u64::try_from(self.start - begin).unwrap_or(0);
        self.buffer.get(begin..self.start).unwrap_or_default()
    }

    /// Tells whether nothing is left.
    pub(super) fn is_empty(&mut self) -> io::Result<bool> {
        Ok(self.window(1)?.is_none())
    }

    /// Consumes octets without keeping them; `false` if fewer are left.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
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

    #[cold]
    fn fill(&mut self, need: usize) -> io::Result<()> {
        while self.end - self.start < need {
            let Some(chunk) = self.ahead.next()? else {
                break;
            };
            self.append(chunk);
        }
        Ok(())
    }

    /// Puts a chunk behind what is left of the window: what is left is mostly short and goes to the chunk.
    fn append(&mut self, mut chunk: Chunk) {
        let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
        let begin = HEADROOM.checked_sub(rest.len());
        if let Some((begin, room)) =
            begin.and_then(|begin| Some((begin, chunk.buffer.get_mut(begin..HEADROOM)?)))
        {
            room.copy_from_slice(rest);
            self.start = begin;
            self.end = HEADROOM + chunk.length;
            let before = std::mem::replace(&mut self.buffer, chunk.buffer);
            self.ahead.give_back(before);
            return;
        }
        // A large block: the window grows.
        self.buffer.truncate(self.end);
        self.buffer.drain(..self.start);
        self.buffer.extend_from_slice(chunk.octets());
        self.start = 0;
        self.end = self.buffer.len();
        self.ahead.give_back(chunk.buffer);
    }
}

impl Read for Input {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.window(1)?;
        let count = room.len().min(self.end - self.start);
        let (Some(room), octets) = (room.get_mut(..count), self.take(count)) else {
            return Ok(0);
        };
        room.copy_from_slice(octets);
        Ok(count)
    }
}

/// Counts what is read, for whoever shows the progress.
struct Counted {
    source: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(room)?;
        let more = u64::try_from(count).unwrap_or(0);
        self.read.fetch_add(more, Ordering::Relaxed);
        Ok(count)
    }
}
