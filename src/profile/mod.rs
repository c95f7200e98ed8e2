//! What the profile of a switch family says: the YAML schema, loading, checks, codecs. No I/O beyond reading text.
