//! Bytes to values and back: frames and packets. No I/O; nothing here panics on what a network sends.
