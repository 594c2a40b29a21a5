//! From files to tools: every mistake that can be seen before the first call is told with the file and the place.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lavr_mcp::{Client, ClientConfig, ImageForm, Reach};
use lavr_process::Program;
use lavr_tool::{DynTool, self_contained};
use lavr_types::{Capability, Concurrency, Secret, ToolSpec, Trust};
use reqwest::{
    Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};

use crate::{
    DeclareError,
    arguments::image_arguments,
    command::{CommandTool, mentioned},
    file::{Body, File, Group, Http, Mcp, Method, Output, Stdin},
    http::{HttpTool, client},
    mapping::Mapping,
    perceived,
    placeholders::{expanded, secrets},
};

/// How long a call may take where the file does not say.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What kind of tool a file declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A local command.
    Command,
    /// An HTTP endpoint.
    Http,
    /// An MCP server, with as many tools as it offers.
    Mcp,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Command => "command",
            Self::Http => "HTTP endpoint",
            Self::Mcp => "MCP server",
        })
    }
}

/// A declaration that was read and checked.
#[derive(Clone)]
pub struct Declaration {
    /// The file that it stands in.
    pub path: PathBuf,
    /// The name of the tool, or what the names of the server's tools begin with.
    pub name: String,
    /// What kind of tool it is.
    pub kind: Kind,
    /// Whether it comes before the experts of its capability, not after them.
    pub prefer: bool,
    made: Made,
}

#[derive(Clone)]
enum Made {
    Tool(Arc<dyn DynTool>),
    Server(Box<ClientConfig>),
}

impl Declaration {
    /// The tools that it declares. An MCP server is started for it.
    ///
    /// # Errors
    /// When the server cannot be had.
    pub async fn tools(&self) -> Result<Vec<Arc<dyn DynTool>>, DeclareError> {
        match &self.made {
            Made::Tool(tool) => Ok(vec![Arc::clone(tool)]),
            Made::Server(config) => {
                // Boxed: a session is large, and every command waits for this.
                let connected = Box::pin(Client::connect(*config.clone())).await;
                let wrong = |source| DeclareError::Mcp { path: self.path.clone(), source: Box::new(source) };
                Ok(connected.map_err(wrong)?.tools())
            }
        }
    }
}

impl std::fmt::Debug for Declaration {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, name, kind, .. } = self;
        formatter
            .debug_struct("Declaration")
            .field("path", path)
            .field("name", name)
            .field("kind", kind)
            .finish_non_exhaustive()
    }
}

/// The declarations of a file, or of all `.toml` files of a folder in the order of their names. Nothing is started.
///
/// # Errors
/// When one of them is not usable.
pub fn read(path: &Path) -> Result<Vec<Declaration>, DeclareError> {
    let failed = |source| DeclareError::Read { path: path.to_owned(), source };
    if !path.is_dir() {
        return Ok(vec![read_file(path)?]);
    }
    let mut files = std::fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>())
        .map_err(failed)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files.iter().map(|file| read_file(file)).collect()
}

fn read_file(path: &Path) -> Result<Declaration, DeclareError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| DeclareError::Read { path: path.to_owned(), source })?;
    let file: File = toml::from_str(&text)
        .map_err(|source| DeclareError::Toml { path: path.to_owned(), source: Box::new(source) })?;
    let name =
        file.name.clone().or_else(|| Some(path.file_stem()?.to_str()?.replace('-', "_"))).unwrap_or_default();
    Reader { path, name }.declaration(file)
}

/// Makes tools of one file.
struct Reader<'a> {
    path: &'a Path,
    name: String,
}

