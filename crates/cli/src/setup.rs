//! Puts the parts together as the command line asks: the one place that knows them all.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use lavr_experts::{Contrast, Experts};
use lavr_fetch::Fetcher;
use lavr_image::{ImageError, ImageStore};
use lavr_infer::Sessions;
use lavr_local::{LocalModel, LocalOptions};
use lavr_model::{ChatModel, Metered};
use lavr_prompt::Library;
use lavr_remote::{RemoteConfig, RemoteModel};
use lavr_tool::Dispatcher;
use lavr_trace::cassette::{Player, Recorder};
use lavr_types::{Budget, ImageId};
use lavr_verify::{
    CombinedExtractor, LexicalExtractor, ModelCorrector, ModelExtractor, Policy as Unverified, Verifier,
    VerifierOptions,
};
use lavr_vision::{VisionFiles, VisionModel, VisionOptions};
use lavr_weights::{Progress, Silent, Store, StoreOptions};

use crate::{
    arguments::{Checking, ExtractorChoice, Global, ModelChoice, Policy, RewriteChoice, Tracing},
    own_tools::OwnTools,
    progress::Bars,
};

/// The catalogue's name of the planner that is used where none is chosen.
const DEFAULT_PLANNER: &str = "qwen2.5-coder-1.5b-instruct";

/// The parts that every command shares.
pub(crate) struct Setup {
    pub(crate) images: Arc<ImageStore>,
    pub(crate) store: Store,
    pub(crate) sessions: Arc<Sessions>,
    cassette: Cassette,
    /// The detector's network that was chosen.
    detector: Option<String>,
    /// The network that cuts things out, if one was chosen.
    segmenter: Option<String>,
    /// The network that finds the points of bodies, if one was chosen.
    pose: Option<String>,
    /// The vision-language model that was chosen.
    vision: Option<String>,
    /// What fetches pictures from addresses, where that is allowed.
    fetcher: Option<Fetcher>,
    pub(crate) own_tools: OwnTools,
    /// What models and tools are paid from.
    budget: Budget,
}

/// Whether models and tools are recorded or played back.
enum Cassette {
    Off,
    Recording(Recorder),
    Playing(Player),
}

/// The name under which the planner's model stands on a cassette.
const PLANNER: &str = "planner";

/// The planner's model, or why there is none.
pub(crate) enum PlannerModel {
    Model(Arc<dyn ChatModel>),
    /// A fixed plan, as asked for.
    Fixed,
    /// A fixed plan, because no model could be had.
    Unavailable(String),
}

impl Setup {
    pub(crate) fn new(global: &Global, show_progress: bool) -> anyhow::Result<Self> {
        if let Some(threads) = global.threads {
            lavr_infer::set_threads(threads)?;
        }
        let mut options = StoreOptions::from_environment()?;
        options.offline |= global.offline;
        anyhow::ensure!(
            !(options.offline && global.allow_urls),
            "--allow-urls fetches pictures, and --offline forbids to fetch anything: take one of them away"
        );
        let progress: Arc<dyn Progress> =
            if show_progress { Arc::new(Bars::new()) } else { Arc::new(Silent) };
        let store = Store::open(options)?.with_bundled(lavr_experts::BUNDLED).with_progress(progress);
        let networks =
            [("--detector", &global.detector), ("--segmenter", &global.segmenter), ("--pose", &global.pose)];
        for (option, network) in networks {
            if let Some(network) = network {
                ensure_network(option, network, &store)?;
            }
        }
        let sessions = Arc::new(Sessions::new(store.clone(), global.engine));
        let fetcher = global.allow_urls.then(Fetcher::default);
        Ok(Self {
            images: Arc::default(),
            store,
            sessions,
            cassette: Cassette::Off,
            fetcher,
            detector: global.detector.clone(),
            segmenter: global.segmenter.clone(),
            pose: global.pose.clone(),
            vision: global.vision.clone(),
            own_tools: OwnTools::default(),
            budget: Budget::default(),
        })
    }

    /// With a budget that the models and the tools are paid from.
    pub(crate) fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Over images that are there already.
    pub(crate) fn with_images(mut self, images: Arc<ImageStore>) -> Self {
        self.images = images;
        self
    }

