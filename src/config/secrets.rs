//! Where a secret comes from: `env:NAME`, `file:PATH`, `cmd:COMMAND`, or the text itself.
//!
//! It is fetched when it is first asked for, and once.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::secret::Secret;

/// The most octets of a file or of a command's output that are looked at for the first line.
const MAX_BYTES: u64 = 64 * 1024;

/// A secret that is fetched on demand.
#[derive(Clone, Debug)]
pub struct SecretSource {
    from: From,
    fetched: OnceLock<Secret>,
}

#[derive(Clone, Debug)]
enum From {
    Variable(String),
    File(PathBuf),
    Command { line: String, folder: PathBuf },
    Literal(Secret),
}

/// Why a secret could not be fetched. Nothing here holds any part of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is not set.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// The file is not there or may not be read.
    #[error("cannot read {}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// Others than the owner may read or change the file.
    #[error("{} is open to others (mode {mode:04o})", file.display())]
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The command could not be started.
    #[error("cannot run sh")]
    Start(#[source] std::io::Error),
    /// The command failed.
    #[error("the command `{command}` failed: {status}")]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// There is nothing in it.
    #[error("{0} holds nothing in its first line")]
    Empty(String),
    /// It is not UTF-8.
    #[error("{0} is not UTF-8 text")]
    NotText(String),
    /// It is shorter than the protocol allows.
    #[error("an SNMPv3 password has at least 8 characters (RFC 3414 §11.2)")]
    TooShort,
}

impl SecretError {
    /// Returns what the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            SecretError::Unset(name) => Some(format!("set it: export {name}=…")),
            SecretError::File { .. } => Some("check the path and its permissions".to_owned()),
            SecretError::Exposed { file, .. } => Some(format!("run: chmod 600 {}", file.display())),
            SecretError::Command { .. } => Some("run the command by hand".to_owned()),
            SecretError::Start(_)
            | SecretError::Empty(_)
            | SecretError::NotText(_)
            | SecretError::TooShort => None,
        }
    }
}

impl SecretSource {
    /// Reads the notation. Relative paths, and the command, start from `folder`.
    #[must_use]
    pub fn new(text: &str, folder: &Path) -> Self {
        let from = match text.split_once(':') {
            Some(("env", name)) => From::Variable(name.trim().to_owned()),
            Some(("file", path)) => From::File(folder.join(path.trim())),
            Some(("cmd", line)) => From::Command {
                line: line.trim().to_owned(),
                folder: folder.to_owned(),
            },
            _ => From::Literal(Secret::new(text.to_owned())),
        };
        SecretSource {
            from,
            fetched: OnceLock::new(),
        }
    }

    /// Tells whether the secret itself stands in the configuration.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        matches!(self.from, From::Literal(_))
    }

    /// Returns the secret, fetching it the first time.
    ///
    /// # Errors
    /// [`SecretError`]; the next call tries again.
    pub fn fetch(&self) -> Result<Secret, SecretError> {
        if let Some(secret) = self.fetched.get() {
            return Ok(secret.clone());
        }
        let secret = match &self.from {
            From::Variable(name) => variable(name)?,
            From::File(path) => file(path)?,
            From::Command { line, folder } => command(line, folder)?,
            From::Literal(secret) => secret.clone(),
        };
        Ok(self.fetched.get_or_init(|| secret).clone())
    }
}

fn variable(name: &str) -> Result<Secret, SecretError> {
    let origin = format!("the environment variable {name}");
    match std::env::var_os(name) {
        None => Err(SecretError::Unset(name.to_owned())),
        Some(text) => match text.into_string() {
            Ok(text) => first_line(&Zeroizing::new(text.into_bytes()), origin),
            Err(_) => Err(SecretError::NotText(origin)),
        },
    }
}

fn file(path: &Path) -> Result<Secret, SecretError> {
    first_line(&guarded(path)?, path.display().to_string())
}