impl Reader<'_> {
    fn wrong(&self, field: impl Into<String>, message: impl Into<String>) -> DeclareError {
        DeclareError::Field { path: self.path.to_owned(), field: field.into(), message: message.into() }
    }

    fn declaration(self, mut file: File) -> Result<Declaration, DeclareError> {
        let prefer = file.prefer;
        let (kind, made) = match (file.command.take(), file.http.take(), file.mcp.take()) {
            (Some(command), None, None) => {
                let mapping = self.mapping(&file)?;
                let known: Vec<String> = argument_names(file.arguments.as_ref());
                let parts = command.arguments.iter().flat_map(|group| match group {
                    Group::One(part) => std::slice::from_ref(part),
                    Group::Several(parts) => parts,
                });
                if let Some(unknown) = parts
                    .flat_map(|part| mentioned(part))
                    .find(|name| !known.iter().any(|known| known == name))
                {
                    let message = format!(
                        "`{{{unknown}}}` is no argument of the tool; there are: {}",
                        known.join(", ")
                    );
                    return Err(self.wrong("command.arguments", message));
                }
                if command.stdin == Stdin::Image && mapping.images.is_empty() {
                    return Err(
                        self.wrong("command.stdin", "there is no argument with format = \"image-id\"")
                    );
                }
                let (environment, hidden) =
                    self.environment("command", &command.environment, &command.variables)?;
                let folder = Some(self.folder(command.folder.as_deref()));
                let program = Program {
                    program: self.program(&command.program),
                    arguments: Vec::new(),
                    folder,
                    environment,
                };
                let spec = self.spec(&file, &mapping)?;
                (
                    Kind::Command,
                    Made::Tool(Arc::new(CommandTool { spec, mapping, command, program, secrets: hidden })),
                )
            }
            (None, Some(http), None) => (Kind::Http, Made::Tool(Arc::new(self.http(&file, http)?))),
            (None, None, Some(mcp)) => (Kind::Mcp, Made::Server(Box::new(self.server(&file, mcp)?))),
            _ => {
                return Err(self.wrong(
                    "[command], [http], [mcp]",
                    "declare exactly one of them: how the tool is reached",
                ));
            }
        };
        Ok(Declaration { path: self.path.to_owned(), name: self.name, kind, prefer, made })
    }

    fn spec(&self, file: &File, mapping: &Mapping) -> Result<ToolSpec, DeclareError> {
        let description = file.description.clone().filter(|text| !text.trim().is_empty());
        let description = description.ok_or_else(|| {
            self.wrong("description", "say what the tool does and when to use it: a planner reads it")
        })?;
        let mut arguments = self.schema("arguments", file.arguments.as_ref().unwrap_or(&json!({})))?;
        if let Value::Object(fields) = &mut arguments {
            fields.entry("type").or_insert_with(|| json!("object"));
            // An argument that is not known is a mistake to point out, not to pass over.
            fields.entry("additionalProperties").or_insert_with(|| json!(false));
        }
        if arguments["type"] != "object" {
            return Err(self.wrong(
                "arguments.type",
                "arguments are an object: leave the type out, and list them under [arguments.properties]",
            ));
        }
        let needs_image =
            mapping.capability != Capability::Other && mapping.capability != Capability::Transform;
        if needs_image && !mapping.images.iter().any(|name| name == "image") {
            return Err(self.wrong(
                "capability",
                "a tool of this capability is asked with an argument `image`: declare it with format = \"image-id\"",
            ));
        }
        let output = match &mapping.answer.schema {
            Some(schema) => self.schema("result.schema", schema)?,
            None => perceived::schema(mapping.capability).unwrap_or_else(|| json!({})),
        };
        Ok(ToolSpec {
            name: self.name.clone(),
            description,
            version: file.version.unwrap_or(1),
            arguments,
            output,
            capability: mapping.capability,
            concurrency: file.concurrency.unwrap_or(Concurrency::Shared),
            timeout: self.timeout(file)?,
            cacheable: file.cacheable,
            idempotent: file.idempotent.unwrap_or(true),
            needs_approval: file.approval,
            asks_model: false,
            network: None,
        })
    }

    fn schema(&self, field: &str, schema: &Value) -> Result<Value, DeclareError> {
        self_contained(schema).map_err(|error| {
            let place = error.path.trim_start_matches('#').replace('/', ".");
            self.wrong(format!("{field}{place}"), error.message)
        })
    }

    fn timeout(&self, file: &File) -> Result<Duration, DeclareError> {
        let Some(seconds) = file.timeout else { return Ok(TIMEOUT) };
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|timeout| !timeout.is_zero())
            .ok_or_else(|| self.wrong("timeout", format!("{seconds} is no number of seconds above 0")))
    }

    fn mapping(&self, file: &File) -> Result<Mapping, DeclareError> {
        let answer = file.result.clone().unwrap_or_default();
        let images = image_arguments(file.arguments.as_ref().unwrap_or(&Value::Null));
        let mut places = vec![
            ("result.value", &answer.value),
            ("result.text", &answer.text),
            ("result.images", &answer.images),
        ];
        for fact in &answer.evidence {
            if !fact.each.is_empty() && !fact.each.starts_with('/') {
                return Err(self.wrong("result.evidence.each", pointer(&fact.each)));
            }
            places.extend([
                ("result.evidence.box", &fact.bounds),
                ("result.evidence.label", &fact.label),
                ("result.evidence.text", &fact.text),
                ("result.evidence.score", &fact.score),
            ]);
            if let Some(image) = fact.image.as_ref().filter(|image| !images.contains(image)) {
                return Err(self.wrong(
                    "result.evidence.image",
                    format!("`{image}` is no argument with format = \"image-id\""),
                ));
            }
        }
        let wrong_place = |place: &str| !place.is_empty() && !place.starts_with('/');
        if let Some((field, place)) = places
            .iter()
            .find_map(|(field, place)| Some((field, place.as_ref().filter(|place| wrong_place(place))?)))
        {
            return Err(self.wrong(*field, pointer(place)));
        }
        if !answer.evidence.is_empty() && images.is_empty() {
            return Err(self.wrong(
                "result.evidence",
                "evidence lies in an image, and there is no argument with format = \"image-id\"",
            ));
        }
        if answer.output != Output::Json && !(answer.evidence.is_empty() && answer.images.is_none()) {
            return Err(
                self.wrong("result.output", "only JSON has places that `evidence` and `images` can point to")
            );
        }
        let trust = file.trust.unwrap_or(Trust::Untrusted);
        let capability = file.capability.unwrap_or(Capability::Other);
        Ok(Mapping { tool: self.name.clone(), capability, trust, answer, images })
    }

    fn http(&self, file: &File, http: Http) -> Result<HttpTool, DeclareError> {
        let mapping = self.mapping(file)?;
        let spec = self.spec(file, &mapping)?;
        if http.images == ImageForm::Path {
            return Err(self.wrong("http.images", "a service cannot read our files: use base64 or data_url, or body = \"multipart\" or \"image\""));
        }
        if http.body == Body::Image && mapping.images.is_empty() {
            return Err(self.wrong("http.body", "there is no argument with format = \"image-id\""));
        }
        if http.method == Method::Get && http.body != Body::Query {
            return Err(
                self.wrong("http.method", "a GET has no body: say body = \"query\", or method = \"POST\"")
            );
        }
        let text = self.expanded("http.url", &http.url)?;
        let url = Url::parse(text.reveal()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url =
            url.ok_or_else(|| self.wrong("http.url", format!("`{}` is no http or https address", http.url)))?;
        let mut headers = HeaderMap::new();
        for (name, value) in self.all_expanded("http.headers", &http.headers)? {
            let field = || format!("http.headers.{name}");
            let known =
                HeaderName::try_from(&name).map_err(|_| self.wrong(field(), "no header has such a name"))?;
            let mut value = HeaderValue::try_from(value.reveal())
                .map_err(|_| self.wrong(field(), "it has characters that no header may have"))?;
            value.set_sensitive(true);
            headers.insert(known, value);
        }
        let hidden = Self::hidden(http.headers.values().chain([&http.url]));
        let client =
            client().map_err(|error| self.wrong("http", format!("no HTTP client could be made: {error}")))?;
        Ok(HttpTool { spec, mapping, http, url, headers, secrets: hidden, client })
    }

    fn server(&self, file: &File, mcp: Mcp) -> Result<ClientConfig, DeclareError> {
        let foreign = [
            ("description", file.description.is_some()),
            ("arguments", file.arguments.is_some()),
            ("capability", file.capability.is_some()),
            ("concurrency", file.concurrency.is_some()),
            ("trust", file.trust.is_some()),
            ("idempotent", file.idempotent.is_some()),
            ("approval", file.approval),
            ("result", file.result.is_some()),
        ];
        if let Some((field, _)) = foreign.iter().find(|(_, given)| *given) {
            return Err(self.wrong(
                *field,
                "an MCP server describes its tools itself, and what they give is untrusted: leave it out",
            ));
        }
        let reach = match (mcp.program, mcp.url) {
            (Some(program), None) => {
                let (environment, _) = self.environment("mcp", &mcp.environment, &mcp.variables)?;
                let (program, folder) = (self.program(&program), Some(self.folder(mcp.folder.as_deref())));
                Reach::Command(Program { program, arguments: mcp.arguments, folder, environment })
            }
            (None, Some(url)) => {
                let url = self.expanded("mcp.url", &url)?.reveal().to_owned();
                Reach::Http { url, headers: self.all_expanded("mcp.headers", &mcp.headers)? }
            }
            _ => return Err(self.wrong("mcp", "give either `program` (and `arguments`), or `url`")),
        };
        let mut config = ClientConfig::new(&self.name, reach);
        config.timeout = self.timeout(file)?;
        config.only = mcp.only;
        config.images = mcp.images;
        config.approve = mcp.approve;
        config.cacheable = file.cacheable;
        Ok(config)
    }

    /// A program written as a path starts where the file is; a bare name is looked for in `PATH`.
    fn program(&self, program: &str) -> String {
        let path = Path::new(program);
        if path.is_absolute() || path.components().count() < 2 {
            return program.to_owned();
        }
        self.beside(path).display().to_string()
    }

    /// The working directory: the file's own, where nothing else is said.
    fn folder(&self, folder: Option<&Path>) -> PathBuf {
        self.beside(folder.unwrap_or(Path::new(".")))
    }

    fn beside(&self, path: &Path) -> PathBuf {
        let own = self.path.parent().filter(|own| !own.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let joined = own.join(path);
        std::path::absolute(&joined).unwrap_or(joined)
    }

    /// What a program finds in its environment, and what of it no message may show.
    fn environment(
        &self,
        section: &str,
        inherited: &[String],
        variables: &BTreeMap<String, String>,
    ) -> Result<(BTreeMap<String, Secret>, Vec<Secret>), DeclareError> {
        let mut environment = self.all_expanded(&format!("{section}.variables"), variables)?;
        let known =
            inherited.iter().filter_map(|name| Some((name.clone(), Secret::new(std::env::var(name).ok()?))));
        environment.extend(known);
        Ok((environment, Self::hidden(variables.values())))
    }

    fn hidden<'t>(texts: impl IntoIterator<Item = &'t String>) -> Vec<Secret> {
        texts.into_iter().flat_map(|text| secrets(text, |name| std::env::var(name).ok())).collect()
    }

    fn all_expanded(
        &self,
        field: &str,
        texts: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Secret>, DeclareError> {
        texts
            .iter()
            .map(|(name, text)| Ok((name.clone(), self.expanded(&format!("{field}.{name}"), text)?)))
            .collect()
    }

    fn expanded(&self, field: &str, text: &str) -> Result<Secret, DeclareError> {
        expanded(text, |name| std::env::var(name).ok())
            .map_err(|name| self.wrong(field, format!("the environment variable `{name}` is not set")))
    }
}

fn pointer(place: &str) -> String {
    format!("`{place}` is no place in JSON: write `/{}` (RFC 6901)", place.replace('.', "/"))
}

fn argument_names(schema: Option<&Value>) -> Vec<String> {
    let fields = schema.and_then(|schema| schema["properties"].as_object());
    fields.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}
