//! What a secure cluster needs: an authority and a certificate for loopback, users with passwords, and the settings that
//! name them. Made anew for each cluster; readable by their owner only.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// The super user.
pub(crate) const ADMIN: &str = "admin";

/// Users, each in PLAIN and in SCRAM-SHA-512: the super user; one that is allowed what it is granted; one that is never
/// granted anything.
const USERS: [&str; 3] = [ADMIN, "mailtally", "stranger"];

/// The folder of a secure cluster's secrets.
#[derive(Clone, Debug)]
pub(crate) struct Secrets(PathBuf);

impl Secrets {
    /// Those of a cluster's directory, made where they are lacking.
    pub(crate) fn of(dir: &Path) -> Result<Self> {
        let secrets = Self(dir.join("secrets"));
        if !secrets.0.join("server.pem").exists() {
            std::fs::create_dir_all(&secrets.0).map_err(|error| format!("{}: {error}", secrets.0.display()))?;
            secrets.make_passwords()?;
            secrets.make_certificates()?;
        }
        write_private(&secrets.client_properties(), &secrets.client_text()?)?;
        Ok(secrets)
    }

    /// The authority's certificate: what clients trust.
    pub(crate) fn authority(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// The super user's settings for Kafka's own tools.
    pub(crate) fn client_properties(&self) -> PathBuf {
        self.0.join("client.properties")
    }

    pub(crate) fn password(&self, user: &str) -> Result<String> {
        let path = self.0.join(format!("{user}.password"));
        let text =
            std::fs::read_to_string(&path).map_err(|error| format!("user {user}: {}: {error}", path.display()))?;
        Ok(text.trim().to_owned())
    }

    /// Flags for `StorageTool format` that make the users known to SCRAM.
    pub(crate) fn scram(&self) -> Result<Vec<String>> {
        let flag = |user: &&str| Ok(format!("SCRAM-SHA-512=[name={user},password={}]", self.password(user)?));
        USERS.iter().map(flag).collect()
    }

    /// Lines of `server.properties`.
    pub(crate) fn properties(&self) -> Vec<(String, String)> {
        let plain = self.plain();
        let server = self.0.join("server.pem").display().to_string();
        let authority = self.authority().display().to_string();
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;".to_owned();
        [
            ("ssl.keystore.type", "PEM".to_owned()),
            ("ssl.keystore.location", server),
            ("ssl.truststore.type", "PEM".to_owned()),
            ("ssl.truststore.location", authority),
            ("sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-512".to_owned()),
            ("sasl.mechanism.inter.broker.protocol", "PLAIN".to_owned()),
            ("sasl.mechanism.controller.protocol", "PLAIN".to_owned()),
            ("listener.name.client.plain.sasl.jaas.config", plain.clone()),
            ("listener.name.client.scram-sha-512.sasl.jaas.config", scram),
            ("listener.name.internal.sasl.enabled.mechanisms", "PLAIN".to_owned()),
            ("listener.name.internal.plain.sasl.jaas.config", plain.clone()),
            ("listener.name.controller.sasl.enabled.mechanisms", "PLAIN".to_owned()),
            ("listener.name.controller.plain.sasl.jaas.config", plain),
            ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned()),
            ("super.users", format!("User:{ADMIN}")),
            ("allow.everyone.if.no.acl.found", "false".to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }

    /// PLAIN's users, and who a broker is to others.
    fn plain(&self) -> String {
        let known = |user: &str| self.password(user).unwrap_or_default();
        let mut text = format!(
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"{ADMIN}\" password=\"{}\"",
            known(ADMIN)
        );
        for user in USERS {
            text += &format!(" user_{user}=\"{}\"", known(user));
        }
        text + ";"
    }

    fn client_text(&self) -> Result<String> {
        Ok(format!(
            "security.protocol=SASL_SSL\nssl.truststore.type=PEM\nssl.truststore.location={}\nsasl.mechanism=PLAIN\n\
             sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
             username=\"{ADMIN}\" password=\"{}\";\n",
            self.authority().display(),
            self.password(ADMIN)?
        ))
    }

    fn make_passwords(&self) -> Result<()> {
        for user in USERS {
            write_private(&self.0.join(format!("{user}.password")), &random_word()?)?;
        }
        Ok(())
    }

    /// An authority, and a certificate of its for `localhost` and 127.0.0.1 with its key in one file, as Kafka reads it.
    fn make_certificates(&self) -> Result<()> {
        self.openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mailtally-authority -keyout ca.key -out ca.pem",
        )?;
        self.openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr")?;
        write_private(&self.0.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")?;
        self.openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out server.crt",
        )?;
        let read = |name: &str| std::fs::read_to_string(self.0.join(name)).map_err(|error| format!("{name}: {error}"));
        write_private(&self.0.join("server.pem"), &[read("server.key")?, read("server.crt")?].concat())
    }

    fn openssl(&self, arguments: &str) -> Result<()> {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments.split(' ')).current_dir(&self.0).stdin(Stdio::null());
        let output = openssl.output().map_err(|error| format!("openssl: {error}: install Debian's openssl"))?;
        if output.status.success() {
            Ok(())
        } else {
            Err(format!("openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr)))
        }
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let open = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| format!("{}: {error}", path.display()))
}

/// 32 hexadecimal digits.
pub(crate) fn random_word() -> Result<String> {
    let mut bytes = [0; 16];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| format!("/dev/urandom: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
