//! Composes calls: renders, merges, checks, and asks the configuration where to go.

use serde_json::Value;

use super::campaign::{self, Unit};
use super::{RenderedPrompt, SystemPrompts, conversation, tools};
use crate::chat::{
    CampaignRef, ChatRequest, JsonMap, Message, Options, PromptRef, PromptRequest, Role, Warning,
};
use crate::config::{Ask, Config, Models, Plan};
use crate::error::{Error, ErrorKind, Result};
use crate::prompt::{Address, Prompt, PromptStore, RenderPrompt, Rules};
use crate::provider;
use crate::template::trim_text;

/// A call that is ready to be routed.
pub(crate) struct Composed {
    pub(crate) messages: Vec<Message>,
    /// Defaults of prompt, variant and arm.
    pub(crate) base: Options,
    /// What the caller set, its tools resolved.
    pub(crate) own: Options,
    pub(crate) plan: Plan,
    pub(crate) prompt: Option<PromptRef>,
    pub(crate) campaign: Option<CampaignRef>,
    pub(crate) warnings: Vec<Warning>,
    /// The variables of the prompt, for the recording.
    pub(crate) variables: Option<JsonMap>,
    /// In a session: the messages that are new, its next turn without the answer.
    pub(crate) turn: Vec<Message>,
}

/// A prompt with its arm and its messages, before routing.
struct Prepared {
    messages: Vec<Message>,
    base: Options,
    prompt: Option<PromptRef>,
    slug_project: Option<String>,
    folder_model: Option<String>,
    campaign: Option<CampaignRef>,
    warnings: Vec<Warning>,
    variables: Option<JsonMap>,
    turn: Vec<Message>,
}

/// Composes calls over one configuration and its prompts.
pub(crate) struct Composer<'a> {
    config: &'a Config,
    models: &'a Models,
    prompts: &'a dyn PromptStore,
    rules: &'a Rules,
    system: &'a SystemPrompts,
}

impl<'a> Composer<'a> {
    pub(crate) fn new(
        config: &'a Config,
        models: &'a Models,
        prompts: &'a dyn PromptStore,
        rules: &'a Rules,
        system: &'a SystemPrompts,
    ) -> Self {
        Composer {
            config,
            models,
            prompts,
            rules,
            system,
        }
    }

    /// A call of `chat`. The `history` of a session goes between its instructions and the rest.
    pub(crate) fn chat(
        &self,
        request: ChatRequest,
        history: Option<&[Message]>,
    ) -> Result<Composed> {
        let ChatRequest {
            mut messages,
            options: own,
        } = request;
        let key = assignment_key(&own);
        let unit = Unit {
            slug: None,
            project: own.project.as_deref(),
            names_variant: false,
            own: &own,
            key: &key,
        };
        let drawn = campaign::draw(&self.config.campaigns, unit, |_| false)?;
        let mut base = Options::default();
        if let Some(drawn) = &drawn {
            overlay_arm(&mut base, drawn);
        }
        let turn = history.map(|history| conversation::chat(&mut messages, history));
        let prepared = Prepared {
            messages,
            base,
            prompt: None,
            slug_project: None,
            folder_model: None,
            campaign: drawn.map(|drawn| drawn.reference()),
            warnings: Vec::new(),
            variables: None,
            turn: turn.unwrap_or_default(),
        };
        self.compose(prepared, own)
    }

    /// A call of `run_prompt`. The `history` of a session goes between the template and the new messages.
    pub(crate) fn prompt(
        &self,
        request: PromptRequest,
        history: Option<&[Message]>,
    ) -> Result<Composed> {
        let (mut prepared, trim, appended, own) =
            self.prepare(request, history.unwrap_or_default())?;
        if trim {
            prepared.messages.iter_mut().for_each(trim_text);
        }
        if let Some(history) = history {
            prepared.turn = conversation::prompt(&mut prepared.messages, history, &appended);
        }
        prepared.messages.extend(appended);
        self.compose(prepared, own)
    }

