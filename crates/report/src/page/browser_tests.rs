//! The page in a real browser: headless Chromium, driven over a pipe in its `DevTools` protocol.
//!
//! `cargo test --release -p lavr-report -- --ignored` runs these where Chromium is installed. `CHROMIUM` names another
//! program; `LAVR_SCREENSHOTS` a folder that pictures of the pages are written into, for a person to look at.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{document, events, hostile_page, many_claims, run_page};
use crate::sample::{blank_dogs, cat_and_cup};

const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser with one open page.
struct Browser {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: String,
    last: u64,
    /// Errors on the console, exceptions, refusals by the policy, requests that left the page.
    complaints: Vec<String>,
    loaded: bool,
    _profile: tempfile::TempDir,
}

fn program() -> String {
    let named = std::env::var("CHROMIUM").ok();
    let runs = |name: &String| {
        Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    named.into_iter().chain(PROGRAMS.map(str::to_owned)).find(runs).unwrap_or_else(|| {
        panic!("no Chromium is here: `apt-get install chromium`, or name the program in CHROMIUM")
    })
}

impl Browser {
    fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The protocol goes over the descriptors 3 and 4, each message ended by a zero byte.
        let script = r#"exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null"#;
        let mut child = Command::new("sh")
            .args([
                "-c",
                script,
                "browser",
                &program(),
                "--headless=new",
                "--remote-debugging-pipe",
                "--no-sandbox",
            ])
            .args([
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
            ])
            .args([
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut browser = Self {
            child,
            input,
            output,
            session: String::new(),
            last: 0,
            complaints: Vec::new(),
            loaded: false,
            _profile: profile,
        };
        let targets = browser.ask("Target.getTargets", json!({}));
        let page = targets["targetInfos"].as_array().unwrap().iter().find(|target| target["type"] == "page");
        let target = page.unwrap()["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network", "Security"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser.size(1280, 900);
        browser.scheme("light");
        browser
    }

    /// Sends a command and waits for its result. What happens meanwhile is noted.
    #[expect(clippy::needless_pass_by_value, reason = "a call reads better with its parameters in place")]
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.input.write_all(message.to_string().as_bytes()).unwrap();
        self.input.write_all(&[0]).unwrap();
        self.input.flush().unwrap();
        loop {
            let message = self.read();
            if message["id"] == self.last {
                assert!(message.get("error").is_none(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
        }
    }

    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.output.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser ended");
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        let parameters = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" | "Log.entryAdded" => self.complaints.push(parameters.to_string()),
            "Runtime.consoleAPICalled" if parameters["type"] == "error" => {
                self.complaints.push(parameters.to_string());
            }
            "Network.requestWillBeSent" => {
                let address = parameters["request"]["url"].as_str().unwrap_or_default();
                if !address.starts_with("file:") && !address.starts_with("data:") && address != "about:blank"
                {
                    self.complaints.push(format!("a request to {address}"));
                }
            }
            "Page.loadEventFired" => self.loaded = true,
            _ => {}
        }
        message
    }

    fn size(&mut self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", metrics);
    }

    fn scheme(&mut self, scheme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.ask("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    fn open(&mut self, path: &Path) {
        self.loaded = false;
        self.ask("Page.navigate", json!({ "url": format!("file://{}", path.display()) }));
        while !self.loaded {
            self.read();
        }
    }

    /// What an expression of JavaScript gives.
    fn tell(&mut self, expression: &str) -> Value {
        let result = self.ask("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    fn is(&mut self, expression: &str) -> bool {
        self.tell(&format!("Boolean({expression})")) == json!(true)
    }

    /// Presses the mouse in the middle of an element, as a hand does.
    fn click(&mut self, selector: &str) {
        let place = self.tell(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'nearest', behavior: 'instant' }}); \
             const b = e.getClientRects()[0]; return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let press =
                json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", press);
        }
    }

    fn key(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            // What the browser itself does at a key goes by its code.
            let (text, code) = match key {
                "Escape" => ("", 27),
                "Enter" if kind == "keyDown" => ("\r", 13),
                _ => (text, 0),
            };
            let press = json!({ "type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code });
            self.ask("Input.dispatchKeyEvent", press);
        }
    }

    /// Writes what the page looks like, where somebody wants to see it.
    fn show(&mut self, name: &str) {
        if let Some(folder) = std::env::var_os("LAVR_SCREENSHOTS") {
            let picture = self
                .ask("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": false }));
            let bytes = BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
            std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), bytes).unwrap();
        }
    }

    fn assert_calm(&self) {
        assert!(self.complaints.is_empty(), "{:#?}", self.complaints);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a page into a folder of its own.
fn written(page: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.html");
    std::fs::write(&path, page).unwrap();
    (folder, path)
}

#[test]
#[ignore = "needs Chromium: apt-get install chromium, or name the program in CHROMIUM"]
#[expect(clippy::print_stderr, reason = "with --nocapture it tells what docs/benchmarks.md wants to know")]
fn a_claim_among_two_hundred_lights_up_its_region_and_back() {
    let sample = many_claims(200);
    let (document, start) = (document(&sample, "dogs.jpg"), Instant::now());
    let page = run_page(&document, &sample.store, &[]);
    let made = start.elapsed().as_secs_f64() * 1e3;
    let (_folder, path) = written(&page);
    let mut browser = Browser::start();
    let loads: Vec<f64> = (0..5)
        .map(|_| {
            browser.open(&path);
            browser.tell("performance.getEntriesByType('navigation')[0].loadEventEnd").as_f64().unwrap()
        })
        .collect();
    eprintln!("{} bytes, made in {made:.0} ms, loaded in {loads:.0?} ms", page.len());

    browser.click("#claim-150 .said");
    assert!(browser.is("document.querySelector('.region[data-claims=\"150\"]').classList.contains('on')"));
    assert!(browser.is("document.querySelector('.mark[data-claims=\"150\"]').classList.contains('on')"));
    assert_eq!(browser.tell("document.querySelectorAll('.region.on').length"), json!(1));
    let seen = "getComputedStyle(document.querySelector('.region.on')).opacity > 0.9";
    assert!(browser.is(seen));
    browser.show("many");

    browser.key("Escape");
    assert_eq!(browser.tell("document.querySelectorAll('.on').length"), json!(0));
    // The last frame lies above all others.
    browser.tell("window.number = [...document.querySelectorAll('.region')].at(-1).dataset.claims");
    browser.click(".region:last-of-type .line");
    assert!(browser.is("document.getElementById('claim-' + number).classList.contains('on')"));
    assert!(
        browser.is("(() => { const b = document.getElementById('claim-' + number).getBoundingClientRect(); \
                        return b.top >= 0 && b.bottom <= innerHeight; })()")
    );
    browser.assert_calm();
}

#[test]
#[ignore = "needs Chromium: apt-get install chromium, or name the program in CHROMIUM"]
fn the_keyboard_walks_filters_and_switches() {
    let sample = cat_and_cup();
    let (_folder, path) = written(&run_page(&document(&sample, "cat-and-cup.jpg"), &sample.store, &[]));
    let mut browser = Browser::start();
    browser.open(&path);
    browser.show("light");
    for key in ["j", "j", "ArrowDown", "k"] {
        browser.key(key);
    }
    assert_eq!(browser.tell("document.activeElement.id"), json!("claim-2"));
    assert!(browser.is("document.querySelector('.region.on')"));
    browser.key("3");
    assert_eq!(browser.tell("document.querySelectorAll('.claim:not([hidden])').length"), json!(1));
    browser.key("0");
    browser.key("/");
    browser.ask("Input.insertText", json!({ "text": "keyboard" }));
    assert_eq!(browser.tell("document.querySelectorAll('.claim:not([hidden])').length"), json!(1));
    browser.key("Escape");
    // From a place to its claim.
    assert_eq!(browser.tell("document.querySelectorAll('.region[tabindex=\"0\"]').length"), json!(1));
    browser.tell("document.querySelector('.region[tabindex=\"0\"]').focus()");
    browser.key("ArrowRight");
    browser.key("Enter");
    let reached = "document.activeElement.dataset.claims.split(' ').includes(document.querySelector('.claim.on').dataset.claims)";
    assert!(browser.is(reached));
    browser.key("?");
    assert!(browser.is("document.querySelector('#help').open"));
    browser.show("help");
    browser.key("Escape");
    assert!(browser.is("!document.querySelector('#help').open"));
    let light = browser.tell("getComputedStyle(document.body).backgroundColor");
    browser.key("t");
    browser.key("j");
    assert_ne!(browser.tell("getComputedStyle(document.body).backgroundColor"), light);
    browser.show("dark");
    browser.size(390, 800);
    browser.tell("scrollTo(0, 0)");
    assert!(
        browser.is("document.documentElement.scrollWidth <= innerWidth"),
        "a narrow page scrolls sideways"
    );
    browser.show("narrow");
    browser.assert_calm();
}

#[test]
#[ignore = "needs Chromium: apt-get install chromium, or name the program in CHROMIUM"]
fn the_draft_and_the_corrected_text_can_be_read_alone() {
    let sample = cat_and_cup();
    let (_folder, path) = written(&run_page(&document(&sample, "cat-and-cup.jpg"), &sample.store, &[]));
    let mut browser = Browser::start();
    browser.open(&path);
    browser.tell("document.querySelectorAll('sup').forEach((sup) => sup.remove())");
    browser.click("#view-after + span");
    assert_eq!(browser.tell("document.querySelector('.prose').innerText"), json!(sample.answer.text));
    browser.click("#view-before + span");
    assert_eq!(browser.tell("document.querySelector('.prose').innerText"), json!(sample.answer.draft));
    browser.assert_calm();
}

#[test]
#[ignore = "needs Chromium: apt-get install chromium, or name the program in CHROMIUM"]
fn hostile_texts_run_nothing_and_ask_for_nothing() {
    let (_folder, path) = written(&hostile_page());
    let mut browser = Browser::start();
    browser.open(&path);
    assert_eq!(browser.tell("typeof hacked"), json!("undefined"));
    assert!(
        browser.is("document.querySelectorAll('[onerror], [onload], script:not(:last-child)').length === 0")
    );
    // What got in all the same would still be refused by the policy.
    browser.tell("document.body.insertAdjacentHTML('beforeend', '<img src=\"http://127.0.0.1:9/x\" onerror=\"hacked=1\">')");
    assert_eq!(browser.tell("typeof hacked"), json!("undefined"));
    browser.show("hostile");
}

#[test]
#[ignore = "needs Chromium: apt-get install chromium, or name the program in CHROMIUM"]
fn the_page_prints_with_all_its_claims() {
    let sample = blank_dogs();
    let (_folder, path) =
        written(&run_page(&document(&sample, "dogs.jpg"), &sample.store, &events(&sample, "planner")));
    let mut browser = Browser::start();
    browser.open(&path);
    let print =
        browser.ask("Page.printToPDF", json!({ "printBackground": false, "preferCSSPageSize": true }));
    let bytes = BASE64_STANDARD.decode(print["data"].as_str().unwrap()).unwrap();
    assert!(bytes.starts_with(b"%PDF"));
    if let Some(folder) = std::env::var_os("LAVR_SCREENSHOTS") {
        std::fs::write(PathBuf::from(folder).join("print.pdf"), bytes).unwrap();
    }
    browser.assert_calm();
}
