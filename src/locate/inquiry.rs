//! The search of a run and its record, which have to tell the same story.

use std::collections::BTreeSet;

use super::error::LocateError;
use super::receivers::Seen;
use super::record::Recorder;
use crate::mac::Mac;
use crate::port::PortSet;
use crate::search::{Belief, Observed, Purpose, Quality, Question, Search, Step, Verdict};

/// A search that is recorded, and that can begin anew with what it has been told.
pub(super) struct Inquiry<'a> {
    question: Question,
    search: Search,
    told: Vec<Told>,
    recorder: Option<&'a mut Recorder>,
}

/// A window as the search was told of it.
struct Told {
    observed: Observed,
    /// Whom its sightings were sent to; empty for what is on record.
    seen: Vec<Seen>,
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

    /// The ports that are searched.
    pub(super) fn candidates(&self) -> PortSet {
        let candidates = self.question.candidates.iter();
        candidates.map(|(port, _)| *port).collect()
    }

    pub(super) fn belief(&self) -> Belief {
        self.search.belief()
    }

    /// Tells the search what came of a window whose sightings were `seen`.
    pub(super) fn tell(
        &mut self,
        purpose: Purpose,
        why: &str,
        observed: &Observed,
        seen: Vec<Seen>,
    ) -> Result<(), LocateError> {
        if let Some(recorder) = &mut self.recorder {
            recorder.window(purpose, why, observed)?;
        }
        self.take_in(observed.clone(), seen);
        Ok(())
    }

    /// As [`Inquiry::tell`], for what is on record already.
    pub(super) fn learn(&mut self, observed: Observed) {
        self.take_in(observed, Vec::new());
    }

    fn take_in(&mut self, observed: Observed, seen: Vec<Seen>) {
        self.search.record(observed.clone());
        self.told.push(Told { observed, seen });
    }

    /// Begins the search anew without the frames to these receivers, as if the suspect had not sent them.
    pub(super) fn leave_out(&mut self, receivers: &BTreeSet<Mac>) -> Result<(), LocateError> {
        let tells = |seen: &Seen| seen.receiver.is_none_or(|mac| !receivers.contains(&mac));
        for Told { observed, seen } in &mut self.told {
            let before = seen.len();
            seen.retain(tells);
            observed.sightings = seen.iter().map(|seen| seen.at).collect();
            if seen.len() < before && !observed.is_heard() && observed.quality == Quality::Alive {
                observed.quality = Quality::Unproven; // it may have been called alive for these frames
            }
        }
        let told: Vec<Observed> = self.told.iter().map(|told| told.observed.clone()).collect();
        if let Some(recorder) = &mut self.recorder {
            recorder.anew(&told)?;
        }
        self.search_anew();
        Ok(())
    }

    /// As [`Inquiry::leave_out`], for what is on record already.
    pub(super) fn learn_anew(&mut self, told: Vec<Observed>) {
        let on_record = |observed| Told {
            observed,
            seen: Vec::new(),
        };
        self.told = told.into_iter().map(on_record).collect();
        self.search_anew();
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
        self.search_anew();
    }

    fn search_anew(&mut self) {
        self.search = Search::new(self.question.clone());
        for told in &self.told {
            self.search.record(told.observed.clone());
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
