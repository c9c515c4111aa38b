//! `mailtally webhook`: a provider's request made and signed here, to try an account's set-up out before the provider posts.

mod about;
mod post;

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use domain::Time;
use providers::Secret;
use providers::sign::{Posting, Signing, delivered, sign};

pub(crate) use self::post::agent;

/// What can be asked of `webhook`.
#[derive(Subcommand)]
pub(crate) enum Webhook {
    /// Print the signed request: its headers, an empty line, its body.
    Sign(Made),
    /// Post the signed request and print the answer's status; exit code 1 unless it is 2xx.
    Send {
        /// Where to post it, over http.
        #[arg(long)]
        to: String,
        #[command(flatten)]
        made: Made,
    },
}

/// How a request is made.
#[derive(clap::Args)]
pub(crate) struct Made {
    /// Whose request it is: sendgrid, amazon_ses, postmark, mailgun, ...; a wrong name lists all.
    #[arg(long)]
    provider: String,
    /// A file with the secret that signs: a key, basic:USER:PASSWORD, bearer:TOKEN or header:NAME:VALUE, as the account has it; of
    /// SendGrid, Postal and Amazon SNS a private key in PEM. Without it MAILTALLY_WEBHOOK_SECRET is read.
    #[arg(long)]
    secret_file: Option<PathBuf>,
    /// The public URL that the provider was told, which Mandrill signs; where it is posted, without it.
    #[arg(long)]
    url: Option<String>,
    /// The topic that Amazon SNS publishes for.
    #[arg(long, default_value = "arn:aws:sns:eu-central-1:000000000000:mailtally-test")]
    topic: String,
    #[command(flatten)]
    about: about::Arguments,
    /// A file with the body, or - for standard input. Without it, one delivery of a message.
    body: Option<PathBuf>,
}

impl Webhook {
    /// Makes the request, and shows or posts it.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        match self {
            Self::Sign(made) => show(&made.posting("")?),
            Self::Send { to, made } => post::send(to, &made.posting(to)?),
        }
    }
}

impl Made {
    fn posting(&self, to: &str) -> Result<Posting> {
        let secret = self.secret()?;
        let (now, nonce) = (Time::from_micros(crate::system::now_ms().saturating_mul(1_000)), nonce()?);
        let with =
            Signing { secret: &secret, url: self.url.as_deref().unwrap_or(to), topic: &self.topic, now, nonce: &nonce };
        let body = match &self.body {
            Some(file) => read(file)?,
            None => delivered(&self.provider, &self.about.about(now, &nonce)).unwrap_or_default(),
        };
        if providers::provider(&self.provider).is_none() {
            let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
            bail!("--provider {} is none of: {}", self.provider, known.join(", "));
        }
        sign(&self.provider, &body, &with).context(format!("sign as {}", self.provider))
    }

    fn secret(&self) -> Result<Secret> {
        let words = match &self.secret_file {
            Some(file) => std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?,
            None => std::env::var("MAILTALLY_WEBHOOK_SECRET")
                .context("no secret: name a file with --secret-file or set MAILTALLY_WEBHOOK_SECRET")?,
        };
        words.parse().map_err(|why| anyhow::anyhow!("the secret {why}"))
    }
}

fn read(file: &PathBuf) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut body).context("read standard input")?;
    } else {
        body = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
    }
    Ok(body)
}

/// Thirty-two digits that no other request has.
fn nonce() -> Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).context("make a nonce")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn show(posting: &Posting) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for (name, value) in &posting.headers {
        writeln!(out, "{name}: {value}")?;
    }
    writeln!(out)?;
    out.write_all(&posting.body)?;
    Ok(ExitCode::SUCCESS)
}
