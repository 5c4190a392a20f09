//! The sockets of the media port: one per address of this machine.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

/// Most addresses in an answer; a machine with more (many bridges) announces the first.
pub(super) const MAX_CANDIDATES: usize = 16;

/// Kernel buffer of each socket, in bytes: a keyframe to a hundred receivers, and what arrives while the
/// thread encrypts it. The kernel gives less when `net.core.rmem_max` is lower.
const BUFFER: usize = 4 << 20;

/// A bound socket and the address at which packets for it arrive.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) socket: UdpSocket,
    pub(super) address: SocketAddr,
}

/// Binds the media port.
pub(super) fn bind(listen: SocketAddr) -> io::Result<Vec<Bound>> {
    if !listen.ip().is_unspecified() {
        return Ok(vec![bind_one(listen)?]);
    }
    let mut bound: Vec<Bound> = Vec::new();
    let mut refused = None;
    for ip in own_addresses(listen.ip())?.into_iter().take(MAX_CANDIDATES) {
        // With port 0 the first socket draws the port and the others take the same.
        let port = bound.first().map_or(listen.port(), |first| first.address.port());
        match bind_one(SocketAddr::new(ip, port)) {
            Ok(socket) => bound.push(socket),
            // An address may vanish or be tentative while we look (DHCP, IPv6 detection): the others do.
            Err(cause) if cause.kind() == io::ErrorKind::AddrNotAvailable => {
                tracing::warn!(address = %ip, %cause, "media does not listen on this address");
                refused = Some(cause);
            }
            Err(cause) => return Err(cause),
        }
    }
    if bound.is_empty() {
        let none =
            || io::Error::new(io::ErrorKind::AddrNotAvailable, "this machine has no address for media");
        return Err(refused.unwrap_or_else(none));
    }
    Ok(bound)
}

/// The addresses of this machine that ICE can use: those of the network first, loopback last. `0.0.0.0`
/// means the IPv4 ones, `[::]` both families. Link-local addresses need a zone that a candidate cannot say.
fn own_addresses(unspecified: IpAddr) -> io::Result<Vec<IpAddr>> {
    let ips = if_addrs::get_if_addrs()?.into_iter().filter(|interface| !interface.is_link_local());
    let ips: BTreeSet<_> = ips
        .map(|interface| interface.ip())
        .filter(|ip| ip.is_ipv4() || unspecified.is_ipv6())
        .filter(|ip| !ip.is_unspecified() && !ip.is_multicast())
        .map(|ip| (ip.is_loopback(), ip))
        .collect();
    Ok(ips.into_iter().map(|(_, ip)| ip).collect())
}

fn bind_one(address: SocketAddr) -> io::Result<Bound> {
    let named =
        |cause: io::Error| io::Error::new(cause.kind(), format!("media port {address} (UDP): {cause}"));
    let open = || {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        // Smaller buffers lose packets under load and nothing else.
        let _ = socket.set_recv_buffer_size(BUFFER);
        let _ = socket.set_send_buffer_size(BUFFER);
        socket.bind(&address.into())?;
        let socket = UdpSocket::from(socket);
        let address = socket.local_addr()?;
        Ok(Bound { socket, address })
    };
    open().map_err(named)
}
