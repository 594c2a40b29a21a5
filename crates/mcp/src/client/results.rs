//! What a server's tool gave, as an observation.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lavr_image::ImageStore;
use lavr_tool::ToolError;
use lavr_types::{ImageId, Observation};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::{Value, json};

/// The most characters of text that are handed to a planner.
const MOST_CHARACTERS: usize = 16_000;
/// The most images of one result.
const MOST_IMAGES: usize = 16;

/// An observation of what came back. Whatever it is, nobody here vouches for it.
pub(super) fn observation(
    server: &str,
    result: CallToolResult,
    images: &ImageStore,
) -> Result<Observation<Value>, ToolError> {
    let text = text(&result.content);
    if result.is_error == Some(true) {
        let said = if text.is_empty() { "it said nothing more".to_owned() } else { text };
        return Err(ToolError::failed(format!("the tool of the MCP server `{server}` failed: {said}")));
    }
    let show = show(server, &result.content, images)?;
    let value = match result.structured_content {
        Some(value) if !value.is_null() => value,
        _ => json!({ "text": text }),
    };
    let value = match value {
        value if show.is_empty() => value,
        Value::Object(mut fields) => {
            fields.entry("images").or_insert_with(|| json!(show));
            Value::Object(fields)
        }
        value => json!({ "value": value, "images": show }),
    };
    Ok(Observation::new(value).with_images(show).untrusted())
}

fn text(content: &[ContentBlock]) -> String {
    let pieces = content.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.clone()),
        ContentBlock::Resource(resource) => match &resource.resource {
            ResourceContents::TextResourceContents { text, .. } => Some(text.clone()),
            _ => None,
        },
        ContentBlock::ResourceLink(link) => Some(format!("{}: {}", link.name, link.uri)),
        _ => None,
    });
    let text = pieces.collect::<Vec<_>>().join("\n");
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{} ... (cut off: {} bytes in all)", &text[..end], text.len()),
        None => text,
    }
}

fn show(server: &str, content: &[ContentBlock], images: &ImageStore) -> Result<Vec<ImageId>, ToolError> {
    let pictures = content.iter().filter_map(ContentBlock::as_image).take(MOST_IMAGES);
    pictures
        .map(|picture| {
            let wrong =
                || ToolError::failed(format!("the MCP server `{server}` gave an image that cannot be read"));
            let bytes = STANDARD.decode(&picture.data).map_err(|error| wrong().caused_by(error))?;
            images.insert_encoded(&bytes, "the image").map_err(|error| wrong().caused_by(error))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use lavr_types::{FailureKind, Trust};

    use super::*;

    fn picture(store: &ImageStore) -> (ImageId, ContentBlock) {
        let id = store.insert(lavr_image::RgbImage::new(3, 2)).unwrap();
        (id, ContentBlock::image(STANDARD.encode(store.get(id).unwrap().png().unwrap()), "image/png"))
    }

    #[test]
    fn images_go_into_the_store_and_are_named_in_the_value() {
        let (id, block) = picture(&ImageStore::default());
        let store = ImageStore::default();
        let result = CallToolResult::success(vec![ContentBlock::text("a chart"), block]);
        let observation = observation("plots", result, &store).unwrap();
        assert_eq!(observation.value, json!({ "text": "a chart", "images": [id] }));
        assert_eq!((observation.show, observation.trust), (vec![id], Trust::Untrusted));
        assert!(store.get(id).is_ok());
    }

    #[test]
    fn structured_content_is_the_value() {
        let mut result = CallToolResult::success(vec![ContentBlock::text("{\"n\": 3}")]);
        result.structured_content = Some(json!({ "n": 3 }));
        assert_eq!(observation("x", result, &ImageStore::default()).unwrap().value, json!({ "n": 3 }));
    }

    #[test]
    fn an_error_of_the_tool_is_a_failure_with_its_words() {
        let result = CallToolResult::error(vec![ContentBlock::text("no such page")]);
        let error = observation("x", result, &ImageStore::default()).unwrap_err();
        assert_eq!(error.kind, FailureKind::Failed);
        assert!(error.message.contains("no such page"), "{error}");
    }

    #[test]
    fn an_image_that_is_none_is_a_failure_not_a_panic() {
        let result = CallToolResult::success(vec![ContentBlock::image("!!", "image/png")]);
        let error = observation("x", result, &ImageStore::default()).unwrap_err();
        assert!(error.message.contains("cannot be read"), "{error}");
    }

    #[test]
    fn a_flood_of_text_is_cut() {
        let result = CallToolResult::success(vec![ContentBlock::text("ü".repeat(100_000))]);
        let value = observation("x", result, &ImageStore::default()).unwrap().value;
        assert!(value["text"].as_str().unwrap().ends_with("(cut off: 200000 bytes in all)"));
    }
}
