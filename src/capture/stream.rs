//! A stream: it has to be read in order, and may be silent for long.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::lack::Lack;

/// How often a silent stream is asked whether it was stopped, in milliseconds. The signal itself may be delivered to
/// another thread, and wakes nobody who reads.
const TICK: u16 = 100;

/// What has to be read in order.
pub(super) struct Stream {
    file: File,
    stop: Arc<AtomicBool>,
}

impl Stream {
    /// Opens standard input.
    pub(super) fn standard_input(stop: Arc<AtomicBool>) -> io::Result<Stream> {
        // Not by way of the library's buffer: what is in there shows nowhere while we wait.
        Ok(Stream::new(io::stdin().as_fd().try_clone_to_owned()?, stop))
    }

    /// Opens what is no regular file. A pipe is not waited for until somebody writes to it: that, too, may take long.
    pub(super) fn open(path: &Path, stop: Arc<AtomicBool>) -> io::Result<Stream> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
        Ok(Stream::new(options.open(path)?.into(), stop))
    }

    fn new(file: OwnedFd, stop: Arc<AtomicBool>) -> Stream {
        Stream {
            file: file.into(),
            stop,
        }
    }

    /// Reads what is next, as soon as there is something.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Lack> {
        while !self.stop.load(Ordering::Relaxed) {
            let mut fds = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
            // Other errors show in the read that follows.
            if let Ok(0) | Err(Errno::EINTR) = poll(&mut fds, PollTimeout::from(TICK)) {
                continue;
            }
            match self.file.read(room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Ok(read?),
            }
        }
        Err(Lack::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_silent_stream_is_read_until_it_is_stopped() {
        let (reader, mut writer) = io::pipe().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let mut stream = Stream::new(reader.into(), Arc::clone(&stop));
        let mut room = [0; 16];
        writer.write_all(b"text").unwrap();
        assert!(matches!(stream.read(&mut room), Ok(4)));
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                stop.store(true, Ordering::Relaxed);
            });
            assert!(matches!(stream.read(&mut room), Err(Lack::Stopped)));
        });
    }

    #[test]
    fn a_stream_ends_when_nobody_writes_to_it_any_more() {
        let (reader, writer) = io::pipe().unwrap();
        let mut stream = Stream::new(reader.into(), Arc::default());
        drop(writer);
        assert!(matches!(stream.read(&mut [0; 16]), Ok(0)));
    }

    #[test]
    fn a_named_pipe_is_waited_for_until_somebody_writes_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut stream = Stream::open(&path, Arc::default()).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                std::fs::write(&path, b"text").unwrap();
            });
            let mut room = [0; 16];
            assert!(matches!(stream.read(&mut room), Ok(4)));
            assert!(matches!(stream.read(&mut room), Ok(0)));
        });
    }
}
