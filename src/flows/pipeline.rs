//! Two cores: one reads and decodes, the other keeps the books.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use foldhash::fast::RandomState;

use super::digest::Digest;
use super::hint::Hint;
use super::intake::Intake;
use super::ledger::Ledger;
use super::{Census, Settings};
use crate::capture::{Frame, Series};

/// Packets that are handed over at a time: what fits the cache that the cores share.
const BATCH: usize = 1024;
/// Batches under way at most.
const BATCHES: usize = 8;

/// Packets on their way to the books.
#[derive(Default)]
struct Batch {
    digests: Vec<Digest>,
    /// Each with the place of its packet.
    hints: Vec<(usize, Hint)>,
}

/// Counts the frames of files that `keep` wants, until they end or `stop` is set.
pub fn count(
    series: &mut Series,
    mut keep: impl FnMut(&Frame<'_>) -> bool,
    settings: Settings,
    stop: &AtomicBool,
) -> Census {
    let seed = RandomState::default();
    let mut intake = Intake::new(settings, &seed);
    let (full, to_count) = sync_channel::<Batch>(BATCHES);
    let (counted, empty) = channel::<Batch>();
    let ledger = thread::scope(|scope| {
        let books =
            scope.spawn(move || keep_books(Ledger::new(settings, &seed), &to_count, &counted));
        let mut hand = Hand {
            batch: Batch::default(),
            full,
            empty,
        };
        series.read(|frame| {
            if !keep(&frame) {
                intake.pass();
            } else if let Some((digest, hint)) = intake.take(&frame) {
                hand.over(digest, hint);
            }
            if intake.number().is_multiple_of(4096) && stop.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        hand.finish();
        match books.join() {
            Ok(ledger) => ledger,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    Census::new(&intake, ledger)
}

fn keep_books(mut ledger: Ledger, to_count: &Receiver<Batch>, counted: &Sender<Batch>) -> Ledger {
    for mut batch in to_count {
        ledger.add_all(&batch.digests, &mut batch.hints);
        batch.digests.clear();
        // The reader may have finished and gone: the batch is then no longer needed.
        counted.send(batch).ok();
    }
    ledger
}

/// Fills batches and hands them over.
struct Hand {
    batch: Batch,
    full: SyncSender<Batch>,
    empty: Receiver<Batch>,
}

impl Hand {
    #[inline]
    fn over(&mut self, digest: Digest, hint: Option<Hint>) {
        if let Some(hint) = hint {
            self.batch.hints.push((self.batch.digests.len(), hint));
        }
        self.batch.digests.push(digest);
        if self.batch.digests.len() >= BATCH {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let next = self.empty.try_recv().unwrap_or_default();
        let batch = std::mem::replace(&mut self.batch, next);
        // Fails only if the other side panicked, which is then told by `join`.
        self.full.send(batch).ok();
    }

    fn finish(mut self) {
        self.hand_over();
    }
}
