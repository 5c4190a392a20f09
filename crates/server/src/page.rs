//! The web client, from inside the program.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};

struct Asset {
    path: &'static str,
    media_type: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
    /// Its name holds a hash of its content.
    forever: bool,
}

const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/web_client.rs"));

/// Everything that a page of ours may do: it calls nobody else, and nobody frames it.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
     font-src 'self'; connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types svelte-trusted-html beffroi-xml";

/// Answers any path that is neither API nor protocol: a file of the client, or its only page.
pub async fn serve(uri: Uri, headers: HeaderMap) -> Response<Body> {
    let path = uri.path().trim_start_matches('/');
    let exact = ASSETS.iter().find(|a| a.path == path && a.path != "index.html");
    // A missing asset is missing; everything else is a place inside the client.
    let asset = match exact {
        None if path.starts_with("assets/") => None,
        None => ASSETS.iter().find(|a| a.path == "index.html"),
        found => found,
    };
    let Some(asset) = asset else {
        let text = if ASSETS.is_empty() {
            "This program was built without its web client. Run `make build`, which builds the client first.\n"
        } else {
            "There is nothing here.\n"
        };
        return answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", text.as_bytes(), None, false);
    };
    let accepts = |coding: &str| {
        headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains(coding))
    };
    match (asset.brotli.filter(|_| accepts("br")), asset.gzip.filter(|_| accepts("gzip"))) {
        (Some(packed), _) => answer(StatusCode::OK, asset.media_type, packed, Some("br"), asset.forever),
        (None, Some(packed)) => answer(StatusCode::OK, asset.media_type, packed, Some("gzip"), asset.forever),
        (None, None) => answer(StatusCode::OK, asset.media_type, asset.plain, None, asset.forever),
    }
}

fn answer(
    status: StatusCode,
    media_type: &'static str,
    body: &'static [u8],
    coding: Option<&'static str>,
    forever: bool,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let cache = if forever { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

/// Headers that every answer of this server carries.
pub fn guard(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    for (name, value) in [
        (
            "permissions-policy",
            "camera=(self), microphone=(self), display-capture=(self), publickey-credentials-create=(self), \
             publickey-credentials-get=(self), geolocation=(), payment=(), usb=()",
        ),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
