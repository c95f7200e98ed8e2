//! From the octets of an exported file to text, without a letter lost on the way unseen.

use std::path::Path;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::error::ImportError;

/// What workbooks begin with: ZIP for .xlsx and .ods, OLE for .xls.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];

/// The octets that mean nothing in Windows-1252.
const UNDEFINED: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

const SAVE_AS_UTF8: &str = "save the file as CSV in UTF-8";

/// A text, and what was assumed in order to read it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) warning: Option<String>,
}

/// Reads UTF-8, UTF-16 with a byte order mark and, as a last resort that is told, Windows-1252.
pub(super) fn decode(file: &Path, bytes: &[u8]) -> Result<Decoded, ImportError> {
    if WORKBOOKS.iter().any(|begin| bytes.starts_with(begin)) {
        return Err(ImportError::Workbook {
            file: file.to_owned(),
        });
    }
    let line_error = |line: u64, what: &str| ImportError::Line {
        file: file.to_owned(),
        line,
        what: what.to_owned(),
        remedy: SAVE_AS_UTF8,
    };
    let (text, warning) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => {
            let rest = bytes.get(mark..).unwrap_or_default();
            let text = encoding
                .decode_without_bom_handling_and_without_replacement(rest)
                .ok_or_else(|| {
                    let line = if encoding == UTF_8 { bad_line(rest) } else { 1 };
                    let what = format!("the file is marked as {} and is not", encoding.name());
                    line_error(line, &what)
                })?;
            (text.into_owned(), None)
        }
        None => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => {
                let line = bad_line(bytes);
                if bytes.iter().any(|byte| UNDEFINED.contains(byte)) {
                    let what = "neither UTF-8 nor Windows-1252 text";
                    return Err(line_error(line, what));
                }
                let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
                (text.into_owned(), Some(line))
            }
        },
    };
    if let Some(place) = text.find('\0') {
        let before = text.get(..place).unwrap_or_default();
        let what = "an octet that is no text: is it UTF-16 without a byte order mark?";
        return Err(line_error(line_after(before.as_bytes()), what));
    }
    let warning = warning.map(|line| {
        let number = usize::try_from(line).unwrap_or(usize::MAX);
        let content = text.lines().nth(number - 1).unwrap_or_default();
        format!(
            "{} is not UTF-8 and is read as Windows-1252 (western European letters); look whether line {line} is right: {}",
            file.display(),
            content.chars().filter(|letter| !letter.is_control()).take(80).collect::<String>()
        )
    });
    Ok(Decoded { text, warning })
}

/// Returns the line of the first octet that is not UTF-8.
fn bad_line(bytes: &[u8]) -> u64 {
    match std::str::from_utf8(bytes) {
        Ok(_) => 1,
        Err(error) => line_after(bytes.get(..error.valid_up_to()).unwrap_or_default()),
    }
}

fn line_after(before: &[u8]) -> u64 {
    1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Decoded, String> {
        decode(Path::new("x.csv"), bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn what_says_its_encoding_is_read_by_it() {
        let wanted = Decoded {
            text: "port;Büro\n".to_owned(),
            warning: None,
        };
        let utf16: Vec<u8> = "\u{feff}port;Büro\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = "\u{feff}port;Büro\n"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let marked = "\u{feff}port;Büro\n".as_bytes();
        for bytes in ["port;Büro\n".as_bytes(), marked, &utf16, &big] {
            assert_eq!(read(bytes).as_ref(), Ok(&wanted));
        }
    }

    #[test]
    fn western_letters_are_read_and_told() {
        let found = read(b"port;room\n1;B\xfcro 3 \x80\n").unwrap();
        assert_eq!(found.text, "port;room\n1;Büro 3 €\n");
        insta::assert_snapshot!(found.warning.unwrap(), @"x.csv is not UTF-8 and is read as Windows-1252 (western European letters); look whether line 2 is right: 1;Büro 3 €");
    }

    #[test]
    fn what_cannot_be_told_is_an_error_with_its_line() {
        for (bytes, told) in [
            (
                &b"port\n\x81"[..],
                "x.csv:2: neither UTF-8 nor Windows-1252 text",
            ),
            (
                b"\xef\xbb\xbfport\n\xfc",
                "x.csv:2: the file is marked as UTF-8 and is not",
            ),
            (
                b"\xff\xfep\0\0\xd8",
                "x.csv:1: the file is marked as UTF-16LE and is not",
            ),
            (
                b"p\0o\0",
                "x.csv:1: an octet that is no text: is it UTF-16 without a byte order mark?",
            ),
            (b"PK\x03\x04rest", "x.csv is a workbook, not a CSV file"),
        ] {
            assert_eq!(read(bytes), Err(told.to_owned()));
        }
    }
}
