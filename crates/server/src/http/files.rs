//! Files: resumable in, by ranges out.

use super::edge::{Body, Changing, Edge, Reading, whole};
use super::rooms::room_id;
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::body::{Body as Stream, BodyDataStream};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beffroi_app::Caller;
use beffroi_domain::{FileId, RoomId, UploadId};
use beffroi_policy::{AddFile, ReadFile};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Bytes written at once: what is lost at most when a connection breaks. Larger spares syncs, smaller
/// spares memory: one part is read while another is sealed and written.
const PART: usize = 4 << 20;
/// What a part is sent as (tus 1.0, core protocol).
const PART_TYPE: &str = "application/offset+octet-stream";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    name: String,
    #[serde(deserialize_with = "whole")]
    size: u64,
    #[serde(default)]
    media_type: String,
}

pub async fn begin(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(room): Path<String>,
    Body(new): Body<NewUpload>,
) -> Result<Response, Problem> {
    let id = edge
        .app
        .begin_upload(&caller, room_id(&room)?, &new.name, &new.media_type, new.size, clock::now())
        .await?;
    Ok((StatusCode::CREATED, Json(json!({"upload": id.to_string(), "offset": 0}))).into_response())
}

fn upload_id(text: &str) -> Result<UploadId, Problem> {
    text.parse().map_err(|_| Problem::not_found("upload"))
}

pub async fn upload(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let row = edge.app.upload(&caller, upload_id(&id)?).await?;
    Ok(Json(json!({"upload": row.id.to_string(), "offset": row.offset, "size": row.size, "name": row.name})))
}

/// Takes bytes from the offset that the server holds. Every 4 MiB are on disk before the next but one are
/// read, so a broken connection loses little and memory stays flat.
pub async fn append(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Stream,
) -> Result<Response, Problem> {
    // Digits alone: `parse` would take a sign too.
    let digits = |v: &&str| v.bytes().all(|b| b.is_ascii_digit());
    let offset = headers.get("upload-offset").and_then(|v| v.to_str().ok()).filter(digits);
    let offset = offset
        .and_then(|v| v.parse::<u64>().ok())
        .ok_or_else(|| Problem::invalid("the header Upload-Offset says from which byte this part goes on"))?;
    let row = edge.app.upload(&caller, upload_id(&id)?).await?;
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != PART_TYPE) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            format!("bytes of an upload are sent as {PART_TYPE}"),
        ));
    }
    if offset != row.offset {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "conflict",
            format!("this upload holds {} bytes; go on from there", row.offset),
        )
        .header(header::HeaderName::from_static("upload-offset"), HeaderValue::from(row.offset)));
    }
    let mut held = offset;
    let mut stream = Incoming::new(&edge, &caller, row.room, body);
    let mut rest = Bytes::new();
    let (mut part, mut more) = next_part(&mut stream, &mut rest, row.size - held).await?;
    loop {
        let after = held + part.len() as u64;
        let writing = async {
            if part.is_empty() {
                return Ok(held);
            }
            edge.app.append_part(&caller, &row, held, std::mem::take(&mut part), clock::now()).await
        };
        if !more {
            held = writing.await?;
            break;
        }
        // The next part comes in while this one goes to the disk: two parts in memory at most.
        let (written, next) = tokio::join!(writing, next_part(&mut stream, &mut rest, row.size - after));
        held = written?;
        (part, more) = next?;
    }
    let position = [("upload-offset", held.to_string())];
    if held < row.size {
        return Ok((StatusCode::NO_CONTENT, position).into_response());
    }
    let file = edge.app.finish_upload(&caller, &row, clock::now()).await?;
    let body = json!({"id": file.file.to_string(), "room": row.room.to_string(), "name": file.name, "size": file.size,
        "media_type": file.media_type, "sha256": shapes::hex(&file.sha256), "author": caller.address(), "author_name": caller.name(), "at_us": clock::now()});
    Ok((StatusCode::CREATED, position, Json(body)).into_response())
}

