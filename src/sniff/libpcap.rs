//! libpcap, bound at run time, so that nothing but live capture and filter expressions needs it.
//!
//! All that is unsafe about it stays in this file: what leaves it are owned handles and borrowed frames.

#![expect(
    unsafe_code,
    reason = "calls a C library that is loaded at run time; each block says why it is sound"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::os::fd::BorrowedFd;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::time::Duration;

use libloading::Library;
use nix::libc::timeval;

use crate::wire::link::LinkType;

/// Where libpcap is found: Debian, other Linux, with the developer's files, macOS.
const NAMES: [&str; 5] = [
    "libpcap.so.0.8",
    "libpcap.so.1",
    "libpcap.so",
    "libpcap.dylib",
    "/usr/lib/libpcap.A.dylib",
];

/// How much of a frame is kept: three tags, IPv6 with extension headers and the ports.
const SNAP_LEN: c_int = 256;
const ERROR_TEXT_LEN: usize = 256; // PCAP_ERRBUF_SIZE
const ERROR_NO_SUCH_DEVICE: c_int = -5;
const ERROR_NO_PERMISSION: c_int = -8;
const ERROR_NOT_UP: c_int = -9;
const ERROR_NO_PERMISSION_PROMISCUOUS: c_int = -11;
const PRECISION_NANOSECONDS: c_int = 1;
const DLT_RAW: c_int = if cfg!(target_os = "openbsd") { 14 } else { 12 };
const NETMASK_UNKNOWN: c_uint = u32::MAX;

/// `pcap_t`
#[repr(C)]
struct PcapT([u8; 0]);

/// `struct pcap_pkthdr`
#[repr(C)]
struct PacketHeader {
    ts: timeval,
    caplen: u32,
    len: u32,
}

/// `struct bpf_program`
#[repr(C)]
struct BpfProgram {
    len: c_uint,
    instructions: *mut c_void,
}

/// `struct pcap_stat`: counters since the handle was opened; they wrap.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stats {
    /// Frames that matched the filter, lost ones included (Linux).
    pub(super) received: c_uint,
    /// Frames that matched and found no room.
    pub(super) dropped: c_uint,
    /// Frames that the network card or its driver lost.
    pub(super) dropped_by_interface: c_uint,
}

