//! The scripted model: OpenAI's chat completions on loopback, whole or streamed. What it does is in the model's name:
//!
//! - `steps-K-C`: K replies with C calls of `noop` each, then "done".
//! - `wait-C`: one reply with C calls of `wait`, then "done".
//! - `hold-N`: one call of `noop`; then "done" to all, once N runs have asked for it.
//!
//! It keeps no state of a conversation: it counts the replies of its own that a request holds. The last word is the
//! tool `final_answer` where a program offers one. It prints its address and serves until it is killed.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader, AsyncBufReadExt},
    net::{TcpListener, TcpStream},
    sync::{Mutex, Notify},
};

#[derive(Default)]
struct Held {
    waiting: Mutex<usize>,
    go: Notify,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/v1", listener.local_addr()?);
    let held = Arc::new(Held::default());
    loop {
        let (stream, _) = listener.accept().await?;
        let held = Arc::clone(&held);
        tokio::spawn(async move {
            // The other side hangs up when it is done.
            _ = serve(stream, &held).await;
        });
    }
}

async fn serve(stream: TcpStream, held: &Held) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        drop(body);
        let reply = reply(&request, held).await;
        stream.get_mut().write_all(reply.as_bytes()).await?;
    }
}

async fn reply(request: &Value, held: &Held) -> String {
    let model = request["model"].as_str().unwrap_or_default();
    let mut words = model.split('-');
    let kind = words.next().unwrap_or_default();
    let mut number = || words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or(1);
    let messages = request["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let before = messages.iter().filter(|message| message["role"] == "assistant").count();
    let (steps, calls, tool) = match kind {
        "steps" => (number(), number(), "noop"),
        "wait" => (1, number(), "wait"),
        _ => (1, 1, "noop"),
    };
    if before < steps {
        let calls = (0..calls).map(|call| (tool, json!({ "n": before * 100 + call })));
        return answer(request, None, calls.collect());
    }
    if kind == "hold" {
        wait_for(number(), held).await;
    }
    let tools = request["tools"].as_array().map_or(&[][..], Vec::as_slice);
    if tools.iter().any(|tool| tool["function"]["name"] == "final_answer") {
        return answer(request, None, vec![("final_answer", json!({ "answer": "done" }))]);
    }
    answer(request, Some("done"), Vec::new())
}

/// Holds a reply until so many are held.
async fn wait_for(count: usize, held: &Held) {
    let released = held.go.notified();
    tokio::pin!(released);
    released.as_mut().enable();
    let mut waiting = held.waiting.lock().await;
    *waiting += 1;
    if *waiting >= count {
        *waiting = 0;
        held.go.notify_waiters();
        return;
    }
    drop(waiting);
    released.await;
}

fn answer(request: &Value, text: Option<&str>, calls: Vec<(&str, Value)>) -> String {
    let calls: Vec<Value> = calls
        .into_iter()
        .enumerate()
        .map(|(index, (name, arguments))| {
            json!({ "index": index, "id": format!("call-{index}-{arguments}"), "type": "function",
                "function": { "name": name, "arguments": arguments.to_string() } })
        })
        .collect();
    let finish = if calls.is_empty() { "stop" } else { "tool_calls" };
    let mut message = json!({ "role": "assistant", "content": text });
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    let usage = json!({ "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 });
    let head = json!({ "id": "1", "created": 1, "model": request["model"] });
    let with = |mut fields: Value| {
        for (name, value) in head.as_object().into_iter().flatten() {
            fields[name] = value.clone();
        }
        fields
    };
    if request["stream"] == true {
        let chunks = [
            with(json!({ "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": message }] })),
            with(json!({ "object": "chat.completion.chunk",
                "choices": [{ "index": 0, "delta": {}, "finish_reason": finish }] })),
            with(json!({ "object": "chat.completion.chunk", "choices": [], "usage": usage })),
        ];
        let events: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        let events = format!("{events}data: [DONE]\n\n");
        return http("text/event-stream", &events);
    }
    let choice = json!({ "index": 0, "message": message, "finish_reason": finish });
    http("application/json", &with(json!({ "object": "chat.completion", "choices": [choice], "usage": usage })).to_string())
}

fn http(kind: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
