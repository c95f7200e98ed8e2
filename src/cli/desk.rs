//! The person at the terminal, as a run sees them: shown progress, asked questions, able to press Ctrl-C.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{Context, Prompt};
use crate::error::Failure;
use crate::locate::{Desk, Event};
use crate::report::Progress;

/// A [`Desk`] at stderr.
pub(super) struct TerminalDesk {
    progress: RefCell<Progress>,
    prompt: Prompt,
    /// Answers no instruction: what a person has to do by hand, `--yes` cannot do.
    hands: Prompt,
    stop: Arc<AtomicBool>,
}

impl TerminalDesk {
    /// Sits down at the terminal; from here on Ctrl-C asks the run to end, instead of killing it.
    pub(super) fn new(yes: bool, context: &Context) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stop)) {
                tracing::warn!("signal {signal} cannot be caught: {error}");
            }
        }
        TerminalDesk {
            progress: RefCell::new(context.progress()),
            prompt: Prompt::new(yes, context),
            hands: Prompt::new(false, context),
            stop,
        }
    }
}

impl Desk for TerminalDesk {
    fn show(&self, event: &Event<'_>) {
        self.progress.borrow_mut().show(event);
    }

    fn confirm(&self, question: &str) -> Result<bool, Failure> {
        self.progress.borrow_mut().pause();
        self.prompt.confirm(question)
    }

    fn choose(&self, question: &str, choices: Vec<String>, flag: &str) -> Result<usize, Failure> {
        self.progress.borrow_mut().pause();
        self.prompt.choose(question, choices, flag)
    }

    fn have_done(&self, instruction: &str) -> Result<bool, Failure> {
        self.progress.borrow_mut().pause();
        self.hands.enter(instruction)
    }

    fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