/// Declares the functions of the library and loads them all, or none.
macro_rules! functions {
    ($($field:ident = $symbol:literal ($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The library and its functions.
        pub(super) struct Libpcap {
            $($field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            /// Keeps the functions where they are.
            _library: Library,
        }

        impl Libpcap {
            fn load(name: &str) -> Option<Libpcap> {
                // SAFETY: libpcap's initialisation has no conditions; the types below are those of pcap.h.
                unsafe {
                    let library = Library::new(name).ok()?;
                    Some(Libpcap {
                        $($field: *library.get($symbol).ok()?,)*
                        _library: library,
                    })
                }
            }
        }
    };
}

functions! {
    create = c"pcap_create" (*const c_char, *mut c_char) -> *mut PcapT;
    set_snaplen = c"pcap_set_snaplen" (*mut PcapT, c_int) -> c_int;
    set_promisc = c"pcap_set_promisc" (*mut PcapT, c_int) -> c_int;
    set_immediate_mode = c"pcap_set_immediate_mode" (*mut PcapT, c_int) -> c_int;
    set_buffer_size = c"pcap_set_buffer_size" (*mut PcapT, c_int) -> c_int;
    set_precision = c"pcap_set_tstamp_precision" (*mut PcapT, c_int) -> c_int;
    activate = c"pcap_activate" (*mut PcapT) -> c_int;
    set_nonblock = c"pcap_setnonblock" (*mut PcapT, c_int, *mut c_char) -> c_int;
    selectable_fd = c"pcap_get_selectable_fd" (*mut PcapT) -> c_int;
    datalink = c"pcap_datalink" (*mut PcapT) -> c_int;
    next_ex = c"pcap_next_ex" (*mut PcapT, *mut *mut PacketHeader, *mut *const u8) -> c_int;
    inject = c"pcap_inject" (*mut PcapT, *const c_void, usize) -> c_int;
    stats = c"pcap_stats" (*mut PcapT, *mut Stats) -> c_int;
    compile = c"pcap_compile" (*mut PcapT, *mut BpfProgram, *const c_char, c_int, c_uint) -> c_int;
    set_filter = c"pcap_setfilter" (*mut PcapT, *mut BpfProgram) -> c_int;
    offline_filter = c"pcap_offline_filter" (*const BpfProgram, *const PacketHeader, *const u8) -> c_int;
    free_code = c"pcap_freecode" (*mut BpfProgram);
    open_dead = c"pcap_open_dead" (c_int, c_int) -> *mut PcapT;
    get_error = c"pcap_geterr" (*mut PcapT) -> *mut c_char;
    status_text = c"pcap_statustostr" (c_int) -> *const c_char;
    close = c"pcap_close" (*mut PcapT);
}

/// Why an interface could not be opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OpenError {
    NoPermission,
    NoSuchDevice,
    NotUp,
    /// libpcap's words.
    Other(String),
}

impl Libpcap {
    /// Returns the library, if it is installed; looks for it once.
    pub(super) fn get() -> Option<&'static Libpcap> {
        static LIBRARY: OnceLock<Option<Libpcap>> = OnceLock::new();
        let load = || NAMES.into_iter().find_map(Libpcap::load);
        LIBRARY.get_or_init(load).as_ref()
    }

    /// Opens an interface: promiscuous, without delay, non-blocking, nanosecond stamps where there are any.
    /// `buffer` is the size of the kernel's buffer in octets.
    pub(super) fn open(&'static self, interface: &str, buffer: c_int) -> Result<Handle, OpenError> {
        let name = CString::new(interface).map_err(|_| OpenError::NoSuchDevice)?;
        let mut error = [0; ERROR_TEXT_LEN];
        // SAFETY: both pointers are valid for the call, the second for the size that pcap.h asks for.
        let raw = unsafe { (self.create)(name.as_ptr(), error.as_mut_ptr()) };
        let raw = NonNull::new(raw).ok_or_else(|| OpenError::Other(text_in(&error)))?;
        let mut handle = Handle {
            pcap: self,
            raw,
            nanoseconds: false,
        };
        let pcap = handle.raw.as_ptr();
        // SAFETY: the handle was created above and is not yet active, as the setters want it.
        let status = unsafe {
            (self.set_snaplen)(pcap, SNAP_LEN);
            (self.set_promisc)(pcap, 1);
            (self.set_immediate_mode)(pcap, 1);
            (self.set_buffer_size)(pcap, buffer);
            handle.nanoseconds = (self.set_precision)(pcap, PRECISION_NANOSECONDS) == 0;
            (self.activate)(pcap)
        };
        // Positive values are warnings: captured all the same.
        if status < 0 {
            return Err(handle.open_error(status));
        }
        // SAFETY: the handle is active; the buffer has the size that pcap.h asks for.
        match unsafe { (self.set_nonblock)(pcap, 1, error.as_mut_ptr()) } {
            0 => Ok(handle),
            _ => Err(OpenError::Other(text_in(&error))),
        }
    }

    /// Compiles an expression for frames that do not come from the kernel.
    ///
    /// The error is libpcap's words.
    pub(super) fn compile_for(
        &'static self,
        link_type: LinkType,
        expression: &str,
    ) -> Result<Program, String> {
        // Libraries number raw IP otherwise than files do.
        let number = match link_type {
            LinkType::RAW => DLT_RAW,
            LinkType(number) => c_int::try_from(number).unwrap_or(c_int::MAX),
        };
        // SAFETY: takes plain numbers.
        let raw = unsafe { (self.open_dead)(number, c_int::from(u16::MAX)) };
        let handle = Handle {
            pcap: self,
            raw: NonNull::new(raw).ok_or("out of memory")?,
            nanoseconds: false,
        };
        handle.compile(expression)
    }
}

/// An open capture.
pub(super) struct Handle {
    pcap: &'static Libpcap,
    raw: NonNull<PcapT>,
    nanoseconds: bool,
}

/// A captured frame.
pub(super) struct Frame<'a> {
    /// The kernel's stamp, counted from the start of 1970.
    pub(super) stamp: Duration,
    /// The length on the wire in octets.
    pub(super) wire_len: u32,
    /// As much of it as was kept.
    pub(super) bytes: &'a [u8],
}

