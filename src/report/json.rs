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
