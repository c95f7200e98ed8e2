//! From an IP address to the MAC whose frames are looked for.