impl Handle {
    /// Returns what its frames begin with.
    pub(super) fn link_type(&self) -> LinkType {
        // SAFETY: the handle is open until `self` is dropped.
        let number = unsafe { (self.pcap.datalink)(self.raw.as_ptr()) };
        match number {
            DLT_RAW => LinkType::RAW,
            number => LinkType(u32::try_from(number).unwrap_or(u32::MAX)),
        }
    }

    /// Lets the kernel pass only frames that match. The error is libpcap's words.
    pub(super) fn set_filter(&mut self, expression: &str) -> Result<(), String> {
        let mut program = self.compile(expression)?;
        // SAFETY: handle and program are both alive; libpcap copies the program.
        match unsafe { (self.pcap.set_filter)(self.raw.as_ptr(), &raw mut program.raw) } {
            0 => Ok(()),
            _ => Err(self.error_text()),
        }
    }

    /// Returns the next frame, or `None` if none has arrived. The error is libpcap's words.
    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, String> {
        let mut header = ptr::null_mut();
        let mut bytes = ptr::null();
        // SAFETY: the handle is open, both pointers are valid for the call.
        let status =
            unsafe { (self.pcap.next_ex)(self.raw.as_ptr(), &raw mut header, &raw mut bytes) };
        match status {
            // SAFETY: after a 1 both point to a header and to `caplen` octets, which stay until the next call
            // on this handle; the borrow of `self` rules that out.
            1 => unsafe {
                let header: &PacketHeader = &*header;
                let length = usize::try_from(header.caplen).unwrap_or(0);
                Ok(Some(Frame {
                    stamp: self.stamp(header.ts),
                    wire_len: header.len,
                    bytes: std::slice::from_raw_parts(bytes, length),
                }))
            },
            0 => Ok(None),
            _ => Err(self.error_text()),
        }
    }

    /// Sends a frame. The error is libpcap's words.
    pub(super) fn inject(&mut self, frame: &[u8]) -> Result<(), String> {
        // SAFETY: the handle is open and active; as many octets as are said can be read.
        let sent =
            unsafe { (self.pcap.inject)(self.raw.as_ptr(), frame.as_ptr().cast(), frame.len()) };
        if usize::try_from(sent) == Ok(frame.len()) {
            Ok(())
        } else {
            Err(self.error_text())
        }
    }

    /// Returns the counters. The error is libpcap's words.
    pub(super) fn stats(&mut self) -> Result<Stats, String> {
        let mut stats = Stats::default();
        // SAFETY: the handle is open, `stats` is valid for the call and laid out as in pcap.h.
        match unsafe { (self.pcap.stats)(self.raw.as_ptr(), &raw mut stats) } {
            0 => Ok(stats),
            _ => Err(self.error_text()),
        }
    }

