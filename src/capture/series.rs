//! Several files, one after the other.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::vec;

use super::source::Piece;
use super::{Capture, CaptureError, Stretch};

/// How far the reading has come.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: Option<u64>,
}

impl Progress {
    /// Returns how many octets of the files were read, as they are stored.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Returns how many there are, unless one of them is a stream.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

/// What came of reading on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// Frames.
    Frames,
    /// None, but there may be more.
    Nothing,
    /// The files have ended.
    End,
}

/// The frames of several files in the order of the files. A damaged file is left where it is damaged.
pub struct Series {
    /// Those that were not opened yet.
    paths: vec::IntoIter<PathBuf>,
    current: Option<Capture>,
    /// How many frames were read.
    count: u64,
    /// How many are about to read in order.
    in_order: u32,
    /// A frame or block is larger than a piece: reading in order can deal with it.
    is_stuck: bool,
    progress: Progress,
    stop: Arc<AtomicBool>,
    troubles: Vec<CaptureError>,
}

impl Series {
    /// Makes a series; nothing is opened yet.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>) -> Series {
        let sizes = paths.iter().map(|path| {
            let about = std::fs::metadata(path).ok()?;
            about.is_file().then_some(about.len())
        });
        Series {
            progress: Progress {
                read: Arc::default(),
                total: sizes.sum(),
            },
            paths: paths.into_iter(),
            current: None,
            count: 0,
            in_order: 0,
            is_stuck: false,
            stop: Arc::default(),
            troubles: Vec::new(),
        }
    }

    /// Lets `stop` end the series where it waits for a stream.
    #[must_use]
    pub fn until(self, stop: Arc<AtomicBool>) -> Series {
        Series { stop, ..self }
    }

    /// Returns a view of the progress, for another thread.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Claims a piece to be read ahead. Where there is none, whoever asked has to read in order, by [`Series::fill`],
    /// and until then nobody claims one.
    pub(super) fn claim(&mut self) -> Option<Piece> {
        let may_claim = self.in_order == 0 && !self.is_stuck;
        let current = self.current.as_mut().filter(|_| may_claim);
        let piece = current.and_then(Capture::claim);
        if piece.is_none() {
            self.in_order += 1;
        }
        piece
    }

    /// Goes on to the next frames; of a piece that was claimed and read, there may be none.
    pub(super) fn fill(
        &mut self,
        stretch: &mut Stretch,
        read_ahead: Option<(Piece, io::Result<usize>)>,
    ) -> Filled {
        stretch.set_before(self.count);
        let has_frames = match read_ahead {
            Some((piece, read)) => self.fill_from(&piece, read, stretch),
            None => {
                self.in_order -= 1;
                self.fill_in_order(stretch)
            }
        };
        if has_frames {
            self.count += u64::try_from(stretch.frames().len()).unwrap_or(0);
            Filled::Frames
        } else if self.current.is_none() && self.paths.len() == 0 {
            Filled::End
        } else {
            Filled::Nothing
        }
    }

    fn fill_in_order(&mut self, stretch: &mut Stretch) -> bool {
        self.is_stuck = false;
        while let Some(mut capture) = self.current.take().or_else(|| self.open_next()) {
            match capture.fill(stretch) {
                Ok(true) => {
                    self.current = Some(capture);
                    return true;
                }
                Ok(false) => {}
                Err(trouble) => self.note(trouble),
            }
        }
        false
    }

    fn fill_from(&mut self, piece: &Piece, read: io::Result<usize>, stretch: &mut Stretch) -> bool {
        // A damaged file is left, maybe with pieces under way.
        let Some(capture) = self.current.as_mut().filter(|current| current.owns(piece)) else {
            return false;
        };
        match capture.fill_from(read, stretch) {
            Ok(has_frames) => {
                self.is_stuck |= !has_frames;
                has_frames
            }
            Err(trouble) => {
                self.note(trouble);
                self.current = None;
                false
            }
        }
    }

    fn open_next(&mut self) -> Option<Capture> {
        loop {
            let path = self.paths.next()?;
            let (read, stop) = (Arc::clone(&self.progress.read), Arc::clone(&self.stop));
            match Capture::open_for(&path, read, stop) {
                Ok(capture) => return Some(capture),
                Err(trouble) => self.note(trouble),
            }
        }
    }

    /// Notes what went wrong. Whoever has stopped one file wants none of the others.
    fn note(&mut self, trouble: CaptureError) {
        if matches!(trouble, CaptureError::Stopped { .. }) {
            self.paths = Vec::new().into_iter();
        } else {
            self.troubles.push(trouble);
        }
    }

    /// Returns what went wrong: at most one trouble a file.
    #[must_use]
    pub fn into_troubles(self) -> Vec<CaptureError> {
        self.troubles
    }
}
