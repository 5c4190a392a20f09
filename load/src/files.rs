//! A large file up and down over loopback, without TLS, and the server's memory meanwhile.

use crate::process::{self, Peak};
use beffroi_it::{ALICE, Browser, House, Server};
use serde_json::json;
use std::time::Instant;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MIB: u64 = 1 << 20;

pub(crate) async fn run(mebibytes: u64) {
    let machine = process::machine();
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let room = page.room("Accueil").await;
    // The same thirty-two bytes would compress; the server does not, and a disk should not.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let block: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(MIB as usize / 8)
    .flatten()
    .collect();
    // Warm: the first request of a kind makes what every later one uses.
    let _ = up(&server, &page, &room, &block, 16).await;
    let size = mebibytes * MIB;

    let before = process::resident_kb(server.id());
    let (peak, busy) = (Peak::of(server.id()), process::processor_s(server.id()));
    let begun = Instant::now();
    let file = up(&server, &page, &room, &block, mebibytes).await;
    let upload = begun.elapsed().as_secs_f64();
    let (upload_peak, upload_busy) = (peak.kb(), process::processor_s(server.id()) - busy);

    let (peak, busy) = (Peak::of(server.id()), process::processor_s(server.id()));
    let begun = Instant::now();
    let came = down(&server, &page, &file).await;
    let download = begun.elapsed().as_secs_f64();
    let (download_peak, download_busy) = (peak.kb(), process::processor_s(server.id()) - busy);
    assert!(came == size, "{came} of {size} bytes came back");
    let rate = |seconds: f64| (size as f64 / 1e6 / seconds).round();
    println!(
        "{}",
        json!({"measure": "files", "machine": machine, "result": {
            "mebibytes": mebibytes, "resident_before_kb": before,
            "up": {"mb_per_second": rate(upload), "grew_mib": upload_peak.saturating_sub(before) / 1024, "server_processor_s": upload_busy},
            "down": {"mb_per_second": rate(download), "grew_mib": download_peak.saturating_sub(before) / 1024, "server_processor_s": download_busy},
            "goal_mb_per_second": 300, "goal_grew_mib": 30,
        }})
    );
    server.stop().await;
}

async fn up(server: &Server, page: &Browser, room: &str, block: &[u8], blocks: u64) -> String {
    let size = blocks * MIB;
    let new = json!({"name": "grand.bin", "size": size, "media_type": "application/octet-stream"});
    let begun = page.post(&format!("/api/rooms/{room}/uploads"), &new).await.expect(201).json();
    let upload = begun["upload"].as_str().expect("an upload has an id");
    let mut stream = TcpStream::connect(server.address).await.expect("the server listens");
    let cookie = page.cookie.as_deref().expect("somebody is signed in");
    let head = format!(
        "PATCH /api/uploads/{upload} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\nx-csrf-token: {}\r\nupload-offset: 0\r\n\
         content-type: application/offset+octet-stream\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n",
        page.host, page.csrf
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    for _ in 0..blocks {
        stream.write_all(block).await.expect("the server reads");
    }
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.expect("the server answers");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let id = answer.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next());
    id.expect("a file has an id").to_owned()
}

async fn down(server: &Server, page: &Browser, file: &str) -> u64 {
    let mut stream = TcpStream::connect(server.address).await.expect("the server listens");
    let cookie = page.cookie.as_deref().expect("somebody is signed in");
    let head = format!(
        "GET /api/files/{file} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n",
        page.host
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut buffer = vec![0; 1 << 20];
    let (mut came, mut head) = (0_u64, None);
    let mut first = vec![];
    loop {
        let read = stream.read(&mut buffer).await.expect("the server goes on");
        if read == 0 {
            return came;
        }
        match head {
            Some(()) => came += read as u64,
            None => {
                first.extend_from_slice(&buffer[..read]);
                if let Some(end) = first.windows(4).position(|w| w == b"\r\n\r\n") {
                    assert!(first.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&first[..end]));
                    came = (first.len() - end - 4) as u64;
                    head = Some(());
                }
            }
        }
    }
}
