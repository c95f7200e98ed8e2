//! The host that an HTTP/1 request is for (RFC 9112 §3.2).

const METHODS: [&[u8]; 8] = [
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
];

/// Tells whether a stream begins as a request does.
#[must_use]
pub fn is_request(stream: &[u8]) -> bool {
    METHODS.iter().any(|method| stream.starts_with(method))
}

/// Returns the value of the `Host` field, without the port.
#[must_use]
pub fn host(stream: &[u8]) -> Option<&str> {
    if !is_request(stream) {
        return None;
    }
    let mut lines = stream.split(|&octet| octet == b'\n').skip(1);
    let value = lines.find_map(|line| {
        let (field, value) = line.split_at_checked(b"host:".len())?;
        field.eq_ignore_ascii_case(b"host:").then_some(value)
    })?;
    let value = value.strip_suffix(b"\r")?.trim_ascii();
    let name = value.split(|&octet| octet == b':').next()?;
    super::host_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_read_without_its_port() {
        let request = b"GET /a HTTP/1.1\r\nAccept: */*\r\nhOST:  www.example.org:8080 \r\n\r\n";
        assert_eq!(host(request), Some("www.example.org"));
    }

    #[test]
    fn a_cut_or_hostile_field_is_none() {
        assert_eq!(host(b"GET / HTTP/1.1\r\nHost: www.exam"), None);
        assert_eq!(host(b"GET / HTTP/1.1\r\nHost: a\x07b\r\n"), None);
        assert_eq!(host(b"HTTP/1.1 200 OK\r\nHost: a\r\n"), None);
        assert_eq!(host(b"GET / HTTP/1.1\r\nHos"), None);
    }
}
