//! Programs: started without a shell, with a bare environment, and ended with all that they started.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{ExitStatus, Stdio},
};

use lavr_types::Secret;
use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop, ProcessGroup};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
};

/// How much of standard error is kept: the end of it.
const KEPT_ERROR_BYTES: usize = 8 << 10;

/// A program and what it is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// The program: a path, or a name that is looked for in `PATH`.
    pub program: String,
    /// Its arguments, handed over as they are: no shell reads them.
    pub arguments: Vec<String>,
    /// Its working directory; `None`: ours.
    pub folder: Option<PathBuf>,
    /// All that it finds in its environment besides `PATH`.
    pub environment: BTreeMap<String, Secret>,
}

impl Program {
    /// A program with arguments, in our working directory, with nothing but `PATH` in its environment.
    pub fn new<A: Into<String>>(program: impl Into<String>, arguments: impl IntoIterator<Item = A>) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The command that starts it, in a process group of its own.
    pub fn command(&self) -> CommandWrap {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value.reveal())));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut wrapped = CommandWrap::from(command);
        wrapped.wrap(KillOnDrop);
        #[cfg(unix)]
        wrapped.wrap(ProcessGroup::leader());
        wrapped
    }

    /// Starts it, with its three standard streams connected to us.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self) -> std::io::Result<Child> {
        let mut wrapped = self.command();
        wrapped.command_mut().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Child { child: wrapped.spawn()?, ended: false })
    }

    /// Runs it to its end: writes `input` to its standard input, and reads at most `most_bytes` of its output. Dropped
    /// on the way, the program ends with all that it started.
    ///
    /// # Errors
    /// When it cannot be started, or writes more.
    pub async fn run(&self, input: &[u8], most_bytes: usize) -> Result<Ended, RunError> {
        let mut child =
            self.start().map_err(|source| RunError::Start { program: self.program.clone(), source })?;
        let broken = |source| RunError::Broken { program: self.program.clone(), source };
        let streams = (child.child.stdin().take(), child.child.stdout().take(), child.child.stderr().take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = streams else {
            return Err(broken(std::io::Error::other("a standard stream is missing")));
        };
        let write = async move {
            // A program may end without reading what it was given.
            _ = stdin.write_all(input).await;
            _ = stdin.shutdown().await;
            Ok(())
        };
        let read = async {
            let output = at_most(stdout, most_bytes).await.map_err(broken)?;
            output.ok_or_else(|| RunError::TooMuch { program: self.program.clone(), limit: most_bytes })
        };
        let error = async { Ok(the_end_of(stderr).await) };
        let ((), output, error) = tokio::try_join!(write, read, error)?;
        let status = child.wait().await.map_err(broken)?;
        Ok(Ended { status, output, error })
    }
}

/// A program that ran to its end.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub output: Vec<u8>,
    /// The end of what it wrote to standard error.
    pub error: String,
}

/// A program could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It could not be started.
    #[error("`{program}` could not be started: is it installed, and may it be run?")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It wrote too much.
    #[error("`{program}` wrote more than the {limit} bytes allowed")]
    TooMuch {
        /// The program.
        program: String,
        /// The limit.
        limit: usize,
    },
    /// The connection to it broke.
    #[error("the connection to `{program}` broke")]
    Broken {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A running program. Dropped, it ends with all that it started.
#[derive(Debug)]
pub struct Child {
    pub(crate) child: Box<dyn ChildWrapper>,
    ended: bool,
}

impl Child {
    /// Waits for its end.
    pub(crate) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.ended = true;
        Ok(status)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.ended {
            // It may have ended by itself just now.
            _ = self.child.start_kill();
        }
    }
}

/// All that comes, or `None` where that is more than the limit.
async fn at_most(stream: impl AsyncRead + Unpin, limit: usize) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    stream.take(limit as u64 + 1).read_to_end(&mut bytes).await?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

/// The end of what comes, read to the last byte so that the program never waits for us.
async fn the_end_of(mut stream: impl AsyncRead + Unpin) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(read) = stream.read(&mut piece).await {
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&piece[..read]);
        if kept.len() > 2 * KEPT_ERROR_BYTES {
            kept.drain(..kept.len() - KEPT_ERROR_BYTES);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shell(script: &str) -> Program {
        Program::new("sh", ["-c", script])
    }

    #[tokio::test]
    async fn input_output_error_and_exit_code_are_told() {
        let ended = shell("cat; echo wrong >&2; exit 3").run(b"given", 100).await.unwrap();
        assert_eq!((ended.status.code(), ended.output.as_slice()), (Some(3), b"given".as_slice()));
        assert_eq!(ended.error, "wrong\n");
    }

    #[tokio::test]
    async fn a_program_that_reads_nothing_is_no_error() {
        let ended = shell("exit 0").run(&vec![7; 1 << 20], 100).await.unwrap();
        assert!(ended.status.success());
    }

    #[tokio::test]
    async fn a_flood_is_cut_off() {
        let error = shell("yes").run(b"", 1000).await.unwrap_err();
        assert!(matches!(error, RunError::TooMuch { limit: 1000, .. }), "{error}");
    }

    #[tokio::test]
    async fn arguments_are_not_read_by_a_shell() {
        let ended = Program::new("printf", ["%s", "$(id) `id` ; id"]).run(b"", 100).await.unwrap();
        assert_eq!(ended.output, b"$(id) `id` ; id");
    }

    #[tokio::test]
    async fn the_environment_is_bare() {
        let mut program = Program::new("env", [""; 0]);
        program.environment.insert("NAMED".into(), Secret::new("x"));
        let ended = program.run(b"", 10_000).await.unwrap();
        let output = String::from_utf8(ended.output).unwrap();
        let mut names: Vec<&str> = output.lines().filter_map(|line| line.split('=').next()).collect();
        names.sort_unstable();
        assert_eq!(names, ["NAMED", "PATH"]);
    }

    #[tokio::test]
    async fn a_program_that_is_dropped_ends_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", pid.display());
        let program = shell(&script);
        let grandchild = tokio::select! {
            _ = program.run(b"", 100) => panic!("it waits"),
            pid = async {
                loop {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    if let Ok(pid) = std::fs::read_to_string(&pid).unwrap_or_default().trim().parse::<u32>() {
                        break pid;
                    }
                }
            } => pid,
        };
        // Gone, or a zombie that nobody has collected yet.
        let is_alive = || {
            let state = std::fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
            state
                .rsplit(')')
                .next()
                .is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
        };
        for _ in 0..400 {
            if !is_alive() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the child of the program lives on");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told() {
        let error = Program::new("no-such-program", [""; 0]).run(b"", 1).await.unwrap_err();
        assert!(error.to_string().contains("could not be started"), "{error}");
    }
}
