//! The rows of a CSV text with the place of each in the file.

use std::ops::Range;

/// A row that is not empty.
pub(super) struct Row {
    /// The line it begins in, from 1.
    pub(super) line: u64,
    /// Its octets in the text, without the line end.
    pub(super) range: Range<usize>,
    /// Its cells.
    pub(super) record: csv::ByteRecord,
}

/// Goes through the rows of a text.
pub(super) struct Rows<'a> {
    bytes: &'a [u8],
    reader: csv::Reader<&'a [u8]>,
    lines: LineCounter,
}

impl<'a> Rows<'a> {
    pub(super) fn new(bytes: &'a [u8], separator: u8) -> Rows<'a> {
        let reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .has_headers(false)
            .from_reader(bytes);
        Rows {
            bytes,
            reader,
            lines: LineCounter::default(),
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let mut record = csv::ByteRecord::new();
        // Octets in memory are always readable, and rows of any length are allowed: there is no error to tell.
        if !matches!(self.reader.read_byte_record(&mut record), Ok(true)) {
            return None;
        }
        let place = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
        let from = place(record.position().map_or(0, csv::Position::byte));
        let to = place(self.reader.position().byte()).min(self.bytes.len());
        let line = self.lines.line_at(self.bytes, from);
        let start = self.lines.passed.min(to);
        let text = self.bytes.get(start..to).unwrap_or_default();
        let ends = text.iter().rev().take_while(|byte| is_line_end(**byte));
        let range = start..to - ends.count();
        Some(Row {
            line,
            range,
            record,
        })
    }
}

/// Counts lines as an editor does, where one ends with LF, CRLF or, as on an old Mac, CR. The CSV reader's own count is one short after CRLF and before an empty line.
#[derive(Default)]
struct LineCounter {
    passed: usize,
    line: u64,
}

impl LineCounter {
    /// Returns the line, from 1, of the first octet at or after `start` that is no line end.
    fn line_at(&mut self, bytes: &[u8], start: usize) -> u64 {
        let rest = bytes.get(start..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| is_line_end(**byte)).count();
        let new = bytes.get(self.passed..start + blank).unwrap_or_default();
        let ends = new.iter().zip(new.iter().skip(1).chain(&[0]));
        let ends = ends.filter(|pair| is_line_end(*pair.0) && pair != &(&b'\r', &b'\n'));
        self.line += ends.count() as u64;
        self.passed = start + blank;
        self.line + 1
    }
}

fn is_line_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// Returns a cell as it stands in a file.
pub(super) fn quoted(cell: &str, separator: char) -> String {
    if cell.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_knows_its_line_and_its_octets() {
        let text = b"\r\na;b\r\n\r\n\"c\n;d\";e\r\nf";
        let found: Vec<_> = Rows::new(text, b';')
            .map(|row| (row.line, text.get(row.range).unwrap()))
            .collect();
        let wanted: [(u64, &[u8]); 3] = [(2, b"a;b"), (4, b"\"c\n;d\";e"), (6, b"f")];
        assert_eq!(found, wanted);
        let lines = Rows::new(b"a\rb\r\rc\r\nd", b';').map(|row| row.line);
        assert_eq!(lines.collect::<Vec<_>>(), [1, 2, 4, 5]);
    }
}
