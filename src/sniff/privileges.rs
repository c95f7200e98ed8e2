//! Giving up the rights that only opening a capture needs.

use super::SniffError;

/// Drops all capabilities that listening does not need, for this thread and those it starts later.
///
/// To be called once every capture is open. A process that got its right by `setcap` keeps nothing. Root keeps
/// what reading and writing files takes, because the configuration and the journal may belong to others; it
/// stays user 0, so that the journal is found again by `halfspan restore`.
///
/// # Errors
/// [`SniffError::Failed`], if the kernel refuses.
#[cfg(target_os = "linux")]
pub fn drop_privileges() -> Result<(), SniffError> {
    use caps::{CapSet, Capability, CapsHashSet};

    let failed = |error: caps::errors::CapsError| SniffError::Failed {
        source_name: "this process".to_owned(),
        reason: format!("cannot drop privileges: {error}"),
    };
    let files = [
        Capability::CAP_CHOWN,
        Capability::CAP_DAC_OVERRIDE,
        Capability::CAP_DAC_READ_SEARCH,
        Capability::CAP_FOWNER,
    ];
    let held = caps::read(None, CapSet::Permitted).map_err(failed)?;
    let keep: CapsHashSet = if nix::unistd::geteuid().is_root() {
        files.into_iter().filter(|cap| held.contains(cap)).collect()
    } else {
        CapsHashSet::new()
    };
    // Ambient and inheritable first: the kernel wants them to be subsets of the permitted ones.
    for set in [CapSet::Ambient, CapSet::Inheritable] {
        caps::clear(None, set).map_err(failed)?;
    }
    for set in [CapSet::Effective, CapSet::Permitted] {
        caps::set(None, set, &keep).map_err(failed)?;
    }
    Ok(())
}

/// Does nothing: elsewhere the right to capture is that of a file or of a service.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn drop_privileges() -> Result<(), SniffError> {
    Ok(())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use caps::{CapSet, Capability};

    use super::*;

    #[test]
    fn afterwards_no_capture_can_be_opened_and_twice_is_fine() {
        // Capabilities belong to a thread, so the other tests keep theirs.
        let dropped = std::thread::spawn(|| {
            drop_privileges().unwrap();
            drop_privileges().unwrap();
            let raw = caps::has_cap(None, CapSet::Permitted, Capability::CAP_NET_RAW).unwrap();
            let file = tempfile::tempfile().is_ok();
            (raw, file)
        });
        assert_eq!(dropped.join().unwrap(), (false, true));
    }
}
