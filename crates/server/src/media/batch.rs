//! Many datagrams per system call. The only unsafe code of the server: `poll`, `recvmmsg` and `sendmmsg`
//! behind types that keep their promises.
#![allow(unsafe_code)]

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use socket2::{SockAddr, SockAddrStorage};

/// Datagrams per system call.
pub(super) const BATCH: usize = 64;

/// Largest datagram read, in bytes: an Ethernet frame and more. Longer ones are dropped, not cut.
const LARGEST: usize = 2048;

/// Sleeps until one of `files` can be read or `patience` is over; which of them can.
pub(super) fn wait(files: &[BorrowedFd<'_>], patience: Duration, readable: &mut Vec<bool>) -> io::Result<()> {
    let mut entries: Vec<_> = files
        .iter()
        .map(|file| libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    let millis = libc::c_int::try_from(patience.as_micros().div_ceil(1000)).unwrap_or(libc::c_int::MAX);
    // SAFETY: `entries` is a live array of `entries.len()` pollfd for the length of the call, and every
    // descriptor in it is borrowed, hence open.
    let ready = unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, millis) };
    readable.clear();
    if ready < 0 {
        let cause = io::Error::last_os_error();
        readable.resize(files.len(), false);
        return if cause.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(cause) };
    }
    readable.extend(entries.iter().map(|entry| entry.revents != 0));
    Ok(())
}

/// Room for one batch of incoming datagrams, reused.
pub(super) struct Incoming {
    buffers: Vec<[u8; LARGEST]>,
    sources: Vec<SockAddrStorage>,
    received: Vec<(usize, Option<SocketAddr>)>,
}

impl Incoming {
    pub(super) fn new() -> Self {
        let sources = (0..BATCH).map(|_| SockAddrStorage::zeroed()).collect();
        Self { buffers: vec![[0; LARGEST]; BATCH], sources, received: Vec::with_capacity(BATCH) }
    }

    /// Reads what is there, at most [`BATCH`] datagrams, without waiting; how many.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.received.clear();
        let mut slices: Vec<_> = self
            .buffers
            .iter_mut()
            .map(|buffer| libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: LARGEST })
            .collect();
        let mut headers: Vec<_> = slices
            .iter_mut()
            .zip(&mut self.sources)
            .map(|(slice, source)| {
                let mut header = empty_header();
                header.msg_hdr.msg_name = std::ptr::from_mut(source).cast();
                header.msg_hdr.msg_namelen = source.size_of();
                header.msg_hdr.msg_iov = slice;
                header.msg_hdr.msg_iovlen = 1;
                header
            })
            .collect();
        // SAFETY: `headers` holds BATCH entries; each points to one iovec of `slices`, one buffer of LARGEST
        // bytes and one address storage of `msg_namelen` bytes, all distinct, exclusively borrowed and alive
        // until the call returns. A null timeout is allowed.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let Ok(count) = usize::try_from(count) else {
            let cause = io::Error::last_os_error();
            let nothing = matches!(cause.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted);
            return if nothing { Ok(0) } else { Err(cause) };
        };
        for (header, source) in headers.iter().zip(&self.sources).take(count) {
            let cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            let length = if cut { 0 } else { (header.msg_len as usize).min(LARGEST) };
            let (storage, size) = (copy(source), header.msg_hdr.msg_namelen);
            // SAFETY: the kernel wrote an address of `msg_namelen` bytes into the storage, and no more than
            // the storage holds.
            let address = unsafe { SockAddr::new(storage, size.min(source.size_of())) };
            self.received.push((length, address.as_socket()));
        }
        Ok(count)
    }

    /// The datagrams of the last [`Incoming::receive`], each with its source.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let all = self.received.iter().zip(&self.buffers);
        all.filter_map(|((length, source), buffer)| Some(((*source)?, &buffer[..*length])))
    }
}

/// Sends the datagrams; how many the network took. One that cannot be sent does not hold up the others.
pub(super) fn send(socket: &UdpSocket, datagrams: &[(SocketAddr, Vec<u8>)]) -> usize {
    datagrams.chunks(BATCH).map(|batch| send_batch(socket, batch)).sum()
}

