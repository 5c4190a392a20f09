//! XMPP over WebSocket, RFC 7395: one task per connection.

use super::registry::{Client, OUTBOX};
use super::{Hub, stanzas};
use crate::clock;
use crate::http::{Edge, Peer, Problem};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use beffroi_app::{ApplicationTry, Caller, Error, Origin};
use beffroi_policy::Asked;
use beffroi_xmpp::{AuthFailure, Condition, StanzaError, Step, Stream, StreamError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, interval};

/// Bytes of a frame; docs/protocol.md.
const MOST_FRAME: usize = 256 * 1024;
/// How often a silent client is asked whether it is still there.
const ASK: Duration = Duration::from_secs(30);
/// How long it may stay silent: three questions.
const PATIENCE: Duration = Duration::from_secs(95);
/// How long the network may refuse a frame before its reader counts as gone.
const STUCK: Duration = Duration::from_secs(10);
/// How long the other side may take to answer our closing.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long a connection may take to sign in and bind.
const HURRY: Duration = Duration::from_secs(20);

/// What a client says in the address; a page can send no header with an upgrade request.
#[derive(serde::Deserialize)]
pub struct Said {
    /// What it is: `web/1.4.2`.
    client: Option<String>,
}

/// Answers the upgrade request: only the page's own origin, only the sub-protocol `xmpp`.
pub async fn upgrade(
    State(edge): State<Edge>,
    peer: Peer,
    headers: HeaderMap,
    Query(said): Query<Said>,
    ws: WebSocketUpgrade,
) -> Result<Response, Problem> {
    crate::http::same_origin(&headers)?;
    crate::http::client(&edge, said.client.as_deref())?;
    if edge.hub.is_draining() {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "the server is stopping; come back in a moment",
        ));
    }
    let ws = ws.protocols(["xmpp"]);
    if ws.selected_protocol().is_none() {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid",
            "the WebSocket sub-protocol `xmpp` is spoken here (RFC 7395 §3.1)",
        ));
    }
    let token = crate::http::token(&headers).map(str::to_owned);
    let caller = match &token {
        // One that is locked, or whose person has yet to accept the charter, opens no stream; HTTP says why.
        Some(token) => {
            let caller = edge.app.caller(token, &peer.origin(), clock::now()).await?;
            caller.filter(|caller| edge.app.admit(caller, Asked::Anything).is_ok())
        }
        None => None,
    };
    let Some(place) = edge.hub.place(caller.is_some()) else {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "every connection of this server is taken; try again in a minute",
        ));
    };
    let ids = [random_text(), random_text()];
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let stream = match (&caller, &token) {
        (Some(caller), _) => Stream::new(caller.tenant.domain.as_str(), ids),
        // A page whose session is over is told so.
        (None, Some(_)) => Stream::new(host, ids),
        // An application: it names the domain, which need not be the name of this machine.
        (None, None) => {
            let tenants = edge.app.store().tenants().await?;
            Stream::of_application(host, tenants.iter().map(|t| t.domain.to_string()).collect(), ids)
        }
    };
    // Small buffers: a thousand idle connections must cost a few megabytes. Twice the limit is still read,
    // so that whoever is over it hears why; beyond that the connection is simply over.
    let ws = ws
        .max_message_size(2 * MOST_FRAME)
        .max_frame_size(2 * MOST_FRAME)
        .read_buffer_size(4096)
        .write_buffer_size(4096)
        .max_write_buffer_size(4 << 20);
    Ok(ws.on_upgrade(move |socket| async move {
        let connection = Connection {
            stream,
            socket,
            hub: edge.hub,
            origin: peer.origin(),
            caller,
            tried: None,
            place,
            client: None,
        };
        connection.run().await;
    }))
}

/// 18 random bytes as text.
fn random_text() -> String {
    let mut bytes = [0; 18];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random source works");
    URL_SAFE_NO_PAD.encode(bytes)
}

