//! The gate for clients: those that are too old are told so, and what to do.

use super::Problem;
use super::edge::Edge;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use beffroi_policy::{ClientVersion, decide_client};

/// Where a client says what it is: `web/1.4.2`.
pub const HEADER: &str = "x-beffroi-client";

/// What a client says that its version is.
pub fn version(headers: &HeaderMap) -> Option<&str> {
    headers.get(HEADER).and_then(|said| said.to_str().ok())
}

/// Refuses a client that is older than the setting `clients.least_version`.
///
/// # Errors
/// `426` with the rule `client-version`.
pub fn client(edge: &Edge, said: Option<&str>) -> Result<(), Problem> {
    let least = edge.place.settings.clients.least();
    // What names no version that can be read is older than any.
    let has = said.map(|said| {
        said.rsplit_once('/').and_then(|(_, number)| number.parse().ok()).unwrap_or(ClientVersion::NONE)
    });
    decide_client(has, least).map_err(|denied| {
        Problem::new(StatusCode::UPGRADE_REQUIRED, "denied", denied.to_string())
            .with("rule", denied.rule().into())
    })
}

/// The gate before every route of the API.
pub async fn before(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    match client(&edge, version(request.headers())) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}
