//! The HTTP API: what XMPP has no word for. docs/protocol.md says what each route is for,
//! docs/openapi.json what goes in and comes out.

mod admin;
mod administration;
mod alerts;
mod applications;
mod bodies;
mod business_roles;
mod charter;
mod description;
mod devices;
mod directory;
mod door;
mod edge;
mod factors;
mod files;
mod gate;
mod guests;
mod health;
mod help;
mod imports;
mod known;
mod lock;
mod log;
mod organisation;
mod passkeys;
mod problem;
mod requests;
mod rooms;
mod session;
mod shapes;

pub use edge::{Connection, Edge, Peer, same_origin, token};
pub use gate::client;
pub use problem::Problem;
pub use shapes::room_address;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{delete, get, patch, post, put};
use description::Routes;

/// Bytes of a JSON body: names and passwords are short.
const MOST_JSON: usize = 64 * 1024;

/// Everything under `/api`. A new route here has its place in docs/openapi.json, or the tests say so.
fn api() -> Routes {
    Routes::default()
        .route("/openapi.json", get(description::show))
        .route("/page", get(session::page))
        .route("/session", get(session::show).post(session::open).delete(session::close))
        .route("/session/extend", post(session::extend))
        .route("/session/lock", post(lock::lock))
        .route("/session/unlock", post(lock::unlock))
        .route("/session/pin", put(lock::set_pin).delete(lock::remove_pin))
        .route("/session/screen", put(lock::screen))
        .route("/charter", get(charter::show))
        .route("/charter/accept", post(charter::accept))
        .route("/session/second", post(session::second))
        .route("/session/second/code", post(session::send_second))
        .route("/session/forgotten", post(session::forgotten))
        .route("/session/prove", get(session::ways).post(session::prove))
        .route("/session/prove/code", post(session::send_proof))
        .route("/session/passkey", post(passkeys::begin_sign_in))
        .route("/session/passkey/answer", post(passkeys::sign_in))
        .route("/session/prove/passkey", post(passkeys::begin_proof))
        .route("/session/prove/passkey/answer", post(passkeys::prove))
        .route("/session/help/end", post(help::end))
        .route("/help", get(help::list))
        .route("/factors/passkey", post(passkeys::begin))
        .route("/factors/passkey/confirm", post(passkeys::confirm))
        .route("/factors", get(factors::list))
        .route("/factors/totp", post(factors::begin_totp))
        .route("/factors/totp/confirm", post(factors::confirm_totp))
        .route("/factors/email", post(factors::begin_email))
        .route("/factors/email/confirm", post(factors::confirm_email))
        .route("/factors/recovery-codes", post(factors::renew_recovery))
        .route("/factors/{id}", patch(factors::rename).delete(factors::remove))
        .route("/sign-ins", get(factors::sign_ins))
        .route("/sessions", get(session::list))
        .route("/sessions/{id}", delete(session::end))
        .route("/password", post(session::change_password))
        .route("/application-passwords", get(applications::list).post(applications::add))
        .route("/application-passwords/{id}", delete(applications::revoke))
        .route("/session/device", post(devices::ask))
        .route("/session/device/answer", post(devices::prove))
        .route("/devices", get(devices::list))
        .route("/devices/code", post(devices::begin))
        .route("/devices/{id}", patch(devices::rename).delete(devices::remove))
        .route("/device-codes/{token}", get(devices::code).post(devices::enrol))
        .route("/admin/devices", get(devices::register))
        .route("/admin/devices/{id}/state", post(devices::decide))
        .route("/admin/devices/{id}/reported", put(devices::report))
        .route("/invitations/{token}", get(door::show).post(door::accept))
        .route("/rooms", get(rooms::list).post(rooms::create))
        .route("/rooms/{id}", get(rooms::show).patch(rooms::change))
        .route("/rooms/{id}/members", post(rooms::add_member))
        .route("/rooms/{id}/members/{address}", delete(rooms::remove_member))
        .route("/rooms/{id}/uploads", post(files::begin))
        .route("/rooms/{id}/files", get(files::list))
        .route("/rooms/{id}/links", get(guests::list).post(guests::open))
        .route("/rooms/{id}/links/{link}", delete(guests::close))
        .route("/direct", post(rooms::direct))
        .route("/labels", get(rooms::labels))
        .route("/people", get(directory::people))
        // A part streams in and is bounded by the handler, segment by segment.
        .route(
            "/uploads/{id}",
            get(files::upload).patch(files::append).delete(files::abandon).layer(DefaultBodyLimit::disable()),
        )
        .route("/files/{id}", get(files::read))
        .route("/guest/{token}", get(guests::show).post(guests::enter))
        .route("/admin/accounts", get(directory::accounts).post(admin::invite))
        .route("/admin/accounts/{address}/disable", post(admin::disable))
        .route("/admin/accounts/{address}/enable", post(admin::enable))
        .route("/admin/accounts/{address}/reset", post(admin::reset))
        .route("/admin/accounts/{address}/lost-keys", post(admin::lost_keys))
        .route("/admin/accounts/{address}/role", post(admin::set_role))
        .route("/admin/accounts/{address}/departure", get(admin::belongings).post(admin::depart))
        .route("/admin/accounts/{address}/clearance", post(organisation::clear))
        // A file of people streams in and is bounded by the use case.
        .route("/admin/imports", post(imports::begin).layer(DefaultBodyLimit::disable()))
        .route("/admin/imports/{id}", get(imports::show))
        .route("/admin/imports/{id}/lines", get(imports::lines))
        .route("/admin/imports/{id}/apply", post(imports::apply))
        .route("/admin/accounts/{address}/help", post(help::begin))
        .route("/admin/accounts/{address}/roles", get(business_roles::of_account))
        .route("/admin/roles", get(business_roles::list).post(business_roles::add))
        .route(
            "/admin/roles/{id}",
            get(business_roles::show).patch(business_roles::change).delete(business_roles::delete),
        )
        .route("/admin/roles/{id}/holders/{address}", put(business_roles::give).delete(business_roles::take))
        .route("/admin/roles/{id}/rooms/{room}", put(business_roles::bring).delete(business_roles::leave))
        .route("/admin/requests", get(requests::list).post(requests::ask))
        .route("/admin/requests/{id}/approve", post(requests::approve))
        .route("/admin/requests/{id}/refuse", post(requests::refuse))
        .route("/admin/organisation", get(organisation::show).patch(organisation::change))
        .route("/admin/lock", put(lock::change))
        .route("/admin/administration", put(administration::change))
        .route("/admin/passkey-makers", get(administration::makers).patch(administration::change_makers))
        .route("/admin/charter", get(charter::list).post(charter::publish))
        .route("/admin/labels/{slug}", patch(organisation::change_label))
        .route("/admin/labels/{slug}/consequences", get(organisation::consequences))
        .route(
            "/admin/labels/{slug}/accreditation",
            put(organisation::accredit).delete(organisation::withdraw),
        )
        .route("/admin/rooms", get(admin::rooms))
        .route("/admin/alerts", get(alerts::list))
        .route("/admin/alerts/{id}", get(alerts::show))
        .route("/admin/alert-rules", get(alerts::rules).patch(alerts::change))
        .route("/admin/bodies", get(bodies::list).post(bodies::host))
        .route("/admin/bodies/{body}/delegate", post(bodies::delegate))
        .route("/admin/bodies/{body}/close", post(bodies::close))
        .route("/admin/bodies/{body}/open", post(bodies::open))
        .route("/admin/audit", get(admin::audit))
        .route("/admin/audit/log/checkpoint", get(log::checkpoint))
        .route("/admin/audit/log/tile/{*tile}", get(log::tile))
}

