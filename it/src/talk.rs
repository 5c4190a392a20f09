//! A browser's half of XMPP over WebSocket (RFC 7395).

use crate::{Browser, attribute, soon};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

/// One connection.
#[derive(Debug)]
pub struct Talker {
    socket: WebSocketStream<TcpStream>,
    /// The full address, once bound.
    pub full: String,
    /// Frames that came and that nobody asked for yet.
    pub heard: Vec<String>,
    next: u32,
}

impl Talker {
    /// Opens the WebSocket; nothing of XMPP is said yet.
    ///
    /// # Errors
    /// As the server refuses the upgrade.
    ///
    /// # Panics
    /// When nobody listens there.
    pub async fn knock(browser: &Browser) -> Result<Self, Box<Error>> {
        Self::knock_as(browser, &format!("http://{}", browser.host), "xmpp").await
    }

    /// Opens the WebSocket for a page of `origin`, for another sub-protocol.
    ///
    /// # Errors
    /// As the server refuses the upgrade.
    ///
    /// # Panics
    /// When nobody listens there.
    pub async fn knock_as(browser: &Browser, origin: &str, protocol: &str) -> Result<Self, Box<Error>> {
        let mut request = format!("ws://{}/xmpp-websocket", browser.host)
            .into_client_request()
            .expect("the address of a page is an address");
        let headers = request.headers_mut();
        let value = |text: &str| HeaderValue::from_str(text).expect("what browsers send fits a header");
        headers.insert("sec-websocket-protocol", value(protocol));
        headers.insert("origin", value(origin));
        if let Some(cookie) = &browser.cookie {
            headers.insert("cookie", value(cookie));
        }
        let stream = TcpStream::connect(browser.address).await.expect("the server listens");
        let upgrade = tokio_tungstenite::client_async(request, stream);
        let (socket, _) = soon("the upgrade", upgrade).await.map_err(Box::new)?;
        Ok(Self { socket, full: String::new(), heard: vec![], next: 0 })
    }

    /// Signs in with the session of a browser and binds a resource: ready to talk.
    ///
    /// # Panics
    /// When the server does not let us.
    pub async fn connect(browser: &Browser) -> Self {
        let mut talker = Self::knock(browser).await.expect("the upgrade is granted");
        let (domain, _) = browser.host.split_once(':').expect("a host has a port here");
        talker.sign_in(domain).await;
        talker
    }

    /// The same with a resource of one's own, which a window keeps when it connects again.
    ///
    /// # Panics
    /// When the server does not let us.
    pub async fn connect_as(browser: &Browser, resource: &str) -> Self {
        let mut talker = Self::knock(browser).await.expect("the upgrade is granted");
        let (domain, _) = browser.host.split_once(':').expect("a host has a port here");
        talker.sign_in_as(domain, &format!("<resource>{resource}</resource>")).await;
        talker
    }

    /// Everything from the first frame to the bound resource.
    ///
    /// # Panics
    /// When the server does not let us.
    pub async fn sign_in(&mut self, domain: &str) {
        self.sign_in_as(domain, "").await;
    }

    async fn sign_in_as(&mut self, domain: &str, resource: &str) {
        let open = format!("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{domain}' version='1.0'/>");
        self.send(&open).await;
        self.until("the features", |frame| frame.contains("<mechanism>EXTERNAL")).await;
        self.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>").await;
        self.until("success", |frame| frame.starts_with("<success")).await;
        self.bind_as(domain, resource).await;
    }

    /// The second opening and the resource, once signed in.
    ///
    /// # Panics
    /// When the server does not let us.
    pub async fn bind(&mut self, domain: &str) {
        self.bind_as(domain, "").await;
    }

    async fn bind_as(&mut self, domain: &str, resource: &str) {
        let open = format!("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{domain}' version='1.0'/>");
        self.send(&open).await;
        self.until("the features", |frame| frame.contains("xmpp-bind")).await;
        let bind = format!("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{resource}</bind>");
        let bound = self.ask("set", "", &bind).await;
        self.full = crate::text(&bound, "jid").expect("a result of bind has the address").to_owned();
    }

    /// The address without resource.
    pub fn bare(&self) -> &str {
        self.full.split('/').next().unwrap_or_default()
    }

    /// Sends a frame. What is sent to a connection that is over is lost, as on any network.
    pub async fn send(&mut self, frame: &str) {
        let _ = soon("the server's reading", self.socket.send(Message::Text(frame.into()))).await;
    }

    /// Sends a WebSocket message that XMPP does not know.
    pub async fn send_raw(&mut self, message: Message) {
        let _ = soon("the server's reading", self.socket.send(message)).await;
    }

    /// The next frame in order, or nothing when the connection is over.
    pub async fn next(&mut self) -> Option<String> {
        if !self.heard.is_empty() {
            return Some(self.heard.remove(0));
        }
        self.receive().await
    }

