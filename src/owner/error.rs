//! What can go wrong while sockets are watched.

use std::io;

use crate::error::{Diagnosis, Exit};

/// Why sockets cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// The kernel does not tell its sockets.
    #[error("the kernel does not tell its sockets")]
    NoTable(#[source] io::Error),
    /// The process file system is not there.
    #[error("processes cannot be read from /proc")]
    NoProcesses(#[source] procfs::ProcError),
}

impl Diagnosis for OwnerError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            OwnerError::NoTable(_) => {
                "load the modules tcp_diag, udp_diag and inet_diag: `modprobe -a tcp_diag udp_diag`"
            }
            OwnerError::NoProcesses(_) => "mount it: `mount -t proc proc /proc`",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        Exit::Device
    }
}
