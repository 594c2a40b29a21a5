//! The fetcher against servers on loopback that mean ill, and a resolver that follows a script.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use lavr_fetch::{FetchError, FetchPolicy, Fetcher, Resolver};
use lavr_image::{ImageStore, RgbImage};
use lavr_testkit::{Answer, Loopback};

/// Gives the answers of its script, one a question; the last one for ever.
struct Script {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicU32,
}

impl Script {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|ips| ips.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: AtomicU32::new(0) })
    }
}

#[async_trait::async_trait]
impl Resolver for Script {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if host.starts_with("unknown") {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let mut answers = self.answers.lock().unwrap();
        let answer = answers.front().unwrap().clone();
        if answers.len() > 1 {
            answers.pop_front();
        }
        Ok(answer)
    }
}

fn socket(server: &Loopback) -> SocketAddr {
    server.address.trim_start_matches("http://").parse().unwrap()
}

/// Lets one server on loopback be asked, by its very address and port.
fn permitting(server: &Loopback) -> FetchPolicy {
    FetchPolicy { permitted: vec![socket(server)], ..FetchPolicy::default() }
}

fn to_loopback(server: &Loopback) -> Fetcher {
    Fetcher::with_resolver(permitting(server), Script::new(&[&["127.0.0.1"]]))
}

fn at(server: &Loopback, path: &str) -> String {
    format!("http://pictures.example:{}{path}", socket(server).port())
}

