//! Zstandard data: frames one behind the other, as `cat` and `pzstd` leave them.

use std::error::Error;
use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Tells whether data of this beginning are a frame's, or those of one that is to be skipped: `pzstd` begins with one.
pub(super) fn is_zstd(beginning: &[u8]) -> bool {
    matches!(
        beginning,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]
    )
}

/// An empty last block, and a checksum behind it.
const FRAME_END: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// What all frames of packed data hold.
pub(super) struct Zstd<R> {
    packed: R,
    /// Its memory is used again by every frame. It refuses windows beyond its limit.
    decoder: FrameDecoder,
    /// Why there is nothing behind what is decoded.
    failure: Option<io::Error>,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(packed: R) -> Zstd<R> {
        Zstd {
            packed,
            decoder: FrameDecoder::new(),
            failure: None,
        }
    }

    pub(super) fn get_mut(&mut self) -> &mut R {
        &mut self.packed
    }

    /// Decodes the next block of the frame. If it cannot be, the frame is ended: the decoder holds back the octets
    /// that later blocks may refer to, and now gives them away.
    fn decode_block(&mut self) -> io::Result<()> {
        let one = || BlockDecodingStrategy::UptoBlocks(1);
        let Err(error) = self.decoder.decode_blocks(&mut self.packed, one()) else {
            return Ok(());
        };
        let failure = reason(&error);
        match self.decoder.decode_blocks(FRAME_END.as_slice(), one()) {
            Ok(_) => self.failure = Some(failure),
            Err(_) => return Err(failure),
        }
        Ok(())
    }

    /// Tells whether the frame, if there was one, came out as it was packed. The decoder leaves that to us.
    fn check(&self) -> io::Result<()> {
        let told = self.decoder.get_checksum_from_data();
        if told.is_some() && told != self.decoder.get_calculated_checksum() {
            let words = "the checksum of the unpacked data is another one";
            return Err(io::Error::new(io::ErrorKind::InvalidData, words));
        }
        Ok(())
    }

    /// Goes on to the next frame; `false` at the end of the data.
    fn begin_frame(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => self.skip(length.into())?,
                Err(error) => return Err(reason(&error)),
            }
        }
        Ok(false)
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let mut skipped = self.packed.by_ref().take(length);
        if io::copy(&mut skipped, &mut io::sink())? < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 {
            if !self.decoder.is_finished() {
                self.decode_block()?;
                continue;
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            self.check()?;
            if !self.begin_frame()? {
                return Ok(0);
            }
        }
        self.decoder.read(room)
    }
}

/// Returns the innermost source of an error: those around it only tell which function it came through.
fn reason(error: &(dyn Error + 'static)) -> io::Error {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let kind = inner
        .downcast_ref()
        .map_or(io::ErrorKind::InvalidData, io::Error::kind);
    io::Error::new(kind, inner.to_string())
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    /// Packs octets into one frame.
    fn frame(octets: &[u8]) -> Vec<u8> {
        compress_to_vec(octets, CompressionLevel::Fastest)
    }

    /// Makes a frame that is to be skipped.
    fn aside(octets: &[u8]) -> Vec<u8> {
        let length = u32::try_from(octets.len()).unwrap();
        [&[0x5a, 0x2a, 0x4d, 0x18][..], &length.to_le_bytes(), octets].concat()
    }

    /// Returns what comes out, and why no more does.
    fn unpacked(packed: &[u8]) -> (Vec<u8>, Option<io::Error>) {
        let mut octets = Vec::new();
        let end = Zstd::new(packed).read_to_end(&mut octets);
        (octets, end.err())
    }

    /// More than a block.
    fn text() -> Vec<u8> {
        (0..60_000_u32).flat_map(u32::to_le_bytes).collect()
    }

    #[test]
    fn frames_behind_each_other_are_one_text() {
        let text = text();
        let (first, rest) = text.split_at(70_001);
        let (octets, end) = unpacked(&[frame(first), frame(&[]), frame(rest)].concat());
        assert!(end.is_none(), "{end:?}");
        assert!(octets == text);
    }

    #[test]
    fn frames_to_be_skipped_are_skipped_wherever_they_are() {
        let parts = [
            aside(b"first"),
            frame(b"some "),
            aside(&[]),
            aside(&[0xb5; 100_000]),
            frame(b"text"),
            aside(b"last"),
        ];
        assert!(is_zstd(&parts[0]) && is_zstd(&parts[1]));
        let (octets, end) = unpacked(&parts.concat());
        assert!(end.is_none(), "{end:?}");
        assert_eq!(octets, b"some text");
    }

    #[test]
    fn a_last_frame_that_is_cut_is_told_behind_those_before_it() {
        let whole = frame(b"some text");
        for last in [frame(b"more"), aside(b"aside")] {
            for length in 1..last.len() {
                let (octets, end) = unpacked(&[&whole[..], &last[..length]].concat());
                assert!(octets.starts_with(b"some text"), "{length}");
                assert_eq!(end.unwrap().kind(), io::ErrorKind::UnexpectedEof);
            }
        }
    }

    #[test]
    fn what_is_no_frame_behind_one_is_told() {
        let (octets, end) = unpacked(&[&frame(b"some text")[..], b"garbage"].concat());
        assert_eq!(octets, b"some text");
        let end = end.unwrap();
        assert_eq!(end.kind(), io::ErrorKind::InvalidData);
        assert_eq!(end.to_string(), "Read wrong magic number: 0x62726167");
    }

    #[test]
    fn a_window_beyond_all_measure_is_refused() {
        let header = [0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8];
        let (_, end) = unpacked(&[&frame(b"some text")[..], &header].concat());
        let said = end.unwrap().to_string();
        assert!(said.contains("window_size is too big"), "{said}");
    }
}
