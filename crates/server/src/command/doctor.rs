//! `beffroi doctor`: what is wrong here, in plain words, and what to do.

use super::Failure;
use crate::clock;
use crate::postman::Carrier;
use crate::settings::Place;
use beffroi_store::Store;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::ExitCode;

/// Bytes below which the disk is called short: a large file and a day of messages.
const SHORT_OF_DISK: u64 = 2 << 30;

pub(super) fn settings_unreadable(
    failure: &(dyn std::error::Error + Send + Sync + 'static),
) -> Result<ExitCode, Failure> {
    say(false, &sentence(failure));
    Ok(ExitCode::FAILURE)
}

pub(super) async fn run(place: Place) -> Result<ExitCode, Failure> {
    let mut well = true;
    let mut check = |fine: Result<String, String>| {
        well &= fine.is_ok();
        say(fine.is_ok(), fine.as_ref().unwrap_or_else(|wrong| wrong));
    };
    check(Ok("The settings are valid.".into()));
    check(data_folder(&place.data));
    check(disk(&place.data));
    check(clock_is_right(&place.data));
    check(tcp(place.http()));
    check(udp(place.media(), place.http()));
    check(
        crate::serve::clear_beyond_loopback(&place)
            .map_or(Ok("Nothing travels in clear beyond this machine.".into()), |no| Err(no.to_string())),
    );
    if let Some(fine) = mail(&place).await {
        check(fine);
    }
    // The key must not be made by looking, so a first start is not simulated here.
    match Store::open(beffroi_store::Settings { create: false, ..place.store() }).await {
        Ok(store) => {
            let ready = store.ready().await;
            check(
                ready
                    .map(|()| "The database opens and the master key fits it.".into())
                    .map_err(|e| sentence(&e)),
            );
            if place.settings.storage.database.starts_with("postgres") {
                check(store.walled().await.map_err(|e| sentence(&e)).and_then(walled));
            }
            store.close().await;
        }
        Err(wrong) => check(Err(sentence(&wrong))),
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Nothing to say when no mail server is set.
async fn mail(place: &Place) -> Option<Result<String, String>> {
    let shown = &place.settings.mail.smtp;
    let carrier = match Carrier::of(place) {
        Ok(carrier) => carrier?,
        Err(wrong) => return Some(Err(format!("Mail cannot be sent: {wrong}."))),
    };
    Some(match carrier.reachable().await {
        Ok(()) => Ok(format!("The mail server {shown} answers.")),
        Err(why) => Err(format!(
            "Mail cannot be sent through {shown}: {why}; check [mail] in beffroi.toml. Letters wait until it works."
        )),
    })
}

fn walled(walled: bool) -> Result<String, String> {
    if walled {
        Ok("The database keeps tenants apart by itself (row-level security).".into())
    } else {
        Err("Beffroi is a superuser of the database, or exempt from row-level security: only the program keeps \
             tenants apart. Give it an ordinary role that owns its tables: CREATE ROLE beffroi LOGIN."
            .into())
    }
}

fn say(fine: bool, text: &str) {
    println!("{} {text}", if fine { "ok   " } else { "WRONG" });
}

fn sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(below) = cause {
        text.push_str(&format!(" ({below})"));
        cause = below.source();
    }
    text
}

fn data_folder(data: &Path) -> Result<String, String> {
    let shown = data.display();
    if !data.exists() {
        return Ok(format!("The data folder {shown} does not exist yet; the first start makes it."));
    }
    let probe = data.join(".doctor");
    std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(|cause| {
        format!("The data folder {shown} cannot be written ({cause}); give it to the user that runs Beffroi.")
    })?;
    Ok(format!("The data folder {shown} can be written."))
}

fn disk(data: &Path) -> Result<String, String> {
    let place = data.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    let free = crate::system::free_bytes(place)
        .map_err(|cause| format!("The free space of {} cannot be read: {cause}", place.display()))?;
    let shown = format!("{:.1} GB free on the disk of {}", free as f64 / 1e9, place.display());
    if free < SHORT_OF_DISK {
        Err(format!("Only {shown}; free some, or move the data folder."))
    } else {
        Ok(format!("{shown}."))
    }
}

/// Clocks cannot be checked without asking someone else; what can be seen is a clock before this
/// program was written, or before what this server already wrote.
fn clock_is_right(data: &Path) -> Result<String, String> {
    const WRITTEN: i64 = 1_795_000_000_000_000; // November 2026
    let newest = ["beffroi.db-wal", "beffroi.db", "master.key"]
        .iter()
        .filter_map(|name| std::fs::metadata(data.join(name)).ok()?.modified().ok())
        .filter_map(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map(|since| since.as_micros() as i64)
        .max()
        .unwrap_or(0);
    let now = clock::now();
    if now < WRITTEN {
        return Err(
            "The clock of this machine is years late; set it (timedatectl), links and sessions depend on it."
                .into(),
        );
    }
    if newest > now + 60_000_000 {
        return Err(format!(
            "The clock of this machine is {} minutes behind what was already written here; set it (timedatectl).",
            (newest - now) / 60_000_000
        ));
    }
    Ok("The clock is not behind what was written here.".into())
}

fn tcp(address: SocketAddr) -> Result<String, String> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(format!("TCP {address} is free.")),
        Err(cause) if cause.kind() == ErrorKind::AddrInUse && is_beffroi(address) => {
            Ok(format!("TCP {address} is taken by a running Beffroi: right, if it is this one."))
        }
        Err(cause) => Err(taken("TCP", address, &cause)),
    }
}

fn udp(address: SocketAddr, http: SocketAddr) -> Result<String, String> {
    match UdpSocket::bind(address) {
        Ok(_) => Ok(format!("UDP {address} is free.")),
        Err(cause) if cause.kind() == ErrorKind::AddrInUse && is_beffroi(http) => {
            Ok(format!("UDP {address} is taken while a Beffroi runs: right, if it is this one."))
        }
        Err(cause) => Err(taken("UDP", address, &cause)),
    }
}

/// Whether a Beffroi answers there, without TLS.
fn is_beffroi(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let patience = std::time::Duration::from_secs(2);
        let near = if address.ip().is_unspecified() {
            SocketAddr::from(([127, 0, 0, 1], address.port()))
        } else {
            address
        };
        let mut stream = std::net::TcpStream::connect_timeout(&near, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = vec![];
        stream.take(4096).read_to_end(&mut answer)?;
        Ok(answer.ends_with(b"alive\n"))
    };
    ask().unwrap_or(false)
}

fn taken(protocol: &str, address: SocketAddr, cause: &std::io::Error) -> String {
    match cause.kind() {
        ErrorKind::AddrInUse => {
            format!(
                "{protocol} {address} is taken, by a running Beffroi or another program (`ss -lnp` names it)."
            )
        }
        ErrorKind::PermissionDenied => {
            format!(
                "{protocol} {address} needs a privilege (ports below 1024): give it with CAP_NET_BIND_SERVICE, or choose a higher port."
            )
        }
        _ => format!("{protocol} {address} cannot be listened on: {cause}."),
    }
}
