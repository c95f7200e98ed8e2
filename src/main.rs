//! The command line: parse, call the library, print, exit code.

fn main() {}
