//! What can be wrong with the configuration, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_saphyr::Location;

use super::SecretError;
use crate::error::{Diagnosis, Exit};

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// None of the usual files exists, and none was named.
    #[error("there is no configuration file; looked for {}", list(looked))]
    NoFile {
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// The file is not there or may not be read.
    #[error("cannot read {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is too large to be meant.
    #[error("{} is larger than {} MiB: is it the right file?", file.display(), limit / (1024 * 1024))]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The most octets that are read.
        limit: u64,
    },
    /// The file is not UTF-8.
    #[error("{}:{line}: not UTF-8 text", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// The line of the first bad octet, from 1.
        line: usize,
    },
    /// A mistake in the file.
    #[error("{place}: {what}{}", place.excerpt)]
    Wrong {
        /// Where.
        place: Place,
        /// What is wrong, in words.
        what: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A switch was named that the file does not have.
    #[error("there is no switch `{name}` in {}", file.display())]
    NoSwitch {
        /// The name that was asked for.
        name: String,
        /// The file.
        file: PathBuf,
        /// The nearest name there is.
        near: Option<String>,
        /// The names that the file has.
        names: Vec<String>,
    },
    /// A credential was named that the file does not have.
    #[error("there is no credential `{name}` in {}", file.display())]
    NoCredential {
        /// The name that was asked for.
        name: String,
        /// The file.
        file: PathBuf,
        /// The nearest name there is.
        near: Option<String>,
    },
    /// A credential lacks the part that is needed.
    #[error("credential `{credential}` has no `{part}` part")]
    NoPart {
        /// Its name in the configuration.
        credential: String,
        /// The part: `snmp`.
        part: &'static str,
    },
    /// A secret could not be fetched.
    #[error("cannot get the secret `{key}` of credential `{credential}`")]
    Secret {
        /// Its name in the configuration.
        credential: String,
        /// The key that holds the secret.
        key: &'static str,
        /// Why.
        source: SecretError,
    },
}

fn list(files: &[PathBuf]) -> String {
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    names.join(", ")
}

impl Diagnosis for ConfigError {
    fn hint(&self) -> Option<String> {
        match self {
            ConfigError::NoFile { .. } => {
                Some("write one, or name it with --config FILE or HALFSPAN_CONFIG".to_owned())
            }
            ConfigError::Unreadable { .. } => Some("check the path and its permissions".to_owned()),
            ConfigError::TooLarge { .. } => None,
            ConfigError::NotText { .. } => Some("save the file as UTF-8".to_owned()),
            ConfigError::Wrong { hint, .. } => hint.clone(),
            ConfigError::NoSwitch { names, .. } if names.is_empty() => {
                Some("add it below `switches:`".to_owned())
            }
            ConfigError::NoSwitch { near, names, .. } => Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add it below `switches:`; there are: {}", names.join(", ")),
            }),
            ConfigError::NoCredential { near, .. } => Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add it below `credentials:`".to_owned(),
            }),
            ConfigError::NoPart { credential, part } => {
                Some(format!("add `{part}:` below `{credential}:`"))
            }
            ConfigError::Secret { source, .. } => source.hint(),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// A place in the file, written `FILE:LINE:COLUMN` as editors know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line and the column, from 1, where known.
    pub at: Option<(u64, u64)>,
    /// The line up to the word in question, marked; empty where a secret might stand.
    pub excerpt: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        self.at
            .map_or(Ok(()), |(line, column)| write!(f, ":{line}:{column}"))
    }
}

/// The text of the file, to quote from.
pub(super) struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        Source { file, text }
    }

    pub(super) fn file(&self) -> &Path {
        self.file
    }

    pub(super) fn text(&self) -> &str {
        self.text
    }

    /// Makes the error for a mistake at `location`.
    pub(super) fn wrong(
        &self,
        location: Option<Location>,
        what: impl Into<String>,
        hint: Option<String>,
    ) -> ConfigError {
        let at = location
            .filter(|location| *location != Location::UNKNOWN)
            .map(|location| (location.line(), location.column()));
        ConfigError::Wrong {
            place: Place {
                file: self.file.to_owned(),
                at,
                excerpt: at.and_then(|at| self.excerpt(at)).unwrap_or_default(),
            },
            what: what.into(),
            hint,
        }
    }

    /// Quotes a line up to the end of the word at `column`, with a mark below it.
    ///
    /// What comes after the word may be a literal secret, and below `credentials` so may what comes before.
    fn excerpt(&self, (line, column): (u64, u64)) -> Option<String> {
        let number = usize::try_from(line).ok()?;
        let start = usize::try_from(column).ok()?.checked_sub(1)?;
        let lines: Vec<&str> = self.text.lines().take(number).collect();
        let text = lines.last().filter(|_| lines.len() == number)?;
        if !block_without_secrets(&lines) {
            return None;
        }
        let length = word_length(text.chars().skip(start));
        let shown: String = text.chars().take(start + length).collect();
        let cut = if shown.len() < text.trim_end().len() {
            "…"
        } else {
            ""
        };
        let margin = number.to_string();
        Some(format!(
            "\n  {margin} | {shown}{cut}\n  {:width$} | {:start$}{}",
            "",
            "",
            "^".repeat(length),
            width = margin.len(),
        ))
    }
}

/// Counts the letters of a key, or of a value with its quotes; at least 1.
fn word_length(mut text: impl Iterator<Item = char> + Clone) -> usize {
    let length = match text.clone().next() {
        Some(quote @ ('"' | '\'')) => text.by_ref().skip(1).take_while(|&c| c != quote).count() + 2,
        _ => text
            .take_while(|&letter| !letter.is_whitespace() && !",:{}[]".contains(letter))
            .count(),
    };
    length.max(1)
}

/// Tells whether the last line stands in a part of the file where no secret is meant to be.
fn block_without_secrets(lines: &[&str]) -> bool {
    let top = lines
        .iter()
        .rev()
        .find(|line| line.starts_with(|first: char| !first.is_whitespace() && first != '#'));
    top.is_some_and(|line| {
        let key = line.split(':').next().unwrap_or_default();
        line.starts_with(|first: char| first.is_alphabetic())
            && nearest(key.trim(), ["credentials"]).is_none()
            && !line.contains('{')
    })
}

/// Returns the name that `word` was probably meant to be.
pub(super) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near_or_not_named() {
        let names = ["destination", "candidates", "never"];
        assert_eq!(nearest("destinaton", names), Some("destination"));
        assert_eq!(nearest("neber", names), Some("never"));
        assert_eq!(nearest("vlan", names), None);
    }

    #[test]
    fn a_quotation_ends_with_the_word_in_question() {
        let source = Source::new(Path::new("f"), "switches:\n  a:\n    profle: smon\n");
        insta::assert_snapshot!(source.excerpt((3, 5)).unwrap(), @r"

          3 |     profle…
            |     ^^^^^^
        ");
    }

    #[test]
    fn nothing_is_quoted_where_a_secret_may_stand() {
        for text in [
            "credentials:\n  office:\n    snmp: { read: hunter2, wirte: x }\n",
            "credential:\n  office:\n    snmp: { read: hunter2, wirte: x }\n",
            "patch: p\n\"credentials\":\n  o:\n    snmp: { read: hunter2, wirte: x }\n",
            "# x\n\n{ credentials: { office: { snmp: { read: hunter2, wirte: x } } } }\n",
        ] {
            let last = text.lines().count() as u64;
            assert_eq!(Source::new(Path::new("f"), text).excerpt((last, 28)), None);
        }
    }
}