fn png() -> Vec<u8> {
    let mut bytes = io::Cursor::new(Vec::new());
    RgbImage::new(6, 4).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn a_picture_is_fetched_and_nothing_but_its_address_is_told() {
    let server =
        Loopback::start(|_, _| Answer::new(200, png()).header("Content-Type", "text/plain")).await.unwrap();
    let images = ImageStore::default();
    let id = to_loopback(&server).image(&images, &at(&server, "/a.png?size=6#part")).await.unwrap();
    assert_eq!(images.size_of(id).unwrap().width, 6);
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/a.png?size=6"));
    let mut sent: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    sent.sort_unstable();
    assert_eq!(sent, ["accept", "host", "user-agent"]);
    assert!(request.header("host").unwrap().starts_with("pictures.example:"));
}

#[tokio::test]
async fn loopback_is_not_asked_unless_that_very_port_is_permitted() {
    let server = Loopback::start(|_, _| Answer::new(200, png())).await.unwrap();
    let port = socket(&server).port();
    let open = FetchPolicy { ports: vec![80, 443, port], ..FetchPolicy::default() };
    let other = SocketAddr::new([127, 0, 0, 2].into(), port);
    for policy in [open.clone(), FetchPolicy { permitted: vec![other], ..open }] {
        let fetcher = Fetcher::with_resolver(policy, Script::new(&[&["127.0.0.1"]]));
        for host in ["pictures.example", "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"] {
            let error = fetcher.get(&format!("http://{host}:{port}/")).await.unwrap_err();
            assert!(matches!(error, FetchError::Refused { .. }), "{host}: {error}");
        }
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn one_private_address_among_public_ones_refuses_the_name() {
    let fetcher =
        Fetcher::with_resolver(FetchPolicy::default(), Script::new(&[&["93.184.215.14", "169.254.169.254"]]));
    let error = fetcher.get("https://pictures.example/a.png").await.unwrap_err();
    assert!(error.to_string().contains("169.254.169.254") && error.to_string().contains("keys"), "{error}");
}

/// A name that is public when it is checked and private when it is asked (DNS rebinding): it is asked once.
#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_asked() {
    let server = Loopback::start(|_, _| Answer::new(200, png())).await.unwrap();
    let script = Script::new(&[&["127.0.0.1"], &["127.0.0.99"]]);
    let fetcher = Fetcher::with_resolver(permitting(&server), Arc::clone(&script) as _);
    fetcher.get(&at(&server, "/")).await.unwrap();
    assert_eq!(script.asked.load(Ordering::SeqCst), 1);
    // The other way round: what is private now is refused now.
    let error = fetcher.get(&at(&server, "/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Refused { .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn every_address_that_an_answer_leads_on_to_is_checked_anew() {
    let inner = Loopback::start(|_, _| Answer::new(200, "secret")).await.unwrap();
    let inside = inner.address.clone();
    let server = Loopback::start(move |request, _| {
        let location = match request.path.as_str() {
            "/inner" => inside.clone(),
            "/metadata" => "http://169.254.169.254/latest/meta-data/".to_owned(),
            "/mapped" => "http://[::ffff:169.254.169.254]/".to_owned(),
            "/number" => "http://2852039166/".to_owned(),
            "/file" => "file:///etc/passwd".to_owned(),
            "/user" => "http://user:pass@pictures.example/".to_owned(),
            "/port" => "http://pictures.example:22/".to_owned(),
            "/name" => "http://unknown.example/".to_owned(),
            _ => return Answer::new(302, ""),
        };
        Answer::new(302, "").header("Location", location)
    });
    let server = server.await.unwrap();
    let fetcher = to_loopback(&server);
    let paths = ["/inner", "/metadata", "/mapped", "/number", "/file", "/user", "/port", "/name", "/without"];
    for path in paths {
        let error = fetcher.get(&at(&server, path)).await.unwrap_err();
        let expected = match path {
            "/metadata" | "/mapped" => matches!(error, FetchError::Refused { .. }),
            "/name" => matches!(error, FetchError::Unresolved { .. }),
            "/without" => matches!(error, FetchError::Status { status: 302, .. }),
            _ => matches!(error, FetchError::Address { .. }),
        };
        assert!(expected, "{path}: {error}");
    }
    assert_eq!(server.requests().len(), paths.len());
    assert!(inner.requests().is_empty());
}

#[tokio::test]
async fn a_few_redirects_are_followed_and_a_circle_is_left() {
    let server = Loopback::start(|request, _| match request.path.as_str() {
        "/circle" => Answer::new(302, "").header("Location", "/circle"),
        "/3" => Answer::new(301, "").header("Location", "2"),
        "/2" => Answer::new(307, "").header("Location", "/1?x"),
        _ => Answer::new(200, png()),
    });
    let server = server.await.unwrap();
    let fetcher = to_loopback(&server);
    let fetched = fetcher.get(&at(&server, "/3")).await.unwrap();
    assert!(fetched.address.ends_with("/1"), "{}", fetched.address);
    // Nothing of one request goes into the next.
    assert!(server.requests().iter().all(|request| request.header("referer").is_none()));
    let before = server.requests().len();
    let error = fetcher.get(&at(&server, "/circle")).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirects { limit: 5, .. }), "{error}");
    assert_eq!(server.requests().len() - before, 6);
}

#[tokio::test]
async fn size_is_counted_whatever_was_announced() {
    let server = Loopback::start(|request, _| match request.path.as_str() {
        "/announced" => Answer::new(200, vec![0; 2000]),
        _ => Answer::new(200, vec![0; 2000]).without_length().in_pieces(300),
    });
    let server = server.await.unwrap();
    let policy = FetchPolicy { bytes: 1000, ..permitting(&server) };
    let fetcher = Fetcher::with_resolver(policy, Script::new(&[&["127.0.0.1"]]));
    for path in ["/announced", "/silent"] {
        let error = fetcher.get(&at(&server, path)).await.unwrap_err();
        assert!(matches!(error, FetchError::TooManyBytes { limit: 1000, .. }), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_service_that_never_ends_is_left_in_time() {
    let server = Loopback::start(|_, _| Answer::new(200, "begin").then_hang()).await.unwrap();
    let policy = FetchPolicy { time: Duration::from_millis(100), ..permitting(&server) };
    let fetcher = Fetcher::with_resolver(policy, Script::new(&[&["127.0.0.1"]]));
    let error = fetcher.get(&at(&server, "/")).await.unwrap_err();
    assert!(matches!(error, FetchError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_picture_is_an_error_whatever_it_is_called() {
    let server = Loopback::start(|request, _| match request.path.as_str() {
        "/page.png" => Answer::new(200, "<html>").header("Content-Type", "image/png"),
        "/packed" => Answer::new(200, png()).header("Content-Encoding", "gzip"),
        "/half" => Answer::new(200, png()).cut_after(20),
        _ => Answer::new(404, "no"),
    });
    let server = server.await.unwrap();
    let (fetcher, images) = (to_loopback(&server), ImageStore::default());
    let error = async |path: &str| fetcher.image(&images, &at(&server, path)).await.unwrap_err();
    assert!(matches!(error("/page.png").await, FetchError::Image(_)));
    assert!(matches!(error("/packed").await, FetchError::Encoding { .. }));
    assert!(matches!(error("/half").await, FetchError::Network { .. }));
    assert!(matches!(error("/none").await, FetchError::Status { status: 404, .. }));
}

#[tokio::test]
async fn a_name_that_leads_nowhere_says_so() {
    for (host, script) in [("unknown.example", Script::new(&[&[]])), ("empty.example", Script::new(&[&[]]))] {
        let fetcher = Fetcher::with_resolver(FetchPolicy::default(), script);
        let error = fetcher.get(&format!("https://{host}/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Unresolved { .. }), "{error}");
        assert!(error.to_string().contains(host), "{error}");
    }
}
