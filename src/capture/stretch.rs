//! Frames that follow each other, with their octets: what one thread takes from a file at a time.

use std::ops::Range;

use super::Frame;
use crate::wire::link::LinkType;

/// Frames that follow each other. Their memory is used again.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    octets: Vec<u8>,
    frames: Vec<Placed>,
    before: u64,
}

/// A frame with the place of its octets.
#[derive(Clone, Copy, Debug)]
struct Placed {
    link_type: LinkType,
    wire_len: u32,
    stamp: i64,
    start: usize,
    end: usize,
}

impl Stretch {
    /// Returns the frames.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = Frame<'_>> {
        self.frames.iter().map(|placed| Frame {
            link_type: placed.link_type,
            stamp: placed.stamp,
            wire_len: placed.wire_len,
            bytes: self
                .octets
                .get(placed.start..placed.end)
                .unwrap_or_default(),
        })
    }

    /// Returns how many frames of the whole reading come before these.
    #[must_use]
    pub fn before(&self) -> u64 {
        self.before
    }

    pub(super) fn set_before(&mut self, before: u64) {
        self.before = before;
    }

    /// Forgets the frames, and returns the memory of their octets.
    pub(super) fn clear(&mut self) -> Vec<u8> {
        self.frames.clear();
        std::mem::take(&mut self.octets)
    }

    #[inline]
    pub(super) fn add(
        &mut self,
        (link_type, stamp, wire_len): (LinkType, i64, u32),
        place: Range<usize>,
    ) {
        self.frames.push(Placed {
            link_type,
            wire_len,
            stamp,
            start: place.start,
            end: place.end,
        });
    }

    pub(super) fn set_octets(&mut self, octets: Vec<u8>) {
        self.octets = octets;
    }

    /// Returns the memory of the octets, to read a piece into.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        &mut self.octets
    }
}
