//! The services of the suite, played from their cassettes.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use lavr_model::{CancellationToken, ChatModel, ModelError, Reply, TurnRequest, collect};
use lavr_remote::{Dialect, RemoteConfig, RemoteModel, Retry};
use lavr_testkit::{Cassette, Player, RecordedResponse};
use lavr_types::{EncodedImage, ImageId, ImageSource, ImageSourceError, Size};
use serde::Deserialize;

/// What a key looks like in these tests.
pub(crate) const KEY: &str = "sk-secret";

/// A source of pictures whose bytes say which one was asked for, and how large.
#[derive(Debug)]
pub(crate) struct Album;

pub(crate) fn image(number: u32) -> ImageId {
    ImageId::of_pixels(Size::new(number, 1), &[])
}

impl ImageSource for Album {
    fn encoded(&self, id: ImageId, longest_side: u32) -> Result<EncodedImage, ImageSourceError> {
        let number = (1..40).find(|number| image(*number) == id).ok_or(ImageSourceError::Unknown(id))?;
        let bytes = format!("picture {number} at {longest_side}").into_bytes();
        Ok(EncodedImage { bytes, media_type: "image/jpeg", size: Size::new(longest_side, longest_side) })
    }

    fn size(&self, _: ImageId) -> Result<Size, ImageSourceError> {
        Ok(Size::new(4000, 4000))
    }
}

#[derive(Debug, Deserialize)]
struct File {
    tapes: BTreeMap<String, Cassette>,
}

/// The cassettes of a dialect, by scenario.
pub(crate) fn tapes(dialect: Dialect) -> BTreeMap<String, Cassette> {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "tests", "cassettes", &format!("{dialect}.json")].iter().collect();
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = text.replace("{image1}", &image(1).to_string());
    let file: File =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.tapes
}

/// What the service of a dialect says in a scenario.
pub(crate) fn response(dialect: Dialect, scenario: &str) -> RecordedResponse {
    tapes(dialect)[scenario].exchanges[0].response.clone()
}

pub(crate) fn config(dialect: Dialect, server: &str) -> RemoteConfig {
    let version = match dialect {
        Dialect::Gemini => "/v1beta",
        Dialect::Ollama => "",
        _ => "/v1",
    };
    let mut config = RemoteConfig::speaking(dialect, format!("{server}{version}"), "m").with_key(KEY);
    config.retry = Retry { times: 2, first_wait: Duration::from_millis(5), longest: Duration::from_secs(5) };
    config
}

pub(crate) fn model(config: RemoteConfig) -> RemoteModel {
    lavr_remote::forbid_real_requests();
    RemoteModel::new(config, Arc::new(Album)).unwrap()
}

pub(crate) async fn ask(model: &RemoteModel, turn: TurnRequest) -> Result<Reply, ModelError> {
    collect("m", model.stream(turn, CancellationToken::new()).await?).await
}

/// Asks the service of a dialect as its cassette has it; any other request is a fault.
pub(crate) async fn played(dialect: Dialect, scenario: &str, turn: TurnRequest) -> Reply {
    let cassette = tapes(dialect).remove(scenario).unwrap_or_else(|| panic!("{dialect} has no {scenario}"));
    let player = Player::start(cassette).await.unwrap();
    let reply = ask(&model(config(dialect, player.address())), turn).await;
    player.finish().unwrap_or_else(|error| panic!("{dialect}, {scenario}: {error}"));
    reply.unwrap_or_else(|error| panic!("{dialect}, {scenario}: {error}"))
}