struct Connection {
    stream: Stream,
    socket: WebSocket,
    hub: Hub,
    origin: Origin,
    caller: Option<Caller>,
    /// An application's try that waits for its proof.
    tried: Option<ApplicationTry>,
    /// Among the strangers until somebody is known, then among those with a session.
    place: OwnedSemaphorePermit,
    client: Option<Arc<Client>>,
}

impl Connection {
    async fn run(mut self) {
        let (outbox, mut frames) = mpsc::channel(OUTBOX);
        let (end, mut ended) = mpsc::channel(1);
        let mut asking = interval(ASK);
        let began = Instant::now();
        let mut heard = Instant::now();
        loop {
            let go_on = tokio::select! {
                biased;
                Some((error, text)) = ended.recv() => {
                    // What was queued before the end still belongs to the reader, a removal's notice above all.
                    while let Ok(frame) = frames.try_recv() {
                        if !self.put(Message::Text(String::into(frame))).await {
                            break;
                        }
                    }
                    let steps = self.stream.fail(error, text);
                    self.perform(steps, &outbox, &end).await;
                    false
                }
                // What waits goes out before more comes in: whoever sends fast is slowed down by their own
                // answers, and only who does not read overflows.
                Some(frame) = frames.recv() => self.put(Message::Text(String::into(frame))).await,
                message = self.socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(frame))) => {
                            let steps = self.stream.handle_frame(frame.as_str());
                            self.perform(steps, &outbox, &end).await
                        }
                        Some(Ok(Message::Binary(_))) => {
                            let steps = self.stream.fail(StreamError::BadFormat, "XMPP travels in text frames (RFC 7395 §3.2)");
                            self.perform(steps, &outbox, &end).await;
                            false
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => true,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                    }
                }
                _ = asking.tick() => {
                    if heard.elapsed() > PATIENCE || (self.client.is_none() && began.elapsed() > HURRY) {
                        let steps = self.stream.fail(StreamError::ConnectionTimeout, "");
                        self.perform(steps, &outbox, &end).await;
                        false
                    } else {
                        self.put(Message::Ping(bytes::Bytes::new())).await
                    }
                }
            };
            if !go_on {
                break;
            }
        }
        if let Some(client) = self.client.take() {
            self.hub.stream_closed(&client).await;
        }
        if let Some(caller) = self.caller.take_if(|caller| caller.application.is_some())
            && let Err(error) = self.hub.app().end_application_session(caller.session, clock::now()).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "a session could not be ended");
        }
        // A socket closed over unread bytes is reset, and what we said last is thrown away with it unread:
        // what still comes is read and dropped until the other side has closed too (RFC 6455 §7.1.1).
        let theirs = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        let _ = tokio::time::timeout(GOODBYE, theirs).await;
    }

    /// Gives a message to the network; `false` when the reader is gone.
    async fn put(&mut self, message: Message) -> bool {
        matches!(tokio::time::timeout(STUCK, self.socket.send(message)).await, Ok(Ok(())))
    }

    /// Does what the stream says; `false` closes the socket.
    async fn perform(
        &mut self,
        steps: Vec<Step>,
        outbox: &mpsc::Sender<String>,
        end: &mpsc::Sender<(StreamError, &'static str)>,
    ) -> bool {
        let mut todo = std::collections::VecDeque::from(steps);
        while let Some(step) = todo.pop_front() {
            match step {
                Step::Send(frame) => {
                    if !self.put(Message::Text(frame.into())).await {
                        return false;
                    }
                }
                Step::Authenticate { authzid } => {
                    let steps = match &self.caller {
                        Some(caller) if authzid.as_ref().is_none_or(|id| *id == super::bare(caller)) => {
                            let bare = super::bare(caller);
                            self.stream.authenticated(Ok(&bare))
                        }
                        Some(_) => self.stream.authenticated(Err(AuthFailure::InvalidAuthzid)),
                        None => self.stream.authenticated(Err(AuthFailure::NotAuthorized)),
                    };
                    todo.extend(steps);
                }
                Step::Scram { first: true, message } => todo.extend(self.challenge(&message).await),
                Step::Scram { first: false, message } => todo.extend(self.prove(&message).await),
                Step::Bind { resource } => todo.extend(self.bind(resource, outbox, end)),
                Step::Stanza(stanza) => {
                    if let Some(client) = self.client.clone() {
                        let answered = stanzas::handle(&self.hub, &client, *stanza);
                        beffroi_store::within(client.caller.tenant.id, answered).await;
                    }
                }
                Step::Close => {
                    self.put(Message::Close(None)).await;
                    return false;
                }
            }
        }
        true
    }

    /// Answers the first message of an application that signs in.
    async fn challenge(&mut self, message: &[u8]) -> Vec<Step> {
        self.tried = None;
        let domain = self.stream.domain().to_owned();
        match self.hub.app().begin_scram(&domain, message, &random_text()).await {
            Ok((tried, _)) if tried.wants_to_be_another() => {
                self.stream.authenticated(Err(AuthFailure::InvalidAuthzid))
            }
            Ok((tried, challenge)) => {
                self.tried = Some(tried);
                self.stream.challenge(challenge.as_bytes())
            }
            Err(error) => self.stream.authenticated(Err(failure(&error))),
        }
    }

    /// Answers the proof of an application: it has a session from now on, and a place among those who do.
    async fn prove(&mut self, message: &[u8]) -> Vec<Step> {
        let Some(tried) = self.tried.take() else {
            return self.stream.authenticated(Err(AuthFailure::MalformedRequest));
        };
        let Some(place) = self.hub.place(true) else {
            return self.stream.authenticated(Err(AuthFailure::TemporaryAuthFailure));
        };
        match self.hub.app().finish_scram(tried, message, &self.origin, clock::now()).await {
            Ok((caller, last)) => {
                let bare = super::bare(&caller);
                self.caller = Some(caller);
                self.place = place;
                self.stream.proved(&bare, last.as_bytes())
            }
            Err(error) => self.stream.authenticated(Err(failure(&error))),
        }
    }

    fn bind(
        &mut self,
        asked: Option<String>,
        outbox: &mpsc::Sender<String>,
        end: &mpsc::Sender<(StreamError, &'static str)>,
    ) -> Vec<Step> {
        /// Streams of one person.
        const MOST_OWN: usize = 20;
        let Some(caller) = self.caller.clone() else {
            return self.stream.fail(StreamError::NotAuthorized, "sign in first");
        };
        let bare = super::bare(&caller);
        let mut registry = self.hub.registry();
        let own = registry.clients.values().filter(|c| c.bare == bare).count();
        if own >= MOST_OWN {
            drop(registry);
            let full = StanzaError::new(
                Condition::ResourceConstraint,
                "twenty of your windows are connected already; close one",
            );
            return self.stream.bind_refused(&full);
        }
        let resource = asked.unwrap_or_else(random_text);
        let full = format!("{bare}/{resource}");
        // RFC 6120 §7.7.2.2: the newer connection wins; a page that was loaded again must come in.
        if let Some(older) = registry.clients.values().find(|c| c.full == full) {
            older.end(StreamError::Conflict, "this window connected again");
        }
        let client = Arc::new(Client::new(self.hub.next_key(), full, caller, outbox.clone(), end.clone()));
        registry.add(client.clone());
        drop(registry);
        self.hub.take_seats_back(&client);
        self.client = Some(client);
        self.stream.bound(&resource)
    }
}

/// How SASL says why an application is not signed in.
fn failure(error: &Error) -> AuthFailure {
    match error {
        Error::WrongCredentials => AuthFailure::NotAuthorized,
        Error::Invalid(_) => AuthFailure::MalformedRequest,
        // Later, once the charter is accepted on the page, the same may work.
        Error::Wait(_) | Error::Busy | Error::Denied(_) => AuthFailure::TemporaryAuthFailure,
        error => {
            tracing::error!(error = error as &dyn std::error::Error, "an application could not sign in");
            AuthFailure::TemporaryAuthFailure
        }
    }
}
