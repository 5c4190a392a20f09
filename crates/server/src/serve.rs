//! `beffroi serve`: opens everything, serves, and goes down in good order.

use crate::command::Failure;
use crate::http::{self, Connection, Edge};
use crate::hub::Hub;
use crate::media::Media;
use crate::metrics::Metrics;
use crate::postman::{Carrier, Postman};
use crate::settings::Place;
use crate::watchman::Watchman;
use axum::body::Body;
use axum::http::Request;
use beffroi_app::{App, Rules};
use beffroi_identity::session::SessionLimits;
use beffroi_store::Store;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tower_service::Service as _;

/// How long streams and requests may take to finish once told.
const PATIENCE: Duration = Duration::from_secs(8);

impl Place {
    /// The rules of this installation, for the use cases.
    pub fn rules(&self) -> Rules {
        let s = &self.settings.sessions;
        let sessions = SessionLimits::new(
            s.idle_minutes.min(s.absolute_hours * 60).into(),
            (s.absolute_hours * 60).into(),
        )
        .expect("the settings' bounds are inside the limits'");
        let published_logs =
            self.settings.audit.published.iter().map(|domain| domain.to_lowercase()).collect();
        Rules {
            sessions,
            file_bytes: self.settings.limits.file_bytes,
            published_logs,
            shared_host: self.shared_host().unwrap_or_default(),
            mail: !self.settings.mail.smtp.is_empty(),
        }
    }
}

/// Nothing travels in clear between machines (CL2): without a certificate only loopback is listened on.
pub fn clear_beyond_loopback(place: &Place) -> Option<Failure> {
    let http = place.http();
    if http.ip().is_loopback() || !place.settings.tls.certificate.is_empty() {
        return None;
    }
    Some(
        format!(
            "{http} is reached by other machines and no certificate is set, so everything would travel in clear; \
             set `certificate` and `key` in [tls] of beffroi.toml, or listen on 127.0.0.1"
        )
        .into(),
    )
}

/// Runs until SIGTERM or Ctrl+C.
pub async fn run(place: Place) -> Result<ExitCode, Failure> {
    place
        .make_data_folder()
        .map_err(|cause| format!("the data folder {} cannot be made: {cause}", place.data.display()))?;
    let store = Store::open(place.store()).await?;
    serve(place, store, |address| println!("Beffroi listens on {address}.")).await
}

/// Serves an open store; `ready` is told the address once connections are taken.
pub async fn serve(
    mut place: Place,
    store: Store,
    ready: impl FnOnce(SocketAddr),
) -> Result<ExitCode, Failure> {
    start_log();
    if let Some(refusal) = clear_beyond_loopback(&place) {
        return Err(refusal);
    }
    let tls = acceptor(&place)?;
    let carrier = Carrier::of(&place)?;
    let listener = TcpListener::bind(place.http()).await.map_err(|cause| {
        format!("TCP {} cannot be listened on ({cause}); `beffroi doctor` says who has it", place.http())
    })?;
    let public = place.settings.listen.media_public.clone();
    let (media, media_events) = Media::start(place.media(), public).map_err(|cause| {
        format!("UDP {} cannot be listened on ({cause}); `beffroi doctor` says who has it", place.media())
    })?;
    // With port 0 the system chose one: links and passkeys name it.
    place.settings.listen.http = listener.local_addr()?.to_string();
    let app = App::new(store.clone(), place.rules());
    app.close_meetings_left_open(crate::clock::now()).await?;
    let hub = Hub::start(app.clone(), media.clone(), media_events, place.settings.limits.streams);
    let place = Arc::new(place);
    let postman = carrier.map(|carrier| Postman::start(app.clone(), place.clone(), carrier));
    let door = postman.as_ref().map(Postman::door);
    let watchman = Watchman::start(app.clone(), place.clone(), door.clone());
    let edge = Edge { app, hub: hub.clone(), place, metrics: Arc::new(Metrics::new()), postman: door };
    let router = http::router(edge);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let address = listener.local_addr()?;
    tracing::info!(%address, media = ?media.candidates(), "serving");
    ready(address);
    let connections = Alive::new();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(cause) => {
                    // Out of descriptors, above all: those in use go on, new ones wait a moment.
                    tracing::warn!(%cause, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        };
        let _ = stream.set_nodelay(true);
        let (router, tls, stopping, alive) =
            (router.clone(), tls.clone(), stopping.clone(), connections.clone());
        tokio::spawn(async move {
            let _alive = alive;
            if let Err(cause) = connection(stream, peer, router, tls, stopping).await {
                tracing::debug!(%cause, "a connection ended badly");
            }
        });
    }
    drop(listener);
    tracing::info!("stopping");
    hub.drain().await;
    let _ = stop.send(true);
    let _ = tokio::time::timeout(PATIENCE, connections.nobody_left()).await;
    media.shutdown();
    watchman.stop().await;
    if let Some(postman) = postman {
        postman.stop().await;
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: axum::Router,
    tls: Option<TlsAcceptor>,
    stopping: tokio::sync::watch::Receiver<bool>,
) -> Result<(), Failure> {
    match tls {
        Some(acceptor) => {
            let stream = tokio::time::timeout(Duration::from_secs(10), acceptor.accept(stream)).await??;
            http1(stream, peer, router, stopping).await
        }
        None => http1(stream, peer, router, stopping).await,
    }
}

async fn http1<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: SocketAddr,
    router: axum::Router,
    mut stopping: tokio::sync::watch::Receiver<bool>,
) -> Result<(), Failure> {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Connection(peer));
        router.clone().call(request)
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(20));
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    // The guard of a watch must not live across an await, hence two steps.
    let told = tokio::select! {
        done = connection.as_mut() => return Ok(done?),
        told = stopping.wait_for(|stop| *stop) => told.is_ok(),
    };
    if told {
        connection.as_mut().graceful_shutdown();
    }
    Ok(connection.await?)
}

/// TLS with rustls' own choice, which is the ANSSI guide's: TLS 1.2 and 1.3, ECDHE and AEAD only.
fn acceptor(place: &Place) -> Result<Option<TlsAcceptor>, Failure> {
    let tls = &place.settings.tls;
    if tls.certificate.is_empty() {
        return Ok(None);
    }
    let unreadable = |path: &str, cause: &dyn std::fmt::Display| {
        format!("{path} cannot be read as PEM ({cause}); check [tls] in beffroi.toml")
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<_, _>>)
        .map_err(|cause| unreadable(&tls.certificate, &cause))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|cause| unreadable(&tls.key, &cause))?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

/// Writes the log to standard error; `BEFFROI_LOG` chooses how much (`info` when absent).
fn start_log() {
    // The reader of passkeys writes bytes of an answer that it cannot read: what a person's key says stays out.
    const USUAL: &str = "info,webauthn_rs_core=off,webauthn_attestation_ca=off";
    let filter = tracing_subscriber::EnvFilter::try_from_env("BEFFROI_LOG").unwrap_or_else(|_| USUAL.into());
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}

/// Counts connections by the clones that live.
#[derive(Clone)]
struct Alive {
    _held: tokio::sync::mpsc::Sender<()>,
    end: Arc<tokio::sync::Mutex<tokio::sync::mpsc::Receiver<()>>>,
}

impl Alive {
    fn new() -> Self {
        let (held, end) = tokio::sync::mpsc::channel(1);
        Self { _held: held, end: Arc::new(tokio::sync::Mutex::new(end)) }
    }

    /// Waits until this is the last clone.
    async fn nobody_left(self) {
        let Self { _held, end } = self;
        drop(_held);
        end.lock().await.recv().await;
    }
}
