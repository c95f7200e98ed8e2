//! A file's octets in order: unpacked, buffered, and counted.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much is read at a time, in octets: stays in the cache of a core until it has been looked at.
const CHUNK: usize = 256 << 10;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// A source of octets with a window on them.
pub(super) struct Input {
    source: Box<dyn Read + Send>,
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
            source,
            buffer: vec![0; CHUNK],
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

    /// Moves what is left of the window to the front and reads behind it. A large block makes the buffer grow.
    #[cold]
    fn fill(&mut self, need: usize) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if need > self.buffer.len() {
            self.buffer.resize(need, 0);
        }
        while self.end < need {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
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