/// What stands beside it.
fn beside() -> Routes {
    let upgrade = get(crate::hub::socket::upgrade).layer(middleware::from_fn(problem::always));
    Routes::default()
        .route("/xmpp-websocket", upgrade)
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/witness/{domain}/checkpoint", get(log::published_checkpoint))
        .route("/witness/{domain}/tile/{*tile}", get(log::published_tile))
        .route("/.well-known/host-meta", get(known::host_meta))
        .route("/.well-known/host-meta.json", get(known::host_meta_json))
}

/// Everything that this server answers.
pub fn router(edge: Edge) -> Router {
    let api = api()
        .router()
        .fallback(problem::no_such_route)
        .layer(middleware::from_fn_with_state(edge.clone(), gate::before))
        .layer(DefaultBodyLimit::max(MOST_JSON))
        .layer(middleware::from_fn(problem::always))
        .layer(middleware::from_fn(no_store))
        .layer(middleware::from_fn(closed_in));
    beside()
        .router()
        .nest("/api", api)
        .fallback(get(crate::page::serve))
        .layer(middleware::from_fn_with_state(edge.clone(), guarded))
        .layer(middleware::from_fn_with_state(edge.clone(), edge::counted))
        .with_state(edge)
}

async fn guarded(
    axum::extract::State(edge): axum::extract::State<Edge>,
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    let mut response = next.run(request).await;
    crate::page::guard(response.headers_mut());
    if !edge.place.settings.tls.certificate.is_empty() {
        // RFC 6797: a browser that came once over TLS never comes in clear again.
        let year = axum::http::HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(axum::http::header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// What a signed-in person asks for sees their tenant only, from the moment they are known.
async fn closed_in(request: axum::extract::Request, next: middleware::Next) -> axum::response::Response {
    beffroi_store::asked(next.run(request)).await
}

async fn no_store(request: axum::extract::Request, next: middleware::Next) -> axum::response::Response {
    let mut response = next.run(request).await;
    let fixed = axum::http::HeaderValue::from_static("no-store");
    response.headers_mut().entry(axum::http::header::CACHE_CONTROL).or_insert(fixed);
    response
}
