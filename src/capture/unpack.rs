//! What is packed in a file.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::input::Input;
use super::lack::Lack;
use super::zstd::Zstd;

/// How much is given to gzip's unpacker at a time, in octets: with damage in it, nothing of what it holds comes out.
const GZIP_STEP: usize = 1 << 10;

/// What is packed in a file.
pub(super) struct Unpacked {
    unpacker: Unpacker,
    /// Why nothing comes behind what came last.
    lack: Option<Lack>,
}

enum Unpacker {
    Gzip(Box<MultiGzDecoder<BufReader<Packed>>>),
    Zstd(Box<Zstd<BufReader<Packed>>>),
}

impl Unpacked {
    pub(super) fn of_gzip(file: Input) -> Unpacked {
        let packed = BufReader::with_capacity(GZIP_STEP, Packed::new(file));
        Unpacked::by(Unpacker::Gzip(Box::new(MultiGzDecoder::new(packed))))
    }

    pub(super) fn of_zstd(file: Input) -> Unpacked {
        let packed = BufReader::new(Packed::new(file));
        Unpacked::by(Unpacker::Zstd(Box::new(Zstd::new(packed))))
    }

    fn by(unpacker: Unpacker) -> Unpacked {
        Unpacked {
            unpacker,
            lack: None,
        }
    }

    /// Fills `room`, or as much of it as there is before the end or the damage.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Lack> {
        let mut count = 0;
        while self.lack.is_none() && count < room.len() {
            let rest = room.get_mut(count..).unwrap_or_default();
            match self.unpacker.read(rest) {
                Ok(0) => return Ok(count),
                Ok(more) => count += more,
                Err(lack) => self.lack = Some(lack),
            }
        }
        let lack = self.lack.take_if(|_| count == 0);
        lack.map_or(Ok(count), Err)
    }
}

impl Unpacker {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Lack> {
        let (read, packed) = match self {
            Unpacker::Gzip(gzip) => (gzip.read(room), gzip.get_mut()),
            Unpacker::Zstd(zstd) => (zstd.read(room), zstd.get_mut()),
        };
        read.map_err(|error| match packed.get_mut().lack.take() {
            Some(lack) => lack,
            None => Lack::Packed(error),
        })
    }
}

/// A packed file, as an unpacker reads it.
struct Packed {
    file: Input,
    /// Why it cannot be read: the unpackers tell that in words of their own, as if the packed data were wrong.
    lack: Option<Lack>,
}

impl Packed {
    fn new(file: Input) -> Packed {
        Packed { file, lack: None }
    }
}

impl Read for Packed {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.file.read(room).map_err(|lack| {
            self.lack = Some(lack);
            io::ErrorKind::Other.into()
        })
    }
}
