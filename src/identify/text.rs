//! Names from foreign machines, made safe to print.

use std::fmt::Write;

/// What the OEM code pages 437 and 850 agree on from 0x80 on: the letters of Western Europe.
const OEM_80_TO_9A: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ";
const OEM_A0_TO_A5: &str = "áíóúñÑ";

/// Returns a NetBIOS name as text: Western letters are read by the common OEM code pages, everything
/// that has no one meaning or could steer a terminal becomes `\x1b`.
pub(super) fn of_oem(name: &[u8]) -> String {
    let mut text = String::new();
    for &octet in name {
        match oem_letter(octet) {
            Some(letter) => text.push(letter),
            None => escape(&mut text, octet),
        }
    }
    text
}

fn oem_letter(octet: u8) -> Option<char> {
    match octet {
        b' '..=b'~' => Some(char::from(octet)),
        0x80..=0x9a => OEM_80_TO_9A.chars().nth(usize::from(octet - 0x80)),
        0xa0..=0xa5 => OEM_A0_TO_A5.chars().nth(usize::from(octet - 0xa0)),
        _ => None,
    }
}

/// Returns a DNS name as text: what is not printable ASCII becomes `\x1b`.
pub(super) fn of_dns(name: &str) -> String {
    let mut text = String::new();
    for octet in name.bytes() {
        if octet.is_ascii_graphic() {
            text.push(char::from(octet));
        } else {
            escape(&mut text, octet);
        }
    }
    text
}

fn escape(text: &mut String, octet: u8) {
    // Writing to a String cannot fail.
    let _written = write!(text, "\\x{octet:02x}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn western_letters_are_read_and_control_characters_are_not_printed() {
        assert_eq!(of_oem(b"RECEPTION-PC"), "RECEPTION-PC");
        assert_eq!(of_oem(b"M\x9aLLER \x80\xa5"), "MÜLLER ÇÑ");
        assert_eq!(of_oem(b"\x1b[2J\x00\xff\x9b"), "\\x1b[2J\\x00\\xff\\x9b");
        assert_eq!(of_dns("pc-57.office.example"), "pc-57.office.example");
        assert_eq!(of_dns("a\u{1b}\u{202e} b"), "a\\x1b\\xe2\\x80\\xae\\x20b");
    }
}
