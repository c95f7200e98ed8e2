//! `halfspan.yaml`, read and checked: after this nothing is missing.
