//! A server over a store that forgets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lavr_image::{AllowedFolders, ImageStore, Rgb, RgbImage};
use lavr_mcp::Server;
use lavr_tool::{Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{ImageId, Observation, Rect};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf},
    sync::Semaphore,
};

const WIDTH: u32 = 200;
const HEIGHT: u32 = 100;

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// The picture.
    image: ImageId,
    /// Whether to wait until the test says so.
    #[serde(default)]
    wait: bool,
}

#[derive(Serialize, JsonSchema)]
struct Part {
    part: ImageId,
}

/// Cuts a corner out, when it may.
struct Corner {
    waiting: Arc<Semaphore>,
    may_go_on: Arc<Semaphore>,
}

impl Tool for Corner {
    const NAME: &'static str = "corner";
    const DESCRIPTION: &'static str = "Cuts a corner out.";
    type Args = Args;
    type Output = Part;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Part>, ToolError> {
        if args.wait {
            self.waiting.add_permits(1);
            self.may_go_on.acquire().await.map_err(|_| ToolError::failed("the test is over"))?.forget();
        }
        let part = context.images().crop(args.image, Rect::new(0.0, 0.0, 10.0, 10.0))?;
        Ok(Observation::new(Part { part }).with_images(vec![part]))
    }
}

/// A picture as clients send it.
fn picture(level: u8) -> String {
    let store = ImageStore::default();
    let id = store.insert(RgbImage::from_pixel(WIDTH, HEIGHT, Rgb([level, 0, 0]))).unwrap();
    format!("data:image/png;base64,{}", STANDARD.encode(store.get(id).unwrap().png().unwrap()))
}

/// A client and what it can see of the server's inside.
struct Scene {
    images: Arc<ImageStore>,
    waiting: Arc<Semaphore>,
    may_go_on: Arc<Semaphore>,
    input: WriteHalf<DuplexStream>,
    output: Lines<BufReader<ReadHalf<DuplexStream>>>,
    sent: u64,
}

impl Scene {
    /// A server that keeps two pictures and a bit.
    async fn new() -> Self {
        let room = u64::from(WIDTH * HEIGHT * 3) * 5 / 2;
        let images = Arc::new(ImageStore::default().keeping_at_most(room));
        let (waiting, may_go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let corner = Corner { waiting: Arc::clone(&waiting), may_go_on: Arc::clone(&may_go_on) };
        let dispatcher = Dispatcher::new(Registry::new().with(corner).unwrap(), Arc::clone(&images));
        let folder = tempfile::tempdir().unwrap();
        let server = Server::new(dispatcher, AllowedFolders::new([folder.path()]).unwrap());
        let (here, there) = tokio::io::duplex(1 << 20);
        tokio::spawn(async move {
            let _folder = folder;
            server.serve_stream(there).await
        });
        let (output, input) = tokio::io::split(here);
        let mut scene =
            Self { images, waiting, may_go_on, input, output: BufReader::new(output).lines(), sent: 0 };
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } });
        let id = scene.send("initialize", hello).await;
        scene.result(id).await;
        scene.write(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        scene
    }

    async fn write(&mut self, message: Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn send(&mut self, method: &str, parameters: Value) -> u64 {
        self.sent += 1;
        let message = json!({ "jsonrpc": "2.0", "id": self.sent, "method": method, "params": parameters });
        self.write(message).await;
        self.sent
    }

    /// Waits for the answer to the request.
    async fn result(&mut self, id: u64) -> Value {
        loop {
            let line = self.output.next_line().await.unwrap().unwrap();
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["id"] == id {
                return message["result"].clone();
            }
        }
    }

    async fn call(&mut self, arguments: Value) -> Value {
        let id = self.send("tools/call", json!({ "name": "corner", "arguments": arguments })).await;
        self.result(id).await
    }

    /// The image that a call made.
    async fn part(&mut self, arguments: Value) -> String {
        let result = self.call(arguments).await;
        let id = result["structuredContent"]["images"][0].as_str();
        id.unwrap_or_else(|| panic!("{result}")).to_owned()
    }
}

#[tokio::test]
async fn an_image_that_had_to_make_room_is_told_as_forgotten_and_comes_back_when_it_is_given_again() {
    let mut scene = Scene::new().await;
    let part = scene.part(json!({ "image": picture(1) })).await;
    assert_eq!(scene.call(json!({ "image": part })).await["isError"], json!(false));
    for level in 2..20 {
        scene.part(json!({ "image": picture(level) })).await;
    }
    let kept = scene.images.bytes();
    assert!(kept <= u64::from(WIDTH * HEIGHT * 3) * 5 / 2, "{kept} bytes are kept");

    let told = scene.call(json!({ "image": part })).await;
    assert_eq!(told["isError"], true);
    let message = told["content"][0]["text"].as_str().unwrap();
    assert!(
        message.contains("was forgotten") && message.contains("give the path of the file again"),
        "{message}"
    );

    assert_eq!(scene.part(json!({ "image": picture(1) })).await, part);
    assert_eq!(scene.call(json!({ "image": part })).await["isError"], json!(false));
}

#[tokio::test]
async fn an_image_of_a_call_that_goes_on_is_never_forgotten() {
    let mut scene = Scene::new().await;
    let arguments = json!({ "name": "corner", "arguments": { "image": picture(1), "wait": true } });
    let slow = scene.send("tools/call", arguments).await;
    scene.waiting.acquire().await.unwrap().forget();
    for level in 2..20 {
        scene.part(json!({ "image": picture(level) })).await;
    }
    let kept = scene.images.bytes();
    assert!(
        kept < u64::from(WIDTH * HEIGHT * 3) * 4,
        "pictures of calls that ended are not held: {kept} bytes"
    );
    scene.may_go_on.add_permits(1);
    let result = scene.result(slow).await;
    assert_eq!(result["isError"], json!(false), "{result}");
}

#[tokio::test]
async fn a_name_that_never_was_is_told_as_such() {
    let mut scene = Scene::new().await;
    let told = scene.call(json!({ "image": format!("img_{}", "0".repeat(32)) })).await;
    let message = told["content"][0]["text"].as_str().unwrap();
    assert!(message.contains("has not made or read it"), "{message}");
}
