//! Several files, one after the other.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Capture, CaptureError, Frame};

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

/// The frames of several files in the order of the files. A damaged file is left where it is damaged.
pub struct Series {
    paths: Vec<PathBuf>,
    progress: Progress,
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
            paths,
            troubles: Vec::new(),
        }
    }

    /// Returns a view of the progress, for another thread.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Hands every frame to `take` until the files end, or until `take` wants no more.
    pub fn read(&mut self, mut take: impl FnMut(Frame<'_>) -> ControlFlow<()>) {
        for path in std::mem::take(&mut self.paths) {
            match self.read_file(&path, &mut take) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return,
                Err(trouble) => self.troubles.push(trouble),
            }
        }
    }

    fn read_file(
        &self,
        path: &Path,
        take: &mut impl FnMut(Frame<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, CaptureError> {
        let mut capture = Capture::open_counted(path, Arc::clone(&self.progress.read))?;
        while let Some(frame) = capture.next_frame()? {
            if take(frame).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Returns what went wrong: at most one trouble a file.
    #[must_use]
    pub fn into_troubles(self) -> Vec<CaptureError> {
        self.troubles
    }
}
