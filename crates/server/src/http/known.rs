//! XEP-0156: where the WebSocket is.

use super::{Edge, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Only what is hosted here is repeated: an answer that said back whatever it was asked would, from a cache between,
/// lead the applications of a body to somebody else.
async fn websocket(edge: &Edge, headers: &HeaderMap) -> Result<String, Problem> {
    // Behind a proxy that speaks TLS only the setting knows what the outside sees.
    if let Some(rest) = edge.place.settings.listen.public_url.strip_prefix("http") {
        return Ok(format!("ws{rest}/xmpp-websocket"));
    }
    let asked = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let (name, port) = asked.rsplit_once(':').unwrap_or((asked, ""));
    let hosted =
        port.bytes().all(|c| c.is_ascii_digit()) && edge.app.store().tenant_by_domain(name).await?.is_some();
    let host = if hosted { asked } else { &edge.place.settings.listen.http };
    let scheme = if edge.place.settings.tls.certificate.is_empty() { "ws" } else { "wss" };
    Ok(format!("{scheme}://{host}/xmpp-websocket"))
}

const NOT_KEPT: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

pub async fn host_meta(State(edge): State<Edge>, headers: HeaderMap) -> Result<Response, Problem> {
    let body = format!(
        "<?xml version='1.0' encoding='utf-8'?>\n<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\n  \
         <Link rel='urn:xmpp:alt-connections:websocket' href='{}'/>\n</XRD>\n",
        websocket(&edge, &headers).await?
    );
    let xrd = (header::CONTENT_TYPE, "application/xrd+xml");
    Ok(([xrd, (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), NOT_KEPT], body).into_response())
}

pub async fn host_meta_json(
    State(edge): State<Edge>,
    headers: HeaderMap,
) -> Result<([(header::HeaderName, &'static str); 2], Json<Value>), Problem> {
    let href = websocket(&edge, &headers).await?;
    let links = json!({"links": [{"rel": "urn:xmpp:alt-connections:websocket", "href": href}]});
    Ok(([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), NOT_KEPT], Json(links)))
}
