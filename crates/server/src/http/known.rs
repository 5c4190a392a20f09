//! XEP-0156: where the WebSocket is.

use super::Edge;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

fn websocket(edge: &Edge, headers: &HeaderMap) -> String {
    // Behind a proxy that speaks TLS only the setting knows what the outside sees.
    if let Some(rest) = edge.place.settings.listen.public_url.strip_prefix("http") {
        return format!("ws{rest}/xmpp-websocket");
    }
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("localhost");
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(*c)).collect();
    let scheme = if edge.place.settings.tls.certificate.is_empty() { "ws" } else { "wss" };
    format!("{scheme}://{host}/xmpp-websocket")
}

pub async fn host_meta(State(edge): State<Edge>, headers: HeaderMap) -> Response {
    let body = format!(
        "<?xml version='1.0' encoding='utf-8'?>\n<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\n  \
         <Link rel='urn:xmpp:alt-connections:websocket' href='{}'/>\n</XRD>\n",
        websocket(&edge, &headers)
    );
    ([(header::CONTENT_TYPE, "application/xrd+xml"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], body)
        .into_response()
}

pub async fn host_meta_json(
    State(edge): State<Edge>,
    headers: HeaderMap,
) -> ([(header::HeaderName, &'static str); 1], Json<Value>) {
    let links =
        json!({"links": [{"rel": "urn:xmpp:alt-connections:websocket", "href": websocket(&edge, &headers)}]});
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(links))
}
