//! People from a file: sent, looked at, applied.

use super::Problem;
use super::edge::{Body, Changing, Edge, MOST_NUMBER, Reading, within};
use super::shapes::hex;
use crate::clock;
use axum::Json;
use axum::body::Body as Stream;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use beffroi_app::MOST_IMPORT_BYTES;
use beffroi_domain::ImportId;
use beffroi_store::{Fate, ImportRow, PlannedLine};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};

/// Lines of a page when nobody says how many.
const USUAL_LINES: u32 = 50;

fn import_id(text: &str) -> Result<ImportId, Problem> {
    text.parse().map_err(|_| Problem::not_found("import"))
}

fn shown(row: &ImportRow) -> Value {
    let t = &row.totals;
    json!({"id": row.id.to_string(), "digest": hex(&row.digest), "ignored": row.ignored, "begun": row.begun,
        "over": row.begun && row.over(), "mail": row.mail, "create": t.create, "rename": t.rename, "same": t.same,
        "refused": t.refused, "applied": t.applied, "skipped": t.skipped})
}

/// Reads the file as it comes and says what it would do; nothing is done.
pub async fn begin(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    headers: HeaderMap,
    body: Stream,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut incoming = edge.app.begin_import(&caller, clock::now()).await?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv")) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "a file of people is sent as text/csv",
        ));
    }
    let (mut stream, mut bytes) = (body.into_data_stream(), 0);
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Problem::invalid("the file broke off; send it once more"))?;
        bytes += piece.len() as u64;
        if bytes > MOST_IMPORT_BYTES {
            let said = "a file of people has at most 32 MiB; send it in several";
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", said));
        }
        incoming.take(&piece, clock::now()).await?;
    }
    let row = incoming.finish(clock::now()).await?;
    Ok((StatusCode::CREATED, Json(shown(&row))))
}

pub async fn show(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(shown(&edge.app.import(&caller, import_id(&id)?, clock::now()).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    fate: Option<String>,
    after: Option<i64>,
    limit: Option<u32>,
}

pub async fn lines(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    within("limit", asked.limit, 1..=200)?;
    within("after", asked.after, 0..=MOST_NUMBER)?;
    let fate = asked.fate.as_deref().map(|word| {
        let known = Fate::from_word(word);
        known.ok_or_else(|| Problem::invalid("a line is create, rename, same or refused"))
    });
    let (fate, limit) = (fate.transpose()?, asked.limit.unwrap_or(USUAL_LINES));
    let after = asked.after.unwrap_or_default();
    let lines = edge.app.import_lines(&caller, import_id(&id)?, fate, after, limit, clock::now()).await?;
    let next = lines.last().filter(|_| lines.len() == limit as usize).map(|line| line.line);
    let line = |line: &PlannedLine| {
        json!({"line": line.line, "address": line.address, "name": line.name, "former": line.former,
            "role": line.role, "fate": line.fate.word(), "rule": line.rule})
    };
    Ok(Json(json!({"lines": lines.iter().map(line).collect::<Vec<_>>(), "next": next})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    digest: String,
    mail: bool,
}

/// Applies the next lines; to be asked until it is over.
pub async fn apply(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(id): Path<String>,
    Body(apply): Body<Apply>,
) -> Result<Json<Value>, Problem> {
    let id = import_id(&id)?;
    let digest = unhex(&apply.digest)
        .ok_or_else(|| Problem::invalid("a digest is 64 hexadecimal digits, as it was shown"))?;
    let public_url = |domain: &str| edge.place.public_url(domain);
    let row = edge.app.apply_import(&caller, id, &digest, apply.mail, public_url, clock::now()).await?;
    Ok(Json(shown(&row)))
}

/// SHA-256 as it is written.
fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    (0..32).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()).collect()
}
