//! The server's name in a TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3).

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;

/// Returns the name that a client asks for in the first octets of its stream, as far as they were kept.
#[must_use]
pub fn server_name(stream: &[u8]) -> Option<&str> {
    let [HANDSHAKE, 3, _, _, _, CLIENT_HELLO, _, _, _, rest @ ..] = stream else {
        return None;
    };
    let rest = rest.get(2 + 32..)?; // version, random
    let (_session, rest) = vector_8(rest)?;
    let (_suites, rest) = vector_16(rest)?;
    let (_compression, rest) = vector_8(rest)?;
    // The list may be cut by the capture: what is there is looked at.
    let mut extensions = rest.get(2..)?;
    loop {
        let (&[t1, t2], rest) = extensions.split_first_chunk()?;
        let (value, rest) = vector_16(rest)?;
        if u16::from_be_bytes([t1, t2]) == SERVER_NAME {
            let (list, _) = vector_16(value)?;
            let ([HOST_NAME], rest) = list.split_first_chunk()? else {
                return None;
            };
            let (name, _) = vector_16(rest)?;
            return super::host_name(name);
        }
        extensions = rest;
    }
}

/// Splits off a vector with a length of one octet.
fn vector_8(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[length], rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(length.into())
}

/// Splits off a vector with a length of two octets.
fn vector_16(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(name: &[u8]) -> Vec<u8> {
        let length = |n: usize| u16::try_from(n).unwrap().to_be_bytes();
        let mut extensions = vec![0, 23, 0, 0]; // extended master secret
        extensions.extend([0, 0]);
        extensions.extend(length(name.len() + 5));
        extensions.extend(length(name.len() + 3));
        extensions.push(HOST_NAME);
        extensions.extend(length(name.len()));
        extensions.extend(name);
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 1, 1, 0]);
        body.extend(length(extensions.len()));
        body.extend(extensions);
        let mut bytes = vec![HANDSHAKE, 3, 1];
        bytes.extend(length(body.len() + 4));
        bytes.extend([CLIENT_HELLO, 0]);
        bytes.extend(length(body.len()));
        bytes.extend(body);
        bytes
    }

    #[test]
    fn the_name_is_found_and_every_cut_is_survived() {
        let whole = hello(b"update.example.org");
        assert_eq!(server_name(&whole), Some("update.example.org"));
        for end in 0..whole.len() {
            assert_eq!(server_name(&whole[..end]), None, "{end}");
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        assert_eq!(server_name(&hello(b"bad\x1b[2J")), None);
        assert_eq!(server_name(b"\x16\x03\x01\x00\x05\x02"), None);
        assert_eq!(server_name(b"GET / HTTP/1.1\r\n"), None);
    }
}
