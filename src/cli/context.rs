//! What every command needs: the flags of all, the configuration, and the way out to stdout and stderr.

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice;
use serde::Serialize;
use tracing::level_filters::LevelFilter;

use super::{Color, Global};
use crate::config::{Config, Lookup};
use crate::error::{Exit, Failure};
use crate::report;

/// The surroundings that a command runs in.
#[derive(Debug)]
pub struct Context {
    global: Global,
}

impl Context {
    /// Sets up colours and logging for the whole process.
    pub(super) fn new(global: Global) -> Self {
        match global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        let context = Context { global };
        context.log();
        context
    }

    fn log(&self) {
        let level = match (self.global.quiet, self.global.verbose) {
            (true, _) => LevelFilter::ERROR,
            (false, 0) => LevelFilter::WARN,
            (false, 1) => LevelFilter::INFO,
            (false, 2) => LevelFilter::DEBUG,
            (false, _) => LevelFilter::TRACE,
        };
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(io::stderr)
            .with_ansi(self.colored_stderr());
        // Fails only where the process logs already, as in tests.
        subscriber.try_init().ok();
    }

    /// Finds, reads and checks the configuration, and tells what is unwise in it.
    ///
    /// # Errors
    /// A [`Failure`] that names file and line.
    pub fn config(&self) -> Result<Config, Failure> {
        let config = Config::load(&Lookup::new(self.global.config.clone()))?;
        for warning in &config.warnings {
            self.warn(warning);
        }
        Ok(config)
    }

    /// Prints the result: `document` with `--json`, else `text`.
    ///
    /// # Errors
    /// A [`Failure`], if stdout cannot be written to. That nobody reads on is none.
    pub fn result(&self, text: &str, document: &impl Serialize) -> Result<(), Failure> {
        if self.global.json {
            print(&report::json(document))
        } else {
            print(text)
        }
    }

    /// Prints what has no JSON form, such as a man page.
    ///
    /// # Errors
    /// As [`Context::result`].
    pub fn raw(&self, bytes: &[u8]) -> Result<(), Failure> {
        written(io::stdout().lock().write_all(bytes))
    }

    /// Prints a warning on stderr, unless `-q`.
    pub fn warn(&self, sentence: &str) {
        if !self.global.quiet {
            // Where stderr is closed there is nobody to tell.
            writeln!(anstream::stderr(), "{}", report::warning(sentence)).ok();
        }
    }

    /// Prints a failure and returns the exit code it leads to.
    pub(super) fn fail(&self, failure: &Failure) -> Exit {
        if self.global.json {
            print(&report::json(&report::FailureReport::from(failure))).ok();
        } else {
            writeln!(anstream::stderr(), "{}", report::failure(failure)).ok();
        }
        failure.exit
    }

    /// Tells whether stderr is coloured.
    #[must_use]
    pub fn colored_stderr(&self) -> bool {
        anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never
    }

    /// Tells whether progress may be drawn as a picture: stderr is a terminal, and no log lines would tear it.
    #[must_use]
    pub fn can_draw(&self) -> bool {
        !self.global.quiet && self.global.verbose == 0 && io::stderr().is_terminal()
    }

    /// Returns the flags of every command.
    #[must_use]
    pub fn global(&self) -> &Global {
        &self.global
    }
}

fn print(text: &str) -> Result<(), Failure> {
    written(anstream::stdout().lock().write_all(text.as_bytes()))
}

/// A reader that has gone, as in `halfspan man | head`, has seen what it wanted.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result.and_then(|()| io::stdout().flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure {
            error: Box::new(error),
            hint: Some("check where standard output goes".to_owned()),
            state: None,
            exit: Exit::Device,
        }),
    }
}
