//! librdkafka's errors, sorted by what the caller does, each with its remedy.

use engine::TopicPartition;
use log::Error;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::context::Trouble;

/// Why a question was not answered. `doing` says what was asked; a connection's own trouble explains a silence.
pub(crate) fn explain(doing: &str, servers: &str, error: &KafkaError, trouble: &Trouble) -> Error {
    let code = error.rdkafka_error_code();
    let refusal = trouble.last().filter(|_| code.is_none_or(is_silence));
    match refusal {
        Some((code, text)) => sort(doing, servers, code, &text),
        None => sort(doing, servers, code.unwrap_or(RDKafkaErrorCode::Fail), &error.to_string()),
    }
}

/// The same from a code.
pub(crate) fn sort(doing: &str, servers: &str, code: RDKafkaErrorCode, text: &str) -> Error {
    use RDKafkaErrorCode as Code;
    match code {
        Code::Authentication | Code::SaslAuthenticationFailed | Code::UnsupportedSASLMechanism => {
            Error::Refused(format!(
                "cannot {doing}: {servers} refused the user or its password ({text}): set kafka.username, kafka.password_file \
             and kafka.sasl_mechanism"
            ))
        }
        Code::SSL => Error::Refused(format!(
            "cannot {doing}: no TLS with {servers} ({text}): set kafka.security_protocol and kafka.ca_file"
        )),
        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed
        | Code::ClusterAuthorizationFailed => Error::Refused(format!(
            "cannot {doing}: this user has no right to ({text}): deploy/kafka.md lists the rights that are needed"
        )),
        Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => {
            Error::Unknown(format!("cannot {doing}: {text}; `mailtally topics create` makes the topics"))
        }
        code if is_silence(code) => Error::Unavailable(format!(
            "cannot {doing}: no answer from {servers} ({text}): start the broker or set kafka.bootstrap_servers"
        )),
        _ => Error::Unavailable(format!("cannot {doing}: {text}")),
    }
}

/// What may have a deeper cause.
fn is_silence(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::TimedOutQueue
            | Code::MessageTimedOut
    )
}

/// Bounds say what an offset that cannot be read is.
pub(crate) fn outside(partition: &TopicPartition, asked: u64, start: u64, high_watermark: u64) -> Option<Error> {
    let partition = partition.clone();
    if asked < start {
        return Some(Error::OffsetLost { partition, asked, start });
    }
    (asked > high_watermark).then_some(Error::OffsetAhead { partition, asked, high_watermark })
}