/// The next part of at most 4 MiB, and whether more may follow; `rest` is what came beyond it. A connection
/// that breaks gives what came.
async fn next_part(stream: &mut Incoming<'_>, rest: &mut Bytes, left: u64) -> Result<(Bytes, bool), Problem> {
    let mut part = BytesMut::with_capacity(PART.min(usize::try_from(left).unwrap_or(PART)));
    loop {
        if (part.len() + rest.len()) as u64 > left {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "more bytes came than this upload announced",
            ));
        }
        part.extend_from_slice(&rest.split_to(rest.len().min(PART - part.len())));
        if part.len() == PART {
            return Ok((part.freeze(), true));
        }
        match stream.next().await? {
            Some(Ok(chunk)) => *rest = chunk,
            Some(Err(_)) | None => return Ok((part.freeze(), false)),
        }
    }
}

/// How often a transfer that goes on is looked at: twice within the two seconds that ID11 allows.
const LOOK: Duration = Duration::from_secs(1);

/// Bytes on their way in, for as long as their sender may add files here.
struct Incoming<'a> {
    edge: &'a Edge,
    caller: &'a Caller,
    room: RoomId,
    stream: BodyDataStream,
    look: Interval,
}

impl<'a> Incoming<'a> {
    fn new(edge: &'a Edge, caller: &'a Caller, room: RoomId, body: Stream) -> Self {
        let mut look = interval_at(Instant::now() + LOOK, LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { edge, caller, room, stream: body.into_data_stream(), look }
    }

    /// What comes next, however slowly; an account that is shut meanwhile sends no more.
    async fn next(&mut self) -> Result<Option<Result<Bytes, axum::Error>>, Problem> {
        loop {
            tokio::select! {
                biased;
                _ = self.look.tick() => {
                    if !self.edge.app.still_may::<AddFile>(self.caller, self.room, clock::now()).await? {
                        return Err(Problem::signed_out());
                    }
                }
                chunk = self.stream.next() => return Ok(chunk),
            }
        }
    }
}

/// A file on its way out, for as long as its reader may read it. What ends early ends with an error, so that nobody
/// takes the half for the whole.
fn while_permitted<E>(
    edge: Edge,
    caller: Caller,
    room: RoomId,
    file: impl futures_util::Stream<Item = Result<Bytes, E>> + Unpin + Send + 'static,
) -> impl futures_util::Stream<Item = Result<Bytes, axum::BoxError>> + Send + 'static
where
    E: Into<axum::BoxError> + Send + 'static,
{
    let begun = (edge, caller, file, Instant::now());
    futures_util::stream::try_unfold(begun, move |(edge, caller, mut file, mut looked)| async move {
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            if !edge.app.still_may::<ReadFile>(&caller, room, clock::now()).await? {
                return Err("whoever reads this may not any more".into());
            }
        }
        match file.next().await {
            Some(Ok(chunk)) => Ok(Some((chunk, (edge, caller, file, looked)))),
            Some(Err(error)) => Err(error.into()),
            None => Ok(None),
        }
    })
}

