//! What every command needs: the flags of all, the configuration, and the way out to stdout and stderr.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anstream::ColorChoice;
use etcetera::BaseStrategy;
use serde::Serialize;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::{Color, Global};
use crate::config::{Config, Lookup};
use crate::error::{Exit, Failure};
use crate::report::{self, Progress};

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
        // The SNMP library logs every refusal as an error, also those that are expected and dealt with.
        let library = if level >= LevelFilter::DEBUG {
            level
        } else {
            LevelFilter::OFF
        };
        let levels = Targets::new()
            .with_default(level)
            .with_target("async_snmp", library);
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(self.colored_stderr())
            .with_filter(levels);
        // Fails only where the process logs already, as in tests.
        tracing_subscriber::registry().with(lines).try_init().ok();
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

    /// As [`Context::config`], for commands that also work without one.
    ///
    /// # Errors
    /// A [`Failure`], if there is a configuration and it is wrong.
    pub fn optional_config(&self) -> Result<Option<Config>, Failure> {
        let lookup = Lookup::new(self.global.config.clone());
        if lookup.find().is_ok() {
            self.config().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Returns where journals and locks are kept: `$XDG_STATE_HOME/halfspan/journal`.
    ///
    /// # Errors
    /// [`Exit::Usage`], if there is no home folder to keep them in.
    pub fn state_folder(&self) -> Result<PathBuf, Failure> {
        let folders = etcetera::choose_base_strategy().map_err(|error| {
            Failure::new(Exit::Usage, format!("no folder for the journal: {error}"))
                .hint("set HOME or XDG_STATE_HOME")
        })?;
        let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
        Ok(state.join("halfspan").join("journal"))
    }

    /// Prints the result: `document` with `--json`, else `text`.
    ///
    /// # Errors
    /// A [`Failure`], if stdout cannot be written to. That nobody reads on is none.
    pub fn result(&self, text: &str, document: &impl Serialize) -> Result<(), Failure> {
        if self.global.json {
            print_json(document)
        } else {
            print(text)
        }
    }

    /// Prints one of several results at once: `line` with `--json`, else `text`.
    ///
    /// # Errors
    /// As [`Context::result`].
    pub fn line(&self, text: &str, line: &str) -> Result<(), Failure> {
        print(if self.global.json { line } else { text })
    }

    /// Prints what has no JSON form, such as a man page.
    ///
    /// # Errors
    /// As [`Context::result`].
    pub fn raw(&self, bytes: &[u8]) -> Result<(), Failure> {
        written(io::stdout().lock().write_all(bytes))
    }

    /// Shows a result that will be shown again: in place on a terminal, else one after the other.
    pub fn redraw(&self, text: &str) {
        let place = if io::stdout().is_terminal() {
            "\x1b[H\x1b[2J"
        } else {
            ""
        };
        // A reader that has gone ends the run with the next signal or result.
        print(&format!("{place}{text}\n")).ok();
    }

    /// Tells on stderr what is about to happen, unless `-q`.
    pub fn tell(&self, text: &str) {
        if !self.global.quiet {
            // Where stderr is closed there is nobody to tell.
            writeln!(anstream::stderr(), "{text}").ok();
        }
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
            print_json(&report::FailureReport::from(failure)).ok();
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

    /// Returns who shows a run while it works: a picture on a terminal, lines elsewhere, nothing with `-q`.
    #[must_use]
    pub fn progress(&self) -> Progress {
        if self.global.quiet {
            Progress::quiet()
        } else if self.can_draw() {
            Progress::drawn(self.colored_stderr())
        } else {
            Progress::lines(Box::new(anstream::stderr()))
        }
    }

    /// Log lines of `-v` would tear the picture apart.
    fn can_draw(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        self.global.verbose == 0 && !dumb && io::stderr().is_terminal()
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

fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    written(report::write_json(io::stdout().lock(), document))
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
