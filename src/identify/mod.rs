//! Who is behind a MAC or IP address: vendor, NetBIOS names, reverse DNS.
