//! A browser's half of HTTP: one request on one connection, its cookie, its origin.

use crate::{PASSWORD, Server, soon};
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// A browser on a page of the server: it has an origin, perhaps a session.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Where the server listens.
    pub address: SocketAddr,
    /// What the page was reached by, `Host` and origin alike.
    pub host: String,
    /// The session's cookie, `name=value`.
    pub cookie: Option<String>,
    /// The cookie that the browser is known by to the growing wait, `name=value`.
    pub known: Option<String>,
    /// What a change must prove, from the session.
    pub csrf: String,
    /// The address it calls from, when not the system's choice: all of 127.0.0.0/8 is loopback.
    pub from: Option<IpAddr>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code; 0 when the connection ended before an answer.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|wrong| {
            panic!("{wrong}: {} {}", self.status, String::from_utf8_lossy(&self.body))
        })
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same answer, when it is `status`.
    ///
    /// # Panics
    /// When it is another.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

/// A request to be changed before it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    address: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    announced: Option<usize>,
    from: Option<IpAddr>,
}

impl Request {
    /// With this header, instead of another of its name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without this header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With this JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Announces more bytes than it sends, then breaks the connection off.
    #[must_use]
    pub fn broken_off(mut self, announced: usize) -> Self {
        self.announced = Some(announced);
        self
    }

    /// Sends it and reads the answer to its end. Every answer of every test is held against docs/openapi.json.
    ///
    /// # Panics
    /// When nobody listens there, or the answer is no HTTP or not as described.
    pub async fn send(self) -> Answer {
        let (method, path) = (self.method.clone(), self.path.clone());
        let what = format!("{method} {path}");
        let answer = soon(&what, self.exchange()).await;
        if answer.status != 0
            && let Err(wrong) = crate::conforms(&method, &path, &answer)
        {
            let body = String::from_utf8_lossy(&answer.body);
            panic!("{what}: {} is not as docs/openapi.json says: {wrong}\n{body}", answer.status);
        }
        answer
    }

    async fn exchange(self) -> Answer {
        let mut stream = match self.from {
            None => TcpStream::connect(self.address).await.expect("the server listens"),
            Some(from) => {
                let socket = TcpSocket::new_v4().expect("there are sockets");
                socket.bind(SocketAddr::new(from, 0)).expect("all of 127.0.0.0/8 is ours");
                socket.connect(self.address).await.expect("the server listens")
            }
        };
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let length = self.announced.unwrap_or(self.body.len());
        head += &format!("content-length: {length}\r\nconnection: close\r\n\r\n");
        let (mut from, mut to) = stream.split();
        let sending = async {
            // A server that has heard enough answers and closes; what could not be sent does not matter.
            let sent = async {
                to.write_all(head.as_bytes()).await?;
                to.write_all(&self.body).await
            };
            let _ = sent.await;
            if self.announced.is_some() {
                let _ = to.shutdown().await;
            }
        };
        let mut bytes = vec![];
        let (_, _) = tokio::join!(sending, from.read_to_end(&mut bytes));
        read(bytes)
    }
}

fn read(bytes: Vec<u8>) -> Answer {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Answer { status: 0, headers: vec![], body: bytes };
    };
    let head = std::str::from_utf8(&bytes[..end]).expect("a head is ASCII");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = bytes[end + 4..].to_vec();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        body = unchunked(&body);
    }
    Answer { status: status.expect("an answer begins with its status"), headers, body }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = vec![];
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).ok().and_then(|s| usize::from_str_radix(s, 16).ok());
        let Some(size) = size.filter(|size| *size > 0 && end + 2 + size <= rest.len()) else { break };
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    body
}

impl Browser {
    /// A browser that opened the page of `domain` and has no session.
    pub fn new(server: &Server, domain: &str) -> Self {
        let (address, port) = (server.address, server.address.port());
        let host = format!("{domain}:{port}");
        Self { address, host, cookie: None, known: None, csrf: String::new(), from: None }
    }

    /// Signs in with the [`PASSWORD`] of everybody.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn signed_in(server: &Server, address: &str) -> Self {
        let (_, domain) = address.split_once('@').expect("an address has a domain");
        let mut browser = Self::new(server, domain);
        let answer = browser.sign_in(address, PASSWORD).await;
        assert_eq!(answer.status, 200, "{address}: {}", String::from_utf8_lossy(&answer.body));
        browser
    }

    /// Tries to sign in; keeps the session when it is given.
    pub async fn sign_in(&mut self, address: &str, password: &str) -> Answer {
        let body = json!({"address": address, "password": password});
        let answer = self.request("POST", "/api/session").json(&body).send().await;
        self.keep(&answer);
        answer
    }

    /// Keeps the session that an answer gives, and what the browser is known by.
    pub fn keep(&mut self, answer: &Answer) {
        let given = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        let mut given = given.filter_map(|(_, cookie)| cookie.split(';').next());
        if let Some(known) = given.find(|cookie| cookie.starts_with("beffroi_known=")) {
            self.known = Some(known.to_owned());
        }
        if let (200, Some(cookie)) = (answer.status, answer.header("set-cookie")) {
            self.cookie = cookie.split(';').next().map(str::to_owned);
            self.csrf = answer.json()["csrf"].as_str().unwrap_or_default().to_owned();
        }
    }

    /// The same browser on another server's address, after a restart.
    #[must_use]
    pub fn at(&self, server: &Server) -> Self {
        let (name, _) = self.host.split_once(':').unwrap_or((&self.host, ""));
        let host = format!("{name}:{}", server.address.port());
        Self { address: server.address, host, ..self.clone() }
    }

    /// A request as this browser would send it.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let mut request = Request {
            address: self.address,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![("host".into(), self.host.clone()), ("user-agent".into(), "Essai".into())],
            body: vec![],
            announced: None,
            from: self.from,
        };
        let cookies: Vec<_> = [&self.cookie, &self.known].into_iter().flatten().map(String::as_str).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", &cookies.join("; "));
        }
        if method != "GET" {
            request = request.header("origin", &format!("http://{}", self.host));
            request = request.header("x-csrf-token", &self.csrf);
        }
        request
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    /// Changes something by `POST`.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path).json(body).send().await
    }

    /// Deletes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send().await
    }

    /// The id of the room of this name, among one's own.
    ///
    /// # Panics
    /// When there is none.
    pub async fn room(&self, name: &str) -> String {
        let rooms = self.get("/api/rooms").await.expect(200).json();
        let found = rooms.as_array().into_iter().flatten().find(|room| room["name"] == name);
        found
            .and_then(|room| room["id"].as_str())
            .unwrap_or_else(|| panic!("no {name} in {rooms}"))
            .to_owned()
    }
}