    /// A call that was composed before: what prompt, project and campaign add is in its messages and options. The
    /// project still says what model names mean, where it is configured.
    pub(crate) fn again(&self, request: ChatRequest, project: Option<String>) -> Result<Composed> {
        let ChatRequest {
            messages,
            options: own,
        } = request;
        let configured = |project: &&String| self.config.projects.contains_key(*project);
        let mut plan = self.models.resolve(&Ask {
            model: &own.model,
            prompt: &[],
            project: project.as_ref().filter(configured).map(String::as_str),
            slug_project: None,
            folder: &[],
        })?;
        plan.project = project.or(plan.project);
        provider::check(&own, &messages)?;
        Ok(Composed {
            messages,
            base: Options::default(),
            own,
            plan,
            prompt: None,
            campaign: None,
            warnings: Vec::new(),
            variables: None,
            turn: Vec::new(),
        })
    }

    /// A prompt with its variables filled in, and nothing else done.
    pub(crate) fn render(&self, request: PromptRequest) -> Result<RenderedPrompt> {
        let (prepared, _, appended, own) = self.prepare(request, &[])?;
        let mut params = prepared.base;
        params.overlay(own);
        let Value::Object(params) = serde_json::to_value(&params).unwrap_or_default() else {
            return Err(Error::new(
                ErrorKind::Internal,
                "the parameters are not an object",
            ));
        };
        let mut messages = prepared.messages;
        messages.extend(appended);
        Ok(RenderedPrompt {
            messages,
            params,
            prompt: prepared.prompt,
            warnings: prepared.warnings,
        })
    }

    fn prepare(
        &self,
        request: PromptRequest,
        history: &[Message],
    ) -> Result<(Prepared, bool, Vec<Message>, Options)> {
        let PromptRequest {
            slug,
            variables,
            environment,
            version,
            variant,
            messages,
            template,
            options: own,
        } = request;
        let mut address = Address::new(&slug)?;
        if let Some(environment) = &environment {
            address = address.environment(environment)?;
        }
        address.version = version;
        let mut prompt = self.prompts.load(&address)?;
        let key = assignment_key(&own);
        let configured = |project: &String| self.config.projects.contains_key(project);
        let project = own
            .project
            .clone()
            .or_else(|| prompt.project.clone().filter(configured));
        let reference = prompt.reference.clone();
        let unit = Unit {
            slug: Some(&reference.slug),
            project: project.as_deref(),
            names_variant: variant.is_some(),
            own: &own,
            key: &key,
        };
        let is_prompt = |named: &str| named == reference.slug && !prompt.variants.is_empty();
        let drawn = campaign::draw(&self.config.campaigns, unit, is_prompt)?;
        let mut campaign = drawn.map(|drawn| drawn.reference());
        let chosen = match (&variant, drawn.and_then(|drawn| drawn.arm.variant.as_ref())) {
            (Some(named), _) => Some(named.clone()),
            (None, Some(arm)) => Some(arm.clone()),
            (None, None) => {
                let assigned = own_variant(&prompt, &own, &key);
                if let (Some(arm), None) = (&assigned, &campaign) {
                    campaign = Some(CampaignRef {
                        key: reference.slug.clone(),
                        arm: arm.clone(),
                    });
                }
                assigned
            }
        };
        if let Some(name) = &chosen {
            prompt = prompt.variant(name)?;
        }
        let rendered = prompt.render(&RenderPrompt {
            history,
            template: template.as_deref(),
            missing: self.config.engine.missing,
            now: std::time::SystemTime::now(),
            ..RenderPrompt::new(&variables)
        })?;
        let mut base = prompt.options.clone();
        if let Some(drawn) = &drawn {
            overlay_arm(&mut base, drawn);
        }
        let prepared = Prepared {
            messages: rendered.messages,
            base,
            prompt: Some(prompt.reference.clone()),
            slug_project: prompt.project.clone(),
            folder_model: prompt.project_model.clone(),
            campaign,
            warnings: rendered.warnings,
            variables: Some(variables),
            turn: Vec::new(),
        };
        Ok((prepared, rendered.trim, messages, own))
    }

