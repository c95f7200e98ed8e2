//! The search of a run and its record, which have to tell the same story.

use super::error::LocateError;
use super::record::Recorder;
use crate::search::{Belief, Observed, Purpose, Question, Search, Step, Verdict};

/// A search that is recorded, and that can begin anew with what it has been told.
pub(super) struct Inquiry<'a> {
    question: Question,
    search: Search,
    told: Vec<Observed>,
    recorder: Option<&'a mut Recorder>,
}

impl<'a> Inquiry<'a> {
    pub(super) fn new(question: Question, recorder: Option<&'a mut Recorder>) -> Self {
        Inquiry {
            search: Search::new(question.clone()),
            question,
            told: Vec::new(),
            recorder,
        }
    }

    pub(super) fn next_step(&self) -> Step {
        self.search.next_step()
    }

    pub(super) fn belief(&self) -> Belief {
        self.search.belief()
    }

    /// Tells the search what came of a window.
    pub(super) fn tell(
        &mut self,
        purpose: Purpose,
        why: &str,
        observed: &Observed,
    ) -> Result<(), LocateError> {
        if let Some(recorder) = &mut self.recorder {
            recorder.window(purpose, why, observed)?;
        }
        self.learn(observed.clone());
        Ok(())
    }

    /// As [`Inquiry::tell`], for what is on record already.
    pub(super) fn learn(&mut self, observed: Observed) {
        self.search.record(observed.clone());
        self.told.push(observed);
    }

    /// Begins the search anew, because the switch turned out to mirror no more than `most` ports at once.
    pub(super) fn limit(&mut self, most: usize) -> Result<(), LocateError> {
        if let Some(recorder) = &mut self.recorder {
            recorder.limit(most)?;
        }
        self.begin_anew(most);
        Ok(())
    }

    /// As [`Inquiry::limit`], for what is on record already.
    pub(super) fn begin_anew(&mut self, most: usize) {
        self.question.source_limit = Some(most);
        self.search = Search::new(self.question.clone());
        for observed in &self.told {
            self.search.record(observed.clone());
        }
    }

    /// Writes the answer down.
    pub(super) fn close(&mut self, verdict: &Verdict) -> Result<(), LocateError> {
        if let Some(recorder) = &mut self.recorder {
            recorder.verdict(verdict)?;
        }
        Ok(())
    }
}
