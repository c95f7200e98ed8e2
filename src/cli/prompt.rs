//! Questions to the person at the terminal.
//!
//! They are asked on stderr. `--yes` answers them; without a terminal and without `--yes` nothing is assumed.

use std::io::IsTerminal;

use inquire::ui::RenderConfig;
use inquire::{Confirm, InquireError, Select, Text};

use super::Context;
use crate::error::{Exit, Failure};

/// Who answers questions.
#[derive(Clone, Copy, Debug)]
pub struct Prompt {
    yes: bool,
    terminal: bool,
    color: bool,
}

impl Prompt {
    /// Questions are answered by `--yes` (if `yes`), else by the person at the terminal.
    #[must_use]
    pub fn new(yes: bool, context: &Context) -> Self {
        Prompt {
            yes,
            terminal: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            color: context.colored_stderr(),
        }
    }

    /// Asks a question of yes or no; Enter alone is no.
    ///
    /// # Errors
    /// [`Exit::Refused`] without a terminal, [`Exit::Interrupted`] after Ctrl-C.
    pub fn confirm(&self, question: &str) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        self.demand_terminal(question, "--yes")?;
        let answer = Confirm::new(question)
            .with_default(false)
            .with_render_config(self.render_config())
            .prompt();
        match answer {
            Err(InquireError::OperationCanceled) => Ok(false),
            answer => answer.map_err(|error| failure(error, question, "--yes")),
        }
    }

    /// Says what the person is to do and waits for Enter; Esc instead of it is no.
    ///
    /// # Errors
    /// [`Exit::Refused`] without a terminal, [`Exit::Interrupted`] after Ctrl-C, [`Exit::Device`] if the terminal fails.
    pub fn enter(&self, task: &str) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        self.demand_terminal(task, "--yes")?;
        let answer = Text::new(task)
            .with_help_message("Enter when done, Esc to stop")
            .with_render_config(self.render_config())
            .prompt();
        match answer {
            Ok(_) => Ok(true),
            Err(InquireError::OperationCanceled) => Ok(false),
            // The task was shown: nobody knows whether it has been done.
            Err(error @ InquireError::IO(_)) => Err(Failure {
                exit: Exit::Device,
                ..failure(error, task, "--yes")
            }),
            Err(error) => Err(failure(error, task, "--yes")),
        }
    }

    /// Lets the person choose and returns the place in `choices`. `--yes` is no answer to that; `flag` would be.
    ///
    /// # Errors
    /// [`Exit::Refused`] without a terminal or after Esc, [`Exit::Interrupted`] after Ctrl-C.
    pub fn choose(
        &self,
        question: &str,
        choices: Vec<String>,
        flag: &str,
    ) -> Result<usize, Failure> {
        // The choices are what the person needs to know in order to give the flag.
        self.demand_terminal(&format!("{question} {}", choices.join(", ")), flag)?;
        let answer = Select::new(question, choices)
            .with_render_config(self.render_config())
            .raw_prompt();
        answer
            .map(|choice| choice.index)
            .map_err(|error| failure(error, question, flag))
    }

    fn demand_terminal(&self, question: &str, flag: &str) -> Result<(), Failure> {
        if self.terminal {
            Ok(())
        } else {
            Err(nobody_to_ask(question, flag))
        }
    }

    fn render_config(&self) -> RenderConfig<'static> {
        if self.color {
            RenderConfig::default_colored()
        } else {
            RenderConfig::empty()
        }
    }
}

fn nobody_to_ask(question: &str, flag: &str) -> Failure {
    Failure::new(
        Exit::Refused,
        format!("there is no terminal to ask on: {question}"),
    )
    .hint(format!("answer beforehand with {flag}"))
}

fn failure(error: InquireError, question: &str, flag: &str) -> Failure {
    match error {
        InquireError::NotTTY => nobody_to_ask(question, flag),
        InquireError::OperationInterrupted => Failure::new(Exit::Interrupted, "interrupted"),
        InquireError::OperationCanceled => Failure::new(Exit::Refused, "stopped by your answer"),
        InquireError::InvalidConfiguration(_) | InquireError::IO(_) | InquireError::Custom(_) => {
            Failure {
                error: Box::new(error),
                hint: Some(format!("answer beforehand with {flag}")),
                state: None,
                exit: Exit::Refused,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(yes: bool) -> Prompt {
        Prompt {
            yes,
            terminal: false,
            color: false,
        }
    }

    #[test]
    fn yes_on_the_command_line_answers() {
        assert!(prompt(true).confirm("Change office-1?").unwrap());
        assert!(prompt(true).enter("Tick port 3.").unwrap());
    }

    #[test]
    fn without_a_terminal_the_missing_flag_is_named() {
        let failure = prompt(false).confirm("Change office-1?").unwrap_err();
        insta::assert_snapshot!(failure, @r"
        error: there is no terminal to ask on: Change office-1?
        hint:  answer beforehand with --yes
        ");
        assert_eq!(failure.exit, Exit::Refused);
        let choices = vec!["a".to_owned(), "b".to_owned()];
        let failure = prompt(true).choose("Which?", choices, "--mac").unwrap_err();
        assert_eq!(
            failure.error.to_string(),
            "there is no terminal to ask on: Which? a, b"
        );
        assert_eq!(
            failure.hint.as_deref(),
            Some("answer beforehand with --mac")
        );
    }
}