    fn metered(&self, model: Arc<dyn ChatModel>) -> Arc<dyn ChatModel> {
        Arc::new(Metered::new(model, self.budget.clone()).with_images(Arc::clone(&self.images) as _))
    }

    /// With models and tools recorded or played back, as the command line asks.
    pub(crate) fn with_cassette(mut self, tracing: &Tracing) -> anyhow::Result<Self> {
        self.cassette = match (&tracing.record, &tracing.replay) {
            (Some(folder), _) => Cassette::Recording(Recorder::create(folder)?),
            (None, Some(folder)) => Cassette::Playing(Player::open(folder)?),
            (None, None) => Cassette::Off,
        };
        Ok(self)
    }

    /// Fails where the cassette could not be written, or did not have what was asked of it.
    pub(crate) fn check_cassette(&self) -> anyhow::Result<()> {
        match &self.cassette {
            Cassette::Off => Ok(()),
            Cassette::Recording(recorder) => Ok(recorder.finish()?),
            Cassette::Playing(player) => Ok(player.finish()?),
        }
    }

    /// As [`Self::new`], with the tools of the user's.
    pub(crate) async fn with_own_tools(global: &Global, show_progress: bool) -> anyhow::Result<Self> {
        let own_tools = OwnTools::load(global).await?;
        Ok(Self { own_tools, ..Self::new(global, show_progress)? })
    }

    pub(crate) async fn open_images<P: AsRef<Path>>(
        &self,
        paths: &[P],
    ) -> anyhow::Result<Vec<(ImageId, String)>> {
        let mut pictures = Vec::new();
        for path in paths {
            let path = path.as_ref();
            pictures.push((self.open_image(path).await?, path.display().to_string()));
        }
        Ok(pictures)
    }

    /// Opens the picture at a path, or where that is allowed, at an address.
    pub(crate) async fn open_image(&self, path: &Path) -> anyhow::Result<ImageId> {
        match (self.images.open(path), &self.fetcher) {
            (Err(ImageError::WebAddress(address)), Some(fetcher)) => {
                Ok(fetcher.image(&self.images, &address).await?)
            }
            (Err(ImageError::WebAddress(address)), None) => anyhow::bail!(
                "`{address}` is an address, and pictures are fetched only where that is allowed: download it \
                 first and give the path of the file, or add --allow-urls"
            ),
            (opened, _) => Ok(opened?),
        }
    }

    /// All experts over the images of this setup.
    pub(crate) fn dispatcher(&self) -> anyhow::Result<Dispatcher> {
        self.dispatcher_with(Library::built_in())
    }

    /// As [`Self::dispatcher`]; experts that ask a model do it with these prompts.
    pub(crate) fn dispatcher_with(&self, prompts: Library) -> anyhow::Result<Dispatcher> {
        self.dispatcher_over(self.experts(prompts))
    }

    /// As [`Self::dispatcher_with`], with visual contrastive decoding in the captioning network.
    pub(crate) fn contrasting_dispatcher(&self, prompts: Library) -> anyhow::Result<Dispatcher> {
        let experts = self.experts(prompts);
        anyhow::ensure!(
            experts.captioning_network().is_some(),
            "--contrast is for the captioning network, and its files are not here: `lavr models pull blip-captioning-base`"
        );
        self.dispatcher_over(experts.with_contrast(Contrast::default()))
    }

    fn experts(&self, prompts: Library) -> Experts {
        let experts = Experts::new(Arc::clone(&self.sessions) as _, self.store.clone()).with_prompts(prompts);
        let experts = match &self.detector {
            Some(network) => experts.with_detector(network),
            None => experts,
        };
        let experts = match &self.segmenter {
            Some(network) => experts.with_segmenter(network),
            None => experts,
        };
        match &self.pose {
            Some(network) => experts.with_pose(network),
            None => experts,
        }
    }

