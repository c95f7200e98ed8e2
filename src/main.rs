//! The command line: parse, call the library, print, exit code.

use std::process::ExitCode;

use clap::Parser;
use halfspan::cli::Cli;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => cli.run().code().into(),
        Err(error) => {
            // Help goes to stdout, mistakes to stderr; where either is closed nobody wants to read it.
            error.print().ok();
            u8::try_from(error.exit_code()).unwrap_or(2).into()
        }
    }
}
