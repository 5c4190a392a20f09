//! Errors as RFC 9457 `application/problem+json`.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use beffroi_app::Error;
use beffroi_store::StoreError;
use serde_json::{Value, json};

const PROBLEM: &str = "application/problem+json";
/// Bytes of what the framework says about a refusal: a sentence, which may quote what came.
const MOST_DETAIL: usize = 128 * 1024;

/// What went wrong, for a program (`title`) and for a person (`detail`).
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    more: Vec<(&'static str, Value)>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

impl Problem {
    pub fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), more: vec![], headers: vec![] }
    }
    pub fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "signed-out", "sign in first")
    }
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what} here"))
    }
    pub fn with(mut self, key: &'static str, value: Value) -> Self {
        self.more.push((key, value));
        self
    }
    pub fn header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            // Another tenant's room is told from a missing one by nobody.
            Error::Denied(beffroi_policy::Denied::Tenant) => Self::not_found("room"),
            // RFC 4918 §11.3: the session is there, and nothing of it opens before its person shows up.
            Error::Denied(denied @ beffroi_policy::Denied::Locked) => {
                let refused = Self::new(StatusCode::LOCKED, "locked", detail);
                refused.with("rule", denied.rule().into()).with("needs", "unlock".into())
            }
            Error::Denied(denied) => {
                let refused = Self::new(StatusCode::FORBIDDEN, "denied", detail);
                let refused = refused.with("rule", denied.rule().into());
                match denied.needs() {
                    Some(needs) => refused.with("needs", needs.word().into()),
                    None => refused,
                }
            }
            Error::NotFound(what) => Self::not_found(what),
            Error::Invalid(_) => Self::invalid(detail),
            Error::Conflict(_) => Self::new(StatusCode::CONFLICT, "conflict", detail),
            Error::Unconfirmed { events, files } => Self::new(StatusCode::CONFLICT, "unconfirmed", detail)
                .with("forgets", json!({"events": events, "files": files})),
            Error::Wait(seconds) => Self::new(StatusCode::TOO_MANY_REQUESTS, "wait", detail)
                .with("wait_s", seconds.into())
                .header(header::RETRY_AFTER, HeaderValue::from(seconds)),
            Error::WrongCredentials => Self::new(StatusCode::UNAUTHORIZED, "wrong-credentials", detail),
            Error::WrongPasskey(_) => Self::new(StatusCode::UNAUTHORIZED, "wrong-passkey", detail),
            Error::ForeignPasskey(_) => Self::new(StatusCode::UNAUTHORIZED, "wrong-passkey", detail)
                .with("rule", "passkey-maker".into()),
            Error::WrongPin { left, wait } => Self::new(StatusCode::UNAUTHORIZED, "wrong-pin", detail)
                .with("left", left.into())
                .with("wait_s", wait.into()),
            // The browser forgets everything of this origin, not the cookie alone (Clear Site Data §3.1).
            Error::Wiped => Self::new(StatusCode::UNAUTHORIZED, "wiped", detail)
                .header(header::SET_COOKIE, HeaderValue::from_static(super::session::NO_COOKIE))
                .header(
                    header::HeaderName::from_static("clear-site-data"),
                    HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""),
                ),
            Error::WrongCode => Self::new(StatusCode::UNAUTHORIZED, "wrong-code", detail),
            Error::WeakPassword(weak) => {
                let told = |(code, text, least)| match least {
                    Some(least) => json!({"code": code, "text": text, "least": least}),
                    None => json!({"code": code, "text": text}),
                };
                let rules: Vec<_> = weak.into_iter().map(told).collect();
                Self::invalid(detail).with("weaknesses", rules.into())
            }
            Error::WeakPin(weak) => Self::invalid(detail.clone())
                .with("weaknesses", json!([{"code": weak.code(), "text": detail}])),
            Error::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
                .header(header::RETRY_AFTER, HeaderValue::from(3)),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match error {
            StoreError::Gone { .. } => Self::new(StatusCode::NOT_FOUND, "not-found", detail),
            StoreError::Taken { .. } => Self::new(StatusCode::CONFLICT, "conflict", detail),
            StoreError::Offset { held, .. } => Self::new(StatusCode::CONFLICT, "conflict", detail)
                .header(header::HeaderName::from_static("upload-offset"), HeaderValue::from(held)),
            StoreError::Refused(_) => Self::invalid(detail),
            StoreError::DiskFull => Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", detail),
            StoreError::Closing => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail),
            StoreError::Database(_)
            | StoreError::Content { .. }
            | StoreError::Damaged { .. }
            | StoreError::Key { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "internal", detail)
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({"status": self.status.as_u16(), "title": self.title, "detail": self.detail});
        for (key, value) in self.more {
            body[key] = value;
        }
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

/// A refusal that the framework words itself (a path that does not read, a query of another shape, a
/// method that is not there) becomes a problem like every other.
pub(super) async fn always(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let said = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    if said || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let detail = axum::body::to_bytes(body, MOST_DETAIL).await.unwrap_or_default();
    let mut detail = String::from_utf8_lossy(&detail).into_owned();
    let title = match status {
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::METHOD_NOT_ALLOWED => {
            let allowed = parts.headers.get(header::ALLOW).and_then(|v| v.to_str().ok()).unwrap_or_default();
            detail = format!("this path answers {allowed}");
            "method"
        }
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        status if status.is_server_error() => "internal",
        _ => "invalid",
    };
    let mut problem = Problem::new(status, title, detail);
    if let Some(allowed) = parts.headers.get(header::ALLOW) {
        problem = problem.header(header::ALLOW, allowed.clone());
    }
    problem.into_response()
}

pub(super) async fn no_such_route() -> Problem {
    Problem::not_found("page")
}