pub async fn abandon(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.abandon_upload(&caller, upload_id(&id)?, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn list(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(room): Path<String>,
) -> Result<Json<Value>, Problem> {
    let files = edge.app.files(&caller, room_id(&room)?, clock::now()).await?;
    Ok(Json(files.iter().map(shapes::file).collect()))
}

pub async fn read(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id: FileId = id.parse().map_err(|_| Problem::not_found("file"))?;
    let now = clock::now();
    let file = edge.app.file(&caller, id, now).await?;
    let size = file.row.file.size;
    let etag = format!("\"{}\"", shapes::hex(&file.row.file.sha256));
    let range = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    // RFC 9110 §13.1.5: a range of another version is answered with the whole file.
    let same = headers.get(header::IF_RANGE).is_none_or(|v| v.as_bytes() == etag.as_bytes());
    let range = match range.filter(|_| same).map(|r| byte_range(r, size)) {
        Some(Err(())) => {
            let all = HeaderValue::from_str(&format!("bytes */{size}")).expect("digits");
            return Err(Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range",
                format!("this file has {size} bytes"),
            )
            .header(header::CONTENT_RANGE, all));
        }
        Some(Ok(range)) => range,
        None => None,
    };
    let body = if size == 0 {
        Stream::empty()
    } else {
        let bytes = edge.app.read(&file, range, now).await?;
        let room = file.row.room;
        Stream::from_stream(while_permitted(edge, caller, room, bytes))
    };
    let mut response = Response::new(body);
    let (first, last) = range.unwrap_or((0, size.saturating_sub(1)));
    let length = if size == 0 { 0 } else { last - first + 1 };
    let head = response.headers_mut();
    let text = |text: String| HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"));
    head.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    head.insert(header::ETAG, text(etag));
    // Never shown by the browser as a page of ours, whatever the sender called it.
    head.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    head.insert(header::CONTENT_DISPOSITION, text(disposition(&file.row.file.name)));
    head.insert("repr-digest", text(format!("sha-256=:{}:", STANDARD.encode(file.row.file.sha256))));
    if range.is_some() {
        head.insert(header::CONTENT_RANGE, text(format!("bytes {first}-{last}/{size}")));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// RFC 6266 §4.3 and RFC 8187: an ASCII name for old programs, the true one for the others.
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " .-_()".contains(c) { c } else { '_' })
        .collect();
    let mut full = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            full.push(char::from(byte));
        } else {
            full.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}")
}

/// RFC 9110 §14.1.2: one range of bytes; `Ok(None)` for everything else, which is answered whole.
fn byte_range(header: &str, size: u64) -> Result<Option<(u64, u64)>, ()> {
    let Some(spec) = header.strip_prefix("bytes=").filter(|s| !s.contains(',')) else { return Ok(None) };
    let Some((first, last)) = spec.trim().split_once('-') else { return Ok(None) };
    let number =
        |text: &str| if text.bytes().all(|b| b.is_ascii_digit()) { text.parse::<u64>().ok() } else { None };
    let (first, last) = match (first.trim(), last.trim()) {
        ("", "") => return Ok(None),
        ("", count) => match number(count) {
            Some(0) => return Err(()),
            Some(count) => (size.saturating_sub(count), size.saturating_sub(1)),
            None => return Ok(None),
        },
        (first, "") => match number(first) {
            Some(first) => (first, size.saturating_sub(1)),
            None => return Ok(None),
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
            _ => return Ok(None),
        },
    };
    if first >= size { Err(()) } else { Ok(Some((first, last))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (header, want) in [
            ("bytes=0-0", Ok(Some((0, 0)))),
            ("bytes=5-", Ok(Some((5, 9)))),
            ("bytes=-3", Ok(Some((7, 9)))),
            ("bytes=-30", Ok(Some((0, 9)))),
            ("bytes=8-99", Ok(Some((8, 9)))),
            ("bytes=10-", Err(())),
            ("bytes=-0", Err(())),
            ("bytes=1-2,4-5", Ok(None)),
            ("bytes=5-1", Ok(None)),
            ("bytes=x-y", Ok(None)),
            ("pages=1-2", Ok(None)),
            ("bytes=+1-2", Ok(None)),
        ] {
            assert_eq!(byte_range(header, 10), want, "{header}");
        }
    }

    #[test]
    fn a_name_cannot_write_headers() {
        let line = disposition("bud\"get\r\nX: y é.ods");
        assert!(!line.contains(['\r', '\n']) && line.contains("%C3%A9"), "{line}");
        assert!(HeaderValue::from_str(&line).is_ok());
    }
}
