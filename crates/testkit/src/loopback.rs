//! An HTTP server on loopback that answers as a test says: whole, cut, in pieces, or never.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The largest request that is read.
const MOST: usize = 64 << 20;

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Its headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Where the range that is asked for starts (`Range: bytes=N-`).
    pub fn range_start(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What the server sends back before it closes the connection.
#[derive(Debug, Clone)]
pub struct Answer {
    head: String,
    body: Vec<u8>,
    length: bool,
    piece: usize,
    hang: bool,
}

impl Answer {
    /// A whole answer.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let head = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n");
        Self { head, body: body.into(), length: true, piece: usize::MAX, hang: false }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string()).header("Content-Type", "application/json")
    }

    /// Server-sent events, one for each data.
    pub fn events<T: ToString>(data: impl IntoIterator<Item = T>) -> Self {
        let body: Vec<_> = data.into_iter().map(|data| format!("data: {}\n\n", data.to_string())).collect();
        Self::new(200, body.concat()).header("Content-Type", "text/event-stream")
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.head = format!("{}{name}: {value}\r\n", self.head);
        self
    }

    /// Without a word about the body's length: it ends with the connection.
    #[must_use]
    pub fn without_length(mut self) -> Self {
        self.length = false;
        self
    }

    /// The body sent in pieces of so many bytes, each in a packet of its own.
    #[must_use]
    pub fn in_pieces(mut self, bytes: usize) -> Self {
        self.piece = bytes.max(1);
        self
    }

    /// The connection closed after so many bytes of the body, though a longer one was announced.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        if self.length {
            let length = self.body.len();
            self = self.header("Content-Length", length);
            self.length = false;
        }
        self.body.truncate(bytes);
        self
    }

    /// The connection kept open and silent after the body.
    #[must_use]
    pub fn then_hang(mut self) -> Self {
        self.hang = true;
        self
    }

    async fn send(&self, stream: &mut TcpStream) -> io::Result<()> {
        let length = if self.length && !self.hang {
            format!("Content-Length: {}\r\n", self.body.len())
        } else {
            String::new()
        };
        stream.set_nodelay(true)?;
        stream.write_all(format!("{}{length}\r\n", self.head).as_bytes()).await?;
        for piece in self.body.chunks(self.piece) {
            stream.write_all(piece).await?;
            if self.piece != usize::MAX {
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        if self.hang {
            // Until the other side gives up.
            _ = stream.read(&mut [0; 1]).await;
        }
        stream.shutdown().await
    }
}

type Handler = Box<dyn Fn(Request, usize) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// A server on loopback. It ends when dropped.
#[derive(Debug)]
pub struct Loopback {
    /// Its address, such as `http://127.0.0.1:34567`.
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Loopback {
    /// Starts a server that answers each request as `answer` says; it is also told how many requests came before.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(
        answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::start_async(move |request, before| {
            let answer = answer(&request, before);
            async move { answer }
        })
        .await
    }

    /// As [`Loopback::start`], with an answer that takes its time.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start_async<F>(
        answer: impl Fn(Request, usize) -> F + Send + Sync + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let handler: Arc<Handler> =
            Arc::new(Box::new(move |request, before| Box::pin(answer(request, before))));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
                tokio::spawn(async move {
                    let Ok(request) = read(&mut stream).await else { return };
                    let before = {
                        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    // Whoever asked may be gone by now.
                    _ = handler(request, before).await.send(&mut stream).await;
                });
            }
        });
        Ok(Self { address, requests, task })
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Request> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 || bytes.len() > MOST {
            return Err(bad("no whole head"));
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).map_err(|_| bad("a head that is no text"))?;
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let mut request = Request { method, path, headers: lines.filter_map(header).collect(), body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    if length > MOST {
        return Err(bad("a body too large for a test"));
    }
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(bad("no whole body"));
        }
    }
    request.body = body;
    Ok(request)
}