    fn compose(&self, prepared: Prepared, mut own: Options) -> Result<Composed> {
        let Prepared {
            mut messages,
            mut base,
            prompt,
            slug_project,
            folder_model,
            campaign,
            mut warnings,
            variables,
            turn,
        } = prepared;
        merge_labels(&mut own);
        let plan = self.models.resolve(&Ask {
            model: &own.model,
            prompt: &base.model,
            project: own.project.as_deref(),
            slug_project: slug_project.as_deref(),
            folder: folder_model.as_slice(),
        })?;
        let settings = match &plan.project {
            Some(name) => Some(self.config.projects.get(name).ok_or_else(|| {
                Error::not_found(
                    "project",
                    format!("no project `{name}` is configured"),
                    Vec::new(),
                )
                .with_param("project")
            })?),
            None => None,
        };
        let args = own.system_prompt_args.clone();
        let system = match &plan.project {
            Some(project) => self
                .system
                .render(project, args.unwrap_or_default(), self.rules)?,
            None => None,
        };
        if let Some(text) = system {
            messages.insert(0, Message::new(Role::System, text));
        } else if own.system_prompt_args.is_some() {
            let message = "the call has no project with a system prompt, so `system_prompt_args` says nothing";
            warnings.push(Warning::param(
                "unused_parameter",
                "system_prompt_args",
                message,
            ));
        }
        let given = own.tools.as_deref().or(base.tools.as_deref());
        let enabled = settings
            .map(|project| project.tools.as_slice())
            .unwrap_or_default();
        let tools = tools::resolve(
            given,
            enabled,
            &self.config.tools,
            own.use_tools.unwrap_or(true),
        )?;
        base.tools = None;
        own.tools = tools;
        if base.is_empty() {
            provider::check(&own, &messages)?;
        } else {
            let mut all = base.clone();
            all.overlay(own.clone());
            provider::check(&all, &messages)?;
        }
        Ok(Composed {
            messages,
            base,
            own,
            plan,
            prompt,
            campaign,
            warnings,
            variables,
            turn,
        })
    }
}

/// The variant of a prompt with variants that a call gets: it is a campaign of its own, in which
/// calls that name a model, or a parameter that a variant sets, do not take part unless they ask.
fn own_variant(prompt: &Prompt, own: &Options, key: &str) -> Option<String> {
    if prompt.variants.is_empty() {
        return None;
    }
    let slug = &prompt.reference.slug;
    let asks = own.ab_campaign.as_deref() == Some(slug);
    let names_itself = !own.model.is_empty()
        || prompt
            .variants
            .iter()
            .any(|variant| variant.options.shares_field_with(own));
    if names_itself && !asks {
        return None;
    }
    prompt.assign(key).map(str::to_owned)
}

fn overlay_arm(base: &mut Options, drawn: &campaign::Drawn<'_>) {
    base.overlay(drawn.arm.params.clone());
    if !drawn.arm.model.is_empty() {
        base.model.clone_from(&drawn.arm.model);
    }
}

/// The unit of assignment: what the call says, its user, its session, or nobody in particular.
fn assignment_key(own: &Options) -> String {
    own.assignment_key
        .clone()
        .or_else(|| own.user.clone())
        .or_else(|| own.session_id.clone())
        .unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
}

/// `metadata` is another name for `labels`, which win per key.
fn merge_labels(own: &mut Options) {
    if own.metadata.is_empty() {
        return;
    }
    let mut labels = std::mem::take(&mut own.metadata);
    labels.extend(std::mem::take(&mut own.labels));
    own.labels = labels;
}