    fn dispatcher_over(&self, experts: Experts) -> anyhow::Result<Dispatcher> {
        if let Cassette::Playing(player) = &self.cassette {
            return Ok(Dispatcher::new(player.tools()?, Arc::clone(&self.images)).within(self.budget.clone()));
        }
        let experts = match self.seeing()? {
            // It is paid by the tool that asks it.
            Some(model) => experts.with_vision(model),
            None => experts,
        };
        let registry = self.own_tools.added_to(experts.registry()?)?;
        let registry = match &self.cassette {
            Cassette::Recording(recorder) => recorder.tools(registry)?,
            Cassette::Off | Cassette::Playing(_) => registry,
        };
        Ok(Dispatcher::new(registry, Arc::clone(&self.images)).within(self.budget.clone()))
    }

    /// The model that answers questions about pictures: the one that was chosen, else the remote one if it sees.
    fn seeing(&self) -> anyhow::Result<Option<Arc<dyn ChatModel>>> {
        let Some(name) = &self.vision else {
            return Ok(self.remote()?.filter(|model| model.capabilities().images));
        };
        let folder = Path::new(name);
        let files = if folder.is_dir() {
            VisionFiles::in_folder(folder)?
        } else {
            let paths = self.store.path(name).with_context(|| {
                format!(
                    "--vision: `{name}` is no folder, and no model of that name has all its files here; \
                     `lavr models list` shows the names, `lavr models pull NAME` fetches one"
                )
            })?;
            VisionFiles::among(&paths, folder)?
        };
        let options = VisionOptions { name: name.clone(), ..VisionOptions::default() };
        let images = Arc::clone(&self.images);
        // Reading gigabytes of weights keeps a core busy.
        let model = tokio::task::block_in_place(|| VisionModel::load(&files, images, options))?;
        Ok(Some(Arc::new(model)))
    }

    /// The verifier that was chosen, with the planner's model where it needs one.
    pub(crate) fn verifier(
        dispatcher: &Dispatcher,
        policy: Policy,
        checking: &Checking,
        planner: Option<&PlannerModel>,
        prompts: &Library,
    ) -> anyhow::Result<Verifier> {
        let policy = match policy {
            Policy::Keep => Unverified::Keep,
            Policy::Mark => Unverified::Mark,
            Policy::Drop => Unverified::Drop,
        };
        let options = VerifierOptions {
            calls: checking.check_budget,
            time: checking.check_time,
            policy,
            ..VerifierOptions::default()
        };
        Self::verifier_with(dispatcher, options, checking, planner, prompts)
    }

    /// As [`Self::verifier`], with options of one's own.
    pub(crate) fn verifier_with(
        dispatcher: &Dispatcher,
        options: VerifierOptions,
        checking: &Checking,
        planner: Option<&PlannerModel>,
        prompts: &Library,
    ) -> anyhow::Result<Verifier> {
        let words = options.vocabulary;
        let verifier = Verifier::new(dispatcher.clone(), options);
        if !checking.needs_model() {
            return Ok(verifier);
        }
        let model = match planner {
            Some(PlannerModel::Model(model)) => model,
            Some(PlannerModel::Unavailable(why)) => {
                anyhow::bail!("--extractor and --rewrite ask for a model, and none could be had: {why}")
            }
            Some(PlannerModel::Fixed) | None => anyhow::bail!(
                "--extractor and --rewrite ask for a model, but --planner is none: choose a model, or lexical and rules"
            ),
        };
        let extractor = || ModelExtractor::new(Arc::clone(model), prompts, words);
        let verifier = match checking.extractor {
            ExtractorChoice::Lexical => verifier,
            ExtractorChoice::Model => verifier.with_extractor(extractor()?),
            ExtractorChoice::Both => {
                verifier.with_extractor(CombinedExtractor::new(LexicalExtractor::new(words), extractor()?))
            }
        };
        Ok(match checking.rewrite {
            RewriteChoice::Rules => verifier,
            RewriteChoice::Model => {
                verifier.with_corrector(ModelCorrector::new(Arc::clone(model), prompts, words)?)
            }
        })
    }

    /// The planner's model where the verifier needs one.
    pub(crate) async fn checking_model(
        &self,
        checking: &Checking,
        choice: &ModelChoice,
    ) -> anyhow::Result<Option<PlannerModel>> {
        if checking.needs_model() { Ok(Some(self.planner(choice).await?)) } else { Ok(None) }
    }

    /// The remote model that the environment configures, if it does.
    fn remote(&self) -> anyhow::Result<Option<Arc<dyn ChatModel>>> {
        let Some(config) = RemoteConfig::from_environment()? else { return Ok(None) };
        Ok(Some(Arc::new(RemoteModel::new(config, Arc::clone(&self.images) as _)?)))
    }