/// Returns the whole text of a file that nobody else may read.
pub(super) fn whole_file(path: &Path) -> Result<Secret, SecretError> {
    let octets = guarded(path)?;
    match std::str::from_utf8(&octets) {
        Ok(text) => Ok(Secret::new(text.to_owned())),
        Err(_) => Err(SecretError::NotText(path.display().to_string())),
    }
}

/// Reads a file, unless others may read it.
fn guarded(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let unreadable = |source| SecretError::File {
        file: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    let mode = meta.permissions().mode() & 0o7777;
    // A pipe (`file:/dev/fd/9`) is nobody else's, whatever its mode says.
    if meta.is_file() && mode & 0o077 != 0 {
        return Err(SecretError::Exposed {
            file: path.to_owned(),
            mode,
        });
    }
    head(file).map_err(unreadable)
}

/// Runs the command with the terminal at hand, so that a password store may ask for its own password.
fn command(line: &str, folder: &Path) -> Result<Secret, SecretError> {
    let mut child = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(SecretError::Start)?;
    let bytes = child.stdout.take().map(head).transpose();
    let status = child.wait().map_err(SecretError::Start)?;
    if !status.success() {
        return Err(SecretError::Command {
            command: line.to_owned(),
            status,
        });
    }
    let bytes = bytes.map_err(SecretError::Start)?.unwrap_or_default();
    first_line(&bytes, format!("the output of `{line}`"))
}

fn head(source: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    source.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn first_line(bytes: &[u8], origin: String) -> Result<Secret, SecretError> {
    let line = bytes
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok("") => Err(SecretError::Empty(origin)),
        Ok(text) => Ok(Secret::new(text.to_owned())),
        Err(_) => Err(SecretError::NotText(origin)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(text: &str, folder: &Path) -> Result<String, String> {
        let secret = SecretSource::new(text, folder).fetch();
        secret
            .map(|secret| secret.reveal().to_owned())
            .map_err(|error| error.to_string())
    }

    fn write(path: &Path, text: &str, mode: u32) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_secret_comes_from_where_it_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("auth"), "from file\r\nsecond\n", 0o600);
        assert_eq!(
            fetch("file:auth", folder.path()),
            Ok("from file".to_owned())
        );
        assert_eq!(
            fetch("cmd: printf 'a b\\nc'; pwd", folder.path()),
            Ok("a b".to_owned())
        );
        assert_eq!(fetch("s3cret:x", folder.path()), Ok("s3cret:x".to_owned()));
        let path = std::env::var("PATH").unwrap();
        assert_eq!(fetch("env:PATH", folder.path()), Ok(path));
    }

    #[test]
    fn a_missing_secret_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            fetch("env:HALFSPAN_NO_SUCH", folder.path()),
            Err("the environment variable HALFSPAN_NO_SUCH is not set".to_owned())
        );
        assert_eq!(
            fetch("cmd:exit 3", folder.path()),
            Err("the command `exit 3` failed: exit status: 3".to_owned())
        );
        assert_eq!(
            fetch("cmd:true", folder.path()),
            Err("the output of `true` holds nothing in its first line".to_owned())
        );
        assert!(fetch("file:none", folder.path()).is_err());
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth");
        for mode in [0o640, 0o604, 0o620] {
            write(&path, "x", mode);
            let error = SecretSource::new("file:auth", folder.path()).fetch();
            assert!(matches!(error, Err(SecretError::Exposed { mode: m, .. }) if m == mode));
        }
    }

    #[test]
    fn a_command_is_run_once() {
        let folder = tempfile::tempdir().unwrap();
        let source = SecretSource::new("cmd:echo x >>log; wc -l <log", folder.path());
        assert_eq!(source.fetch().unwrap(), source.fetch().unwrap());
        assert_eq!(
            std::fs::read_to_string(folder.path().join("log")).unwrap(),
            "x\n"
        );
    }

    #[test]
    fn debug_output_does_not_contain_a_literal() {
        let source = SecretSource::new("hunter2", Path::new("."));
        source.fetch().unwrap();
        assert!(!format!("{source:?}").contains("hunter2"));
        assert!(source.is_literal());
    }
}
