//! What the books need of some frames, on its way to them.

use super::digest::Digest;
use super::hint::Hint;

/// Digests of frames that follow each other. Its memory is used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Parcel {
    pub(super) digests: Vec<Digest>,
    /// Each with the place of its packet among the digests.
    hints: Vec<(usize, Hint)>,
}

impl Parcel {
    /// Makes room for so many frames at once.
    pub(super) fn expect(&mut self, frames: usize) {
        self.digests.reserve(frames);
    }

    /// Adds what the next packet tells in clear, if anything.
    #[inline]
    pub(super) fn note_hint(&mut self, hint: Option<Hint>) {
        if let Some(hint) = hint {
            self.hints.push((self.digests.len(), hint));
        }
    }

    /// Adds a packet.
    #[inline]
    pub(super) fn add(&mut self, digest: Digest) {
        self.digests.push(digest);
    }

    /// Returns what was told in clear, with the packet that told it.
    pub(super) fn take_hints(&mut self) -> impl Iterator<Item = (&Digest, Hint)> {
        let digests = &self.digests;
        let hints = self.hints.drain(..);
        hints.filter_map(|(place, hint)| Some((digests.get(place)?, hint)))
    }

    pub(super) fn clear(&mut self) {
        self.digests.clear();
        self.hints.clear();
    }
}
