//! The audit log as files (C2SP tlog-tiles): the same bytes that `beffroi audit export` writes.

use super::Problem;
use super::edge::{Edge, Reading};
use crate::clock;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use beffroi_store::{Tile, TileKind};

type Headers<const N: usize> = [(HeaderName, &'static str); N];

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// A tile is named by its width: whatever happens, it never becomes another. A year is what caches take.
const YEAR: &str = "private, max-age=31536000, immutable";
/// Those of another tenant have the same address under another session.
const TILE: Headers<3> =
    [(header::CONTENT_TYPE, BYTES), (header::CACHE_CONTROL, YEAR), (header::VARY, "cookie")];
const PUBLISHED: Headers<2> =
    [(header::CONTENT_TYPE, BYTES), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];

/// The checkpoint moves with every entry: it is never cached.
const CHECKPOINT: Headers<2> = [(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, "no-store")];

fn read(path: &str) -> Result<Tile, Problem> {
    Tile::read(path).ok_or_else(|| Problem::not_found("tile"))
}

pub async fn checkpoint(
    State(edge): State<Edge>,
    Reading(caller): Reading,
) -> Result<impl IntoResponse, Problem> {
    Ok((CHECKPOINT, edge.app.audit_checkpoint(&caller, clock::now()).await?))
}

pub async fn tile(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(path): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    // Asked before the address is looked at: whoever may not read the log learns nothing of it.
    Ok((TILE, edge.app.audit_tile(&caller, read(&path).ok().as_ref(), clock::now()).await?))
}

pub async fn published_checkpoint(
    State(edge): State<Edge>,
    Path(domain): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    Ok((CHECKPOINT, edge.app.published_checkpoint(&domain).await?))
}

/// Hashes only: what a body that witnesses this log needs to see that it grew.
pub async fn published_tile(
    State(edge): State<Edge>,
    Path((domain, path)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let tile = read(&path)?;
    if tile.kind == TileKind::Entries {
        return Err(Problem::not_found("tile"));
    }
    Ok((PUBLISHED, edge.app.published_tile(&domain, &tile).await?))
}