    async fn receive(&mut self) -> Option<String> {
        loop {
            match soon("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(frame))) => return Some(frame.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The first frame that `is` it, of those that came and those that come; the others stay `heard`.
    ///
    /// # Panics
    /// When the connection ends before, with what was heard; when it does not come.
    pub async fn until(&mut self, what: &str, is: impl Fn(&str) -> bool) -> String {
        if let Some(at) = self.heard.iter().position(|frame| is(frame)) {
            return self.heard.remove(at);
        }
        soon(&format!("{what} for {}", self.full.clone()), self.hear(what, is)).await
    }

    async fn hear(&mut self, what: &str, is: impl Fn(&str) -> bool) -> String {
        loop {
            match self.receive().await {
                Some(frame) if is(&frame) => return frame,
                Some(frame) => self.heard.push(frame),
                None => panic!("{}: {what} did not come before the end, only {:#?}", self.full, self.heard),
            }
        }
    }

    /// Everything that comes until the connection is over.
    pub async fn until_end(&mut self) -> Vec<String> {
        self.until_end_or(|_| false).await
    }

    /// Everything that comes until the connection is over, or until a frame that `is` it.
    pub async fn until_end_or(&mut self, is: impl Fn(&str) -> bool) -> Vec<String> {
        let mut all = std::mem::take(&mut self.heard);
        while let Some(frame) = self.receive().await {
            let last = is(&frame);
            all.push(frame);
            if last {
                break;
            }
        }
        all
    }

    /// Asks by IQ (`get` or `set`) and waits for the answer, be it an error.
    pub async fn ask(&mut self, kind: &str, to: &str, payload: &str) -> String {
        let id = self.fresh_id();
        let to = if to.is_empty() { String::new() } else { format!(" to='{to}'") };
        self.send(&format!("<iq xmlns='jabber:client' type='{kind}' id='{id}'{to}>{payload}</iq>")).await;
        self.until("the answer", |frame| attribute(frame, "iq", "id") == Some(&id)).await
    }

    /// An id not used before on this connection.
    pub fn fresh_id(&mut self) -> String {
        self.next += 1;
        format!("q{}", self.next)
    }

    /// Waits until the server has dealt with everything that was sent here before, and until everything
    /// that it had for us before has come.
    pub async fn settle(&mut self) {
        let pong = self.ask("get", "", "<ping xmlns='urn:xmpp:ping'/>").await;
        assert_eq!(attribute(&pong, "iq", "type"), Some("result"), "{pong}");
    }

    /// Enters a room without its history.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn enter(&mut self, room: &str) {
        let answer = self.try_enter(room).await;
        assert!(answer.contains("<status code='110'/>"), "{answer}");
        self.until("the subject", |frame| frame.contains("<subject") && frame.contains(room)).await;
    }

    /// Enters a room, or hears why not.
    pub async fn try_enter(&mut self, room: &str) -> String {
        let id = self.fresh_id();
        self.send(&format!(
            "<presence xmlns='jabber:client' id='{id}' to='{room}/moi'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>"
        ))
        .await;
        let own = |frame: &str| {
            frame.starts_with("<presence")
                && attribute(frame, "presence", "from").is_some_and(|from| from.starts_with(room))
                && (frame.contains("<status code='110'/>") || frame.contains("type='error'"))
        };
        self.until("the answer to entering", own).await
    }

    /// Says something in a room without waiting.
    pub async fn say_in(&mut self, room: &str, id: &str, body: &str) {
        self.send(&format!(
            "<message xmlns='jabber:client' type='groupchat' to='{room}' id='{id}'><body>{body}</body></message>"
        ))
        .await;
    }

    /// Says something to somebody without waiting.
    pub async fn say_to(&mut self, who: &str, id: &str, body: &str) {
        self.send(&format!(
            "<message xmlns='jabber:client' type='chat' to='{who}' id='{id}'><body>{body}</body></message>"
        ))
        .await;
    }

    /// Waits for the message of this id, an error included.
    pub async fn message(&mut self, id: &str) -> String {
        self.until(&format!("message {id}"), |f| {
            f.starts_with("<message") && attribute(f, "message", "id") == Some(id)
        })
        .await
    }

    /// A page of an archive: the results in order, then the `fin`. `set` is the content of RSM.
    pub async fn archive(&mut self, of: &str, with: Option<&str>, set: &str) -> (Vec<String>, String) {
        let queryid = self.fresh_id();
        let form = with.map_or_else(String::new, |with| {
            format!(
                "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field><field var='with'><value>{with}</value></field></x>"
            )
        });
        let query = format!(
            "<query xmlns='urn:xmpp:mam:2' queryid='{queryid}'>{form}<set xmlns='http://jabber.org/protocol/rsm'>{set}</set></query>"
        );
        let fin = self.ask("set", of, &query).await;
        let mine = |frame: &String| attribute(frame, "result", "queryid") == Some(&queryid);
        let (page, heard) = std::mem::take(&mut self.heard).into_iter().partition(mine);
        self.heard = heard;
        (page, fin)
    }

    /// The whole archive, oldest first, page by page: (number, id of the sender, body).
    pub async fn whole_archive(&mut self, of: &str, with: Option<&str>) -> Vec<(i64, String, String)> {
        let mut all = vec![];
        let mut after = String::new();
        loop {
            let (page, fin) = self.archive(of, with, &format!("<max>100</max>{after}")).await;
            assert_eq!(attribute(&fin, "iq", "type"), Some("result"), "{fin}");
            for result in &page {
                let number = attribute(result, "result", "id").and_then(|id| id.parse().ok());
                let inner = crate::text(result, "forwarded").unwrap_or_default();
                let id = attribute(inner, "message", "id").unwrap_or_default().to_owned();
                let body = crate::text(inner, "body").unwrap_or_default().to_owned();
                all.push((number.expect("a result has a number"), id, body));
            }
            if attribute(&fin, "fin", "complete") == Some("true") || page.is_empty() {
                return all;
            }
            after = format!("<after>{}</after>", all.last().map_or(0, |(number, ..)| *number));
        }
    }
}
