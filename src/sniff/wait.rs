//! Waiting for a capture to become readable.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Returns when there is something to read, or after `span`, or on a signal; the caller looks at the clock.
pub(super) fn wait(fd: BorrowedFd<'_>, span: Duration) {
    // Rounded up: a wait of zero milliseconds would spin through the last one.
    let milliseconds = span.as_nanos().div_ceil(1_000_000);
    let timeout = PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX);
    let mut fds = [PollFd::new(fd, PollFlags::POLLIN)];
    // An error shows in the read that follows.
    let _readable = poll(&mut fds, timeout);
}
