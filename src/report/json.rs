//! Documents for scripts.

use std::io::{self, Write};

use serde::Serialize;

/// Writes the document as indented JSON with a line end.
///
/// # Errors
/// What the writer says; and if a map in the document has keys that are not text, but none of ours has.
pub fn write_json(out: impl Write, document: &impl Serialize) -> io::Result<()> {
    // Long lists are written piece by piece, not first made in memory.
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    serde_json::to_writer_pretty(&mut out, document)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Returns the document as one line with its end, for results that come one after the other.
///
/// What is not JSON, such as a map whose keys are not text, none of ours is, becomes an empty line.
#[must_use]
pub fn json_line(document: &impl Serialize) -> String {
    let mut line = serde_json::to_string(document).unwrap_or_default();
    line.push('\n');
    line
}