    /// The planner that was chosen. That there is none is an error only where one was asked for by name.
    pub(crate) async fn planner(&self, choice: &ModelChoice) -> anyhow::Result<PlannerModel> {
        let planner = match &self.cassette {
            Cassette::Off => self.live_planner(choice).await?,
            Cassette::Recording(recorder) => match self.live_planner(choice).await? {
                PlannerModel::Model(model) => PlannerModel::Model(recorder.model(PLANNER, model)),
                other => other,
            },
            // Where none was recorded, a fixed plan planned.
            Cassette::Playing(player) => {
                player.model(PLANNER).map_or(PlannerModel::Fixed, PlannerModel::Model)
            }
        };
        Ok(match planner {
            PlannerModel::Model(model) => PlannerModel::Model(self.metered(model)),
            other => other,
        })
    }

    async fn live_planner(&self, choice: &ModelChoice) -> anyhow::Result<PlannerModel> {
        match choice.planner.as_str() {
            "none" => Ok(PlannerModel::Fixed),
            "auto" => {
                if let Some(model) = self.remote()? {
                    return Ok(PlannerModel::Model(model));
                }
                match self.local(DEFAULT_PLANNER).await {
                    Ok(model) => Ok(PlannerModel::Model(model)),
                    Err(error) => Ok(PlannerModel::Unavailable(format!("{error:#}"))),
                }
            }
            "remote" => {
                let model = self.remote()?.context(
                    "no remote model is configured: set LAVR_MODEL, and LAVR_PROVIDER or LAVR_BASE_URL (docs/models.md)",
                )?;
                Ok(PlannerModel::Model(model))
            }
            name => Ok(PlannerModel::Model(self.local(name).await?)),
        }
    }

    async fn local(&self, name: &str) -> anyhow::Result<Arc<dyn ChatModel>> {
        let is_file =
            Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"));
        let path: PathBuf = if is_file { name.into() } else { self.store.only_file(name).await? };
        let options = LocalOptions {
            threads: lavr_infer::threads(),
            snapshots: Some(self.store.options().home.join("snapshots")),
            ..LocalOptions::default()
        };
        // Reading a gigabyte of weights keeps a core busy.
        let model = tokio::task::spawn_blocking(move || LocalModel::load(&path, options)).await??;
        Ok(Arc::new(model))
    }
}

/// The prompts that were chosen. A folder that is not there would be a slip of the pen that nobody notices.
pub(crate) fn prompts(choice: &ModelChoice) -> anyhow::Result<Library> {
    let Some(folder) = &choice.prompts else { return Ok(Library::built_in()) };
    anyhow::ensure!(folder.is_dir(), "no folder with prompts is at `{}`: check the path", folder.display());
    Ok(Library::with_overrides(folder))
}

/// What the environment says of a remote model, for people.
pub(crate) fn remote_description() -> String {
    match RemoteConfig::from_environment() {
        Ok(Some(config)) => config.to_string(),
        Ok(None) => "none: set LAVR_MODEL, and LAVR_PROVIDER or LAVR_BASE_URL, for one (docs/models.md); `vqa` and image captions need a vision model".into(),
        Err(error) => format!("{error}"),
    }
}

/// That a network which an option names is in the catalogue or in a file.
fn ensure_network(option: &str, network: &str, store: &Store) -> anyhow::Result<()> {
    if lavr_infer::is_model_file(network) {
        let file = Path::new(network);
        anyhow::ensure!(file.is_file(), "{option}: there is no file {}", file.display());
        return Ok(());
    }
    let wanted = || {
        format!(
            "{option} wants a network of the catalogue (tools/detect/README.md lists them) or the path of a file of your own, .onnx \
             or .pt"
        )
    };
    let model = store.catalogue().model(network).with_context(wanted)?;
    // Language models, word lists and data sets are in the catalogue, too.
    if !model.files_here().all(|file| lavr_infer::is_model_file(&file.name)) {
        return Err(anyhow::anyhow!("`{network}` is no such network: {}", model.purpose).context(wanted()));
    }
    Ok(())
}