    /// Returns what to poll, where the system has such a thing.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        // SAFETY: the handle is open; its descriptor stays open as long as `self` is borrowed.
        unsafe {
            let fd = (self.pcap.selectable_fd)(self.raw.as_ptr());
            (fd >= 0).then(|| BorrowedFd::borrow_raw(fd))
        }
    }

    fn compile(&self, expression: &str) -> Result<Program, String> {
        let text = CString::new(expression).map_err(|_| "it contains a zero octet".to_owned())?;
        let mut raw = BpfProgram {
            len: 0,
            instructions: ptr::null_mut(),
        };
        // SAFETY: the handle is open, both other pointers are valid for the call.
        let status = unsafe {
            (self.pcap.compile)(
                self.raw.as_ptr(),
                &raw mut raw,
                text.as_ptr(),
                1,
                NETMASK_UNKNOWN,
            )
        };
        match status {
            0 => Ok(Program {
                pcap: self.pcap,
                raw,
            }),
            _ => Err(self.error_text()),
        }
    }

    fn stamp(&self, ts: timeval) -> Duration {
        let seconds = u64::try_from(ts.tv_sec).unwrap_or(0);
        let fraction = u64::try_from(ts.tv_usec).unwrap_or(0);
        Duration::from_secs(seconds)
            + if self.nanoseconds {
                Duration::from_nanos(fraction)
            } else {
                Duration::from_micros(fraction)
            }
    }

    fn error_text(&self) -> String {
        // SAFETY: the handle is open; the text is terminated and copied before anything overwrites it.
        unsafe { owned_text((self.pcap.get_error)(self.raw.as_ptr())) }
    }

    fn open_error(&self, status: c_int) -> OpenError {
        match status {
            ERROR_NO_PERMISSION | ERROR_NO_PERMISSION_PROMISCUOUS => OpenError::NoPermission,
            ERROR_NO_SUCH_DEVICE => OpenError::NoSuchDevice,
            ERROR_NOT_UP => OpenError::NotUp,
            _ => {
                // SAFETY: takes a plain number, returns a constant text.
                let status = unsafe { owned_text((self.pcap.status_text)(status)) };
                match self.error_text() {
                    detail if detail.is_empty() => OpenError::Other(status),
                    detail => OpenError::Other(detail),
                }
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: this is the only owner, and nothing borrows from it any more.
        unsafe { (self.pcap.close)(self.raw.as_ptr()) }
    }
}

/// A compiled expression.
pub(super) struct Program {
    pcap: &'static Libpcap,
    raw: BpfProgram,
}

impl Program {
    /// Tells whether a frame matches; `wire_len` is its whole length.
    pub(super) fn matches(&self, bytes: &[u8], wire_len: u32) -> bool {
        let header = PacketHeader {
            ts: timeval {
                tv_sec: 0,
                tv_usec: 0,
            },
            caplen: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            len: wire_len,
        };
        // SAFETY: the program was compiled; no more than `caplen` octets are read, and there are as many.
        unsafe {
            (self.pcap.offline_filter)(&raw const self.raw, &raw const header, bytes.as_ptr()) != 0
        }
    }
}

// SAFETY: libpcap only reads a compiled program, and keeps nothing elsewhere between two frames.
unsafe impl Send for Program {}
// SAFETY: as above.
unsafe impl Sync for Program {}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: the program was compiled and is freed once.
        unsafe { (self.pcap.free_code)(&raw mut self.raw) }
    }
}

/// # Safety
/// `text` is null or a terminated text.
unsafe fn owned_text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as promised by the caller.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

fn text_in(buffer: &[c_char; ERROR_TEXT_LEN]) -> String {
    let octets = buffer.iter().map(|&c| c.to_ne_bytes()[0]);
    let text: Vec<u8> = octets.take_while(|&octet| octet != 0).collect();
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_is_no_error_but_nothing() {
        assert!(Libpcap::load("libhalfspan-does-not-exist.so.1").is_none());
        assert!(
            Libpcap::load("libc.so.6").is_none(),
            "a library without pcap's functions"
        );
    }

    #[test]
    fn an_error_text_ends_at_its_zero() {
        let mut buffer = [0; ERROR_TEXT_LEN];
        buffer[0] = c_char::try_from(b'a').unwrap();
        buffer[1] = c_char::try_from(b'b').unwrap();
        assert_eq!(text_in(&buffer), "ab");
    }
}
