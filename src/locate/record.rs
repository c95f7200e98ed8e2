//! A run on disk: one JSON document a line, enough to play every decision again.
//!
//! The first line is the question, each further line a window as the search was told of it, the last one the
//! verdict. Frames are not stored.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::inquiry::Inquiry;
use crate::error::{Diagnosis, Exit};
use crate::port::PortTable;
use crate::search::{Belief, Observed, Purpose, Question, Step, Verdict};

/// One line of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// What was asked, of which switch.
    Question {
        /// The switch's name in the configuration.
        switch: String,
        /// Its ports.
        ports: PortTable,
        /// What was asked of the search.
        question: Question,
    },
    /// From here on no more ports at once: the switch turned out to take no more.
    Limit(usize),
    /// From here on the search goes by these windows instead of those before: frames that were heard whatever was
    /// mirrored are left out.
    Anew(Vec<Observed>),
    /// A window.
    Window {
        /// What it was for.
        purpose: Purpose,
        /// Why these ports.
        why: String,
        /// What came of it.
        observed: Observed,
    },
    /// The answer.
    Verdict(Verdict),
}

/// Writes a run down while it goes on. Every line is flushed, so that a killed run can be replayed too.
#[derive(Debug)]
pub struct Recorder {
    out: BufWriter<File>,
}

impl Recorder {
    /// Creates the file.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: &Path) -> io::Result<Recorder> {
        Ok(Recorder {
            out: BufWriter::new(File::create(path)?),
        })
    }

    /// Writes the first line.
    ///
    /// # Errors
    /// If the disk is full, and the like.
    pub fn question(
        &mut self,
        switch: &str,
        ports: &PortTable,
        question: &Question,
    ) -> io::Result<()> {
        self.line(&Line::Question {
            switch: switch.to_owned(),
            ports: ports.clone(),
            question: question.clone(),
        })
    }

    pub(super) fn limit(&mut self, most: usize) -> io::Result<()> {
        self.line(&Line::Limit(most))
    }

    pub(super) fn anew(&mut self, told: &[Observed]) -> io::Result<()> {
        self.line(&Line::Anew(told.to_vec()))
    }

    pub(super) fn window(
        &mut self,
        purpose: Purpose,
        why: &str,
        observed: &Observed,
    ) -> io::Result<()> {
        self.line(&Line::Window {
            purpose,
            why: why.to_owned(),
            observed: observed.clone(),
        })
    }

    pub(super) fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.line(&Line::Verdict(verdict.clone()))
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}

/// Why a record cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("cannot read the record {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A line is not one of a record.
    #[error("{path}, line {number}, is not a line of a halfspan record")]
    BadLine {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        number: usize,
        /// Where it stops making sense.
        source: serde_json::Error,
    },
    /// The first line is missing.
    #[error("{path} does not begin with a question")]
    NoQuestion {
        /// The file.
        path: PathBuf,
    },
}

impl Diagnosis for ReplayError {
    fn hint(&self) -> Option<String> {
        match self {
            ReplayError::Unreadable { .. } => None,
            ReplayError::BadLine { .. } | ReplayError::NoQuestion { .. } => {
                Some("give a file that `halfspan locate --record` has written".to_owned())
            }
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// A window of a recorded run beside what today's search would have done at that point.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The window as it was recorded.
    pub window: Observed,
    /// What it was for.
    pub purpose: Purpose,
    /// Why these ports, as recorded.
    pub why: String,
    /// What today's search believes after it.
    pub belief: Belief,
    /// Whether the search asks for the same ports today. The control windows come before the search.
    pub same: bool,
}

/// A recorded run, played again.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The switch's name in the configuration.
    pub switch: String,
    /// Its ports.
    pub ports: PortTable,
    /// Every window.
    pub windows: Vec<Replayed>,
    /// The answer in the record, if the run came that far.
    pub recorded: Option<Verdict>,
    /// What the search says today after the same windows; `None` if it would go on.
    pub replayed: Option<Verdict>,
}

impl Replay {
    /// Tells whether today's search takes every decision as recorded.
    #[must_use]
    pub fn is_faithful(&self) -> bool {
        self.windows.iter().all(|window| window.same)
            && (self.recorded.is_none() || self.recorded == self.replayed)
    }
}

/// Reads a record and plays it through today's search.
///
/// # Errors
/// [`ReplayError`]
pub fn replay(path: &Path) -> Result<Replay, ReplayError> {
    let unreadable = |source| ReplayError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut lines = Vec::new();
    for (place, text) in BufReader::new(file).lines().enumerate() {
        let line = serde_json::from_str(&text.map_err(unreadable)?);
        lines.push(line.map_err(|source| ReplayError::BadLine {
            path: path.to_owned(),
            number: place + 1,
            source,
        })?);
    }
    let mut lines = lines.into_iter();
    let Some(Line::Question {
        switch,
        ports,
        question,
    }) = lines.next()
    else {
        return Err(ReplayError::NoQuestion {
            path: path.to_owned(),
        });
    };
    let mut inquiry = Inquiry::new(question, None);
    let mut replay = Replay {
        switch,
        ports,
        windows: Vec::new(),
        recorded: None,
        replayed: None,
    };
    for line in lines {
        match line {
            Line::Question { .. } => break,
            Line::Limit(most) => inquiry.begin_anew(most),
            Line::Anew(told) => inquiry.learn_anew(told),
            Line::Window {
                purpose,
                why,
                observed,
            } => {
                let same = matches!(purpose, Purpose::ControlAll | Purpose::ControlNone)
                    || matches!(inquiry.next_step(), Step::Observe { ports, .. } if ports == observed.ports);
                inquiry.learn(observed.clone());
                replay.windows.push(Replayed {
                    window: observed,
                    purpose,
                    why,
                    belief: inquiry.belief(),
                    same,
                });
            }
            Line::Verdict(verdict) => replay.recorded = Some(verdict),
        }
    }
    if let Step::Done(verdict) = inquiry.next_step() {
        replay.replayed = Some(verdict);
    }
    Ok(replay)
}
