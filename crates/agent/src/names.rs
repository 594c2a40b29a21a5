//! Short names for images. A model pays for every token of an id and miscopies it: it reads and writes
//! `image1`, `image2`, ...; everyone else uses the id.

use lavr_types::ImageId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The images of a run by the names that the planner uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageNames(Vec<ImageId>);

impl ImageNames {
    /// Names an image, or finds the name it has.
    pub fn name(&mut self, id: ImageId) -> String {
        let index = self.0.iter().position(|known| *known == id).unwrap_or_else(|| {
            self.0.push(id);
            self.0.len() - 1
        });
        format!("image{}", index + 1)
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<String> {
        (1..=self.0.len()).map(|number| format!("image{number}")).collect()
    }

    /// The images, in the order of their names.
    pub(crate) fn ids(&self) -> &[ImageId] {
        &self.0
    }

    fn id(&self, name: &str) -> Option<ImageId> {
        let number: usize = name.strip_prefix("image")?.parse().ok()?;
        self.0.get(number.checked_sub(1)?).copied()
    }

    /// Puts ids in the place of names, wherever the schema of the arguments takes an image.
    pub(crate) fn put_ids(&self, schema: &Value, arguments: &mut Value) {
        let Some(arguments) = arguments.as_object_mut() else { return };
        for (property, value) in arguments {
            replace(&schema["properties"][property], value, self);
        }
    }

    /// What stands where the schema takes an image and is no image of this run, once ids are in place. The store may hold
    /// the images of other runs.
    pub(crate) fn missing<'a>(&self, schema: &Value, arguments: &'a Value) -> Option<&'a str> {
        let known = |text: &str| text.parse().is_ok_and(|id| self.0.contains(&id));
        let properties = arguments.as_object().into_iter().flatten();
        properties
            .filter_map(|(name, value)| {
                let schema = &schema["properties"][name.as_str()];
                (is_image(schema) || is_image(&schema["items"])).then_some(value)
            })
            .flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice))
            .find_map(|value| value.as_str().filter(|text| !known(text)))
    }

    /// Puts names in the place of ids that have one, anywhere in a value. Others stay: a text in a picture that looks
    /// like an id must not take the name of the next image.
    pub(crate) fn put_names(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let known = text.parse().ok().and_then(|id| self.0.iter().position(|known| *known == id));
                if let Some(index) = known {
                    *text = format!("image{}", index + 1);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.put_names(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.put_names(field)),
            _ => {}
        }
    }
}

fn replace(schema: &Value, value: &mut Value, names: &ImageNames) {
    match value {
        Value::String(name) if is_image(schema) => {
            if let Some(id) = names.id(name) {
                *name = id.to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(&schema["items"], item, names)),
        _ => {}
    }
}

/// Whether a schema takes the name of an image.
pub(crate) fn is_image(schema: &Value) -> bool {
    schema["format"] == "image-id"
}

#[cfg(test)]
mod tests {
    use lavr_types::Size;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_go_in_where_the_schema_takes_an_image_and_nowhere_else() {
        let id = ImageId::of_pixels(Size::new(1, 1), &[0, 0, 0]);
        let mut names = ImageNames::default();
        names.name(id);
        let schema = json!({ "properties": {
            "image": { "type": "string", "format": "image-id" }, "text": { "type": "string" } } });
        let mut arguments = json!({ "image": "image1", "text": "image1" });
        names.put_ids(&schema, &mut arguments);
        assert_eq!(arguments, json!({ "image": id, "text": "image1" }));
        names.put_names(&mut arguments);
        assert_eq!(arguments, json!({ "image": "image1", "text": "image1" }));
    }

    #[test]
    fn a_name_that_is_not_there_stays_for_the_dispatcher_to_refuse() {
        let schema = json!({ "properties": { "image": { "format": "image-id" } } });
        for name in ["image0", "image9", "image", "image99999999999999999999"] {
            let mut arguments = json!({ "image": name });
            ImageNames::default().put_ids(&schema, &mut arguments);
            assert_eq!(arguments["image"], name);
        }
    }
}
