//! For whoever watches over the server.

use super::Edge;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The process answers.
pub async fn live() -> &'static str {
    "alive\n"
}

/// The process can serve: the database answers and nobody asked it to stop.
pub async fn ready(State(edge): State<Edge>) -> Response {
    if edge.hub.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match edge.app.store().ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

pub async fn metrics(State(edge): State<Edge>) -> Response {
    let text = edge.metrics.text(&edge.hub);
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
        .into_response()
}
