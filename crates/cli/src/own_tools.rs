//! The user's own tools, and tools in processes of their own.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use lavr_declared::Declaration;
use lavr_process::{Isolated, Program};
use lavr_tool::{DynTool, Registry};
use lavr_types::Secret;

use crate::arguments::Global;

/// What `--tools` and `--isolate` ask for.
#[derive(Default)]
pub(crate) struct OwnTools {
    declared: Vec<(Declaration, Vec<Arc<dyn DynTool>>)>,
    isolated: Vec<String>,
    /// This program as a worker: the tool's name is added.
    worker: Program,
}

impl OwnTools {
    /// Reads the declarations, and starts the MCP servers among them.
    pub(crate) async fn load(global: &Global) -> anyhow::Result<Self> {
        let mut declared = Vec::new();
        for path in &global.tools {
            declared.extend(declarations(path).await?);
        }
        let worker = if global.isolate.is_empty() { Program::default() } else { worker(global)? };
        Ok(Self { declared, isolated: global.isolate.clone(), worker })
    }

    /// The registry with the user's tools in it, and with those isolated that should be.
    pub(crate) fn added_to(&self, mut registry: Registry) -> anyhow::Result<Registry> {
        for (declaration, tools) in &self.declared {
            for tool in tools {
                let tool = Arc::clone(tool);
                let added =
                    if declaration.prefer { registry.with_first(tool) } else { registry.with_dyn(tool) };
                registry =
                    added.with_context(|| format!("`{}` cannot be used", declaration.path.display()))?;
            }
        }
        for name in &self.isolated {
            let tool = registry.get(name).with_context(|| {
                let names: Vec<&str> = registry.specs().map(|spec| spec.name.as_str()).collect();
                format!("--isolate: no tool is named `{name}`; there are: {}", names.join(", "))
            })?;
            anyhow::ensure!(
                self.declaration(name).is_none(),
                "--isolate: `{name}` is a program or service of its own already (`{}`)",
                self.source(name).unwrap_or_default()
            );
            let mut worker = self.worker.clone();
            worker.arguments.push(name.clone());
            let isolated = Isolated::new(tool.spec().clone(), worker);
            registry = registry.replaced(Arc::new(isolated))?;
        }
        Ok(registry)
    }

    fn declaration(&self, tool: &str) -> Option<&Declaration> {
        let found =
            self.declared.iter().find(|(_, tools)| tools.iter().any(|known| known.spec().name == tool));
        found.map(|(declaration, _)| declaration)
    }

    /// Where a tool comes from, if it is none of ours.
    pub(crate) fn source(&self, tool: &str) -> Option<String> {
        if self.isolated.iter().any(|name| name == tool) {
            return Some("in a process of its own".to_owned());
        }
        self.declaration(tool).map(|declared| format!("{}: {}", declared.kind, declared.path.display()))
    }
}

/// What is declared at a path, with the tools.
pub(crate) async fn declarations(path: &Path) -> anyhow::Result<Vec<(Declaration, Vec<Arc<dyn DynTool>>)>> {
    let read = lavr_declared::read(path)?;
    anyhow::ensure!(
        !read.is_empty(),
        "no .toml file is in `{}`: put declarations of tools there",
        path.display()
    );
    let mut declared = Vec::new();
    for declaration in read {
        let tools = declaration.tools().await?;
        declared.push((declaration, tools));
    }
    Ok(declared)
}

/// This program, to be run as a worker with the same settings.
fn worker(global: &Global) -> anyhow::Result<Program> {
    let program =
        std::env::current_exe().context("could not tell where this program is, to start it again")?;
    let mut arguments = vec!["worker".to_owned(), "--engine".to_owned(), global.engine.to_string()];
    if global.offline {
        arguments.push("--offline".to_owned());
    }
    if let Some(threads) = global.threads {
        arguments.extend(["--threads".to_owned(), threads.to_string()]);
    }
    if let Some(detector) = &global.detector {
        arguments.extend(["--detector".to_owned(), detector.clone()]);
    }
    if let Some(segmenter) = &global.segmenter {
        arguments.extend(["--segmenter".to_owned(), segmenter.clone()]);
    }
    if let Some(pose) = &global.pose {
        arguments.extend(["--pose".to_owned(), pose.clone()]);
    }
    if let Some(vision) = &global.vision {
        arguments.extend(["--vision".to_owned(), vision.clone()]);
    }
    // It is this program: it may know what we know.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, Secret::new(value.into_string().ok()?))));
    let program = program.to_str().context("the path of this program is not UTF-8: move it")?.to_owned();
    Ok(Program { program, arguments, folder: None, environment: environment.collect() })
}
