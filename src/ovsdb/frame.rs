//! A stream of JSON objects without anything between them, cut into messages (RFC 7047 §4: JSON-RPC over a byte
//! stream). Bounded: a server that never closes an object does not fill the memory.

/// A switch with 1,000 ports and 100 mirrors sends some 400 KiB.
const MAX_OCTETS: usize = 8 * 1024 * 1024;

/// What has arrived and is not yet a whole message.
#[derive(Debug, Default)]
pub(super) struct Frames {
    octets: Vec<u8>,
    /// How many of them have been looked at.
    seen: usize,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

/// Why a stream cannot be cut any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Something else than an object begins.
    NoObject,
    /// A message is longer than any that makes sense.
    TooLong,
}

impl Frames {
    /// Takes what has arrived.
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// Returns the next whole message, or `None` if more has to arrive first. Each octet is looked at once.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        while let Some(&octet) = self.octets.get(self.seen) {
            self.seen += 1;
            if self.in_text {
                match octet {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match octet {
                b'{' => self.depth += 1,
                b'}' if self.depth == 1 => {
                    self.depth = 0;
                    let rest = self.octets.split_off(self.seen);
                    let message = std::mem::replace(&mut self.octets, rest);
                    self.seen = 0;
                    return Ok(Some(message));
                }
                b'}' if self.depth > 1 => self.depth -= 1,
                b'"' if self.depth > 0 => self.in_text = true,
                _ if self.depth > 0 || octet.is_ascii_whitespace() => {}
                _ => return Err(Broken::NoObject),
            }
        }
        if self.octets.len() > MAX_OCTETS {
            return Err(Broken::TooLong);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&str]) -> Vec<String> {
        let mut frames = Frames::default();
        let mut messages = Vec::new();
        for piece in pieces {
            frames.push(piece.as_bytes());
            while let Some(message) = frames.next().unwrap() {
                messages.push(String::from_utf8(message).unwrap());
            }
        }
        messages
    }

    #[test]
    fn messages_are_cut_wherever_the_stream_was_cut() {
        let whole = r#"{"a":"}\"{","b":{}} {"c":[{}]}"#;
        let wanted = [r#"{"a":"}\"{","b":{}}"#, r#" {"c":[{}]}"#];
        for at in 0..=whole.len() {
            assert_eq!(cut(&[&whole[..at], &whole[at..]]), wanted, "cut at {at}");
        }
        let each: Vec<String> = whole.chars().map(String::from).collect();
        let each: Vec<&str> = each.iter().map(String::as_str).collect();
        assert_eq!(cut(&each), wanted);
    }

    #[test]
    fn what_is_no_object_is_refused_at_once() {
        for text in ["HTTP/1.1 400", "[1]", "}", "\u{1}\u{0}"] {
            let mut frames = Frames::default();
            frames.push(text.as_bytes());
            assert_eq!(frames.next(), Err(Broken::NoObject), "{text}");
        }
    }

    #[test]
    fn a_message_without_end_is_refused() {
        let mut frames = Frames::default();
        frames.push(b"{\"a\":\"");
        let piece = vec![b'x'; 1 << 20];
        let mut broken = None;
        for _ in 0..16 {
            frames.push(&piece);
            broken = broken.or(frames.next().err());
        }
        assert_eq!(broken, Some(Broken::TooLong));
    }
}