fn send_batch(socket: &UdpSocket, datagrams: &[(SocketAddr, Vec<u8>)]) -> usize {
    let addresses: Vec<_> = datagrams.iter().map(|(destination, _)| SockAddr::from(*destination)).collect();
    let mut slices: Vec<_> = datagrams
        .iter()
        .map(|(_, bytes)| libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() })
        .collect();
    let mut headers: Vec<_> = slices
        .iter_mut()
        .zip(&addresses)
        .map(|(slice, address)| {
            let mut header = empty_header();
            header.msg_hdr.msg_name = address.as_ptr().cast_mut().cast();
            header.msg_hdr.msg_namelen = address.len();
            header.msg_hdr.msg_iov = slice;
            header.msg_hdr.msg_iovlen = 1;
            header
        })
        .collect();
    let (mut next, mut taken) = (0, 0);
    while next < headers.len() {
        let rest = &mut headers[next..];
        // SAFETY: `rest` is a live array of `rest.len()` headers; each points to one iovec, one datagram and
        // one address that outlive the call. The kernel only reads them, so the casts from shared borrows
        // are never written through; it writes `msg_len` in `rest`, which is exclusively borrowed.
        let count = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                rest.as_mut_ptr(),
                rest.len() as libc::c_uint,
                libc::MSG_DONTWAIT,
            )
        };
        match usize::try_from(count) {
            Ok(count) if count > 0 => {
                next += count;
                taken += count;
            }
            _ => match io::Error::last_os_error().kind() {
                io::ErrorKind::Interrupted => {}
                // The buffer is full: what does not fit is lost, as on any congested path, and repaired.
                io::ErrorKind::WouldBlock => break,
                // This one has nowhere to go (no route, a firewall of this machine); the next may have.
                _ => next += 1,
            },
        }
    }
    taken
}

fn empty_header() -> libc::mmsghdr {
    // SAFETY: all zeros is a valid mmsghdr: null pointers with zero lengths.
    unsafe { std::mem::zeroed() }
}

fn copy(storage: &SockAddrStorage) -> SockAddrStorage {
    // SAFETY: SockAddrStorage is plain data (a `sockaddr_storage` behind `repr(transparent)`), for which a
    // copy of its bytes is a value of its own.
    unsafe { std::ptr::read(storage) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    fn socket() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        (socket, address)
    }

    #[test]
    fn what_is_sent_in_batches_arrives_in_batches_with_its_source() {
        let ((from, source), (to, destination)) = (socket(), socket());
        let datagrams: Vec<_> = (0..100u8).map(|n| (destination, vec![n; usize::from(n) + 1])).collect();
        assert_eq!(send(&from, &datagrams), 100);
        let mut incoming = Incoming::new();
        let mut seen = Vec::new();
        let mut readable = Vec::new();
        while seen.len() < 100 {
            wait(&[to.as_fd()], Duration::from_secs(10), &mut readable).expect("poll works");
            assert_eq!(readable, [true]);
            assert!(incoming.receive(&to).expect("recvmmsg works") <= BATCH);
            seen.extend(incoming.datagrams().map(|(from, bytes)| (from, bytes.to_vec())));
        }
        let expected: Vec<_> = datagrams.into_iter().map(|(_, bytes)| (source, bytes)).collect();
        assert_eq!(seen, expected);
        assert_eq!(incoming.receive(&to).expect("an empty socket is no error"), 0);
    }

    #[test]
    fn a_datagram_too_long_is_empty_and_one_without_a_route_stops_nobody() {
        let ((from, _), (to, destination)) = (socket(), socket());
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let datagrams = vec![(nowhere, vec![1]), (destination, vec![7; LARGEST + 1]), (destination, vec![2])];
        assert_eq!(send(&from, &datagrams), 2);
        let mut incoming = Incoming::new();
        let mut readable = Vec::new();
        let mut seen = Vec::new();
        while seen.len() < 2 {
            wait(&[to.as_fd()], Duration::from_secs(10), &mut readable).expect("poll works");
            incoming.receive(&to).expect("recvmmsg works");
            seen.extend(incoming.datagrams().map(|(_, bytes)| bytes.to_vec()));
        }
        assert_eq!(seen, [vec![], vec![2]]);
    }
}
