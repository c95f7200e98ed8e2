//! Reading ahead: a thread of its own reads, and unpacks, while the last chunk is being looked at.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// How much is read at a time, in octets: stays in the cache of a core until it has been looked at.
pub(super) const CHUNK: usize = 256 << 10;
/// Before a chunk there is room for what is left of the one before: a frame that goes over the edge.
pub(super) const HEADROOM: usize = 64 << 10;
/// How many chunks are read ahead.
const AHEAD: usize = 4;

/// What was read at a time.
pub(super) struct Chunk {
    /// The octets begin behind [`HEADROOM`].
    pub(super) buffer: Vec<u8>,
    pub(super) length: usize,
}

impl Chunk {
    pub(super) fn octets(&self) -> &[u8] {
        let octets = self.buffer.get(HEADROOM..HEADROOM + self.length);
        octets.unwrap_or_default()
    }
}

/// The chunks of a source, in order.
pub(super) struct Ahead {
    full: Receiver<io::Result<Chunk>>,
    empty: Sender<Vec<u8>>,
    has_ended: bool,
}

impl Ahead {
    /// Begins to read. The thread ends with the source, or when nobody wants its chunks any more.
    pub(super) fn start(source: Box<dyn Read + Send>) -> Ahead {
        let (hand_over, full) = sync_channel(AHEAD);
        let (empty, take_back) = channel();
        thread::spawn(move || read(source, &hand_over, &take_back));
        Ahead {
            full,
            empty,
            has_ended: false,
        }
    }

    /// Returns the next chunk, `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Chunk>> {
        if self.has_ended {
            return Ok(None);
        }
        // A thread that goes without a word has panicked: that is not the end of the source.
        let broke_off = || Err(io::Error::other("the unpacking broke off"));
        let chunk = self.full.recv().unwrap_or_else(|_| broke_off());
        self.has_ended = chunk.as_ref().map_or(true, |chunk| chunk.length == 0);
        chunk.map(|chunk| Some(chunk).filter(|chunk| chunk.length > 0))
    }

    /// Takes a buffer back that is no longer needed.
    pub(super) fn give_back(&self, buffer: Vec<u8>) {
        if buffer.len() == HEADROOM + CHUNK {
            // The thread may have ended: the buffer is then not needed.
            self.empty.send(buffer).ok();
        }
    }
}

fn read(
    mut source: Box<dyn Read + Send>,
    hand_over: &SyncSender<io::Result<Chunk>>,
    take_back: &Receiver<Vec<u8>>,
) {
    loop {
        let buffer = take_back.try_recv();
        let mut buffer = buffer.unwrap_or_else(|_| vec![0; HEADROOM + CHUNK]);
        let room = buffer.get_mut(HEADROOM..).unwrap_or_default();
        let read = source.read(room);
        // The end is told by an empty chunk.
        let is_end = matches!(read, Ok(0));
        let told = match read {
            Ok(length) => hand_over.send(Ok(Chunk { buffer, length })),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                // Nothing follows what cannot be read, and whoever has gone misses nothing.
                hand_over.send(Err(error)).ok();
                return;
            }
        };
        if is_end || told.is_err() {
            return;
        }
    }
}
