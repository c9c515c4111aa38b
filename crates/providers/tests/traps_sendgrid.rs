//! What SendGrid's webhook is known to surprise with, one test each.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use domain::{Agent, BounceClass, Drop, DropReason, Fact, MailClass, Origin, Rank, Scope};
use providers::{Mapping, Outcome, Place, Reported, provider};
use serde_json::{Value, json};

fn read_with(mapping: &Mapping, body: &[u8]) -> Vec<Outcome> {
    (provider("sendgrid").expect("known").decode)(body, mapping).expect("a body")
}

/// The report of one event: the common fields with these over them; null takes a field away.
fn report_with(mapping: &Mapping, fields: &Value) -> Reported {
    let mut event = json!({
        "event": "delivered", "email": "ada@example.com", "timestamp": 1_735_725_600, "sg_event_id": "e1",
        "sg_message_id": "abc.recvd-1", "smtp-id": "<abc@geopod-ismtpd-1>",
    });
    for (name, value) in fields.as_object().expect("fields") {
        event[name] = value.clone();
    }
    match read_with(mapping, json!([event]).to_string().as_bytes()).remove(0) {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

/// When the report says that it happened.
fn at(report: &Reported) -> String {
    report.time.expect("a time").rfc3339()
}

fn report(fields: &Value) -> Reported {
    report_with(&Mapping::default(), fields)
}

fn drop_of(reason: &str) -> Drop {
    match report(&json!({"event": "dropped", "reason": reason})).fact {
        Fact::Dropped(drop) => drop,
        other => panic!("no drop: {other:?}"),
    }
}

fn class_of(fields: &Value) -> BounceClass {
    match report(fields).fact {
        Fact::Bounced { class, .. } => class,
        other => panic!("no bounce: {other:?}"),
    }
}

#[test]
fn old_message_ids_contain_dots_themselves() {
    let id =
        report(&json!({"sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"})).provider_message_id;
    assert_eq!(id.as_deref(), Some("14c5d75ce93.dfd.64b469"));
}

#[test]
fn a_drop_may_carry_a_suffix_for_an_id() {
    let fields = json!({"event": "dropped", "sg_message_id": "filter0093p1las1.9128.5515E0B88.0"});
    assert_eq!(report(&fields).provider_message_id.as_deref(), Some("abc"));
}

#[test]
fn an_asynchronous_bounce_lacks_the_message_id_and_joins_by_smtp_id() {
    let bounce = json!({"event": "bounce", "sg_message_id": null});
    assert_eq!(report(&bounce).provider_message_id, report(&json!({})).provider_message_id);
}

#[test]
fn the_event_id_changes_on_retries() {
    assert_eq!(report(&json!({"sg_event_id": "e1"})).id, report(&json!({"sg_event_id": "e2"})).id);
}

#[test]
fn the_event_id_may_be_absent() {
    assert_eq!(report(&json!({"event": "unsubscribe", "sg_event_id": null})).event_keys().len(), 1);
}

#[test]
fn several_recipients_share_a_message_id() {
    assert_ne!(report(&json!({})).id, report(&json!({"email": "bob@example.com"})).id);
    assert_eq!(report(&json!({})).id, report(&json!({"email": " Ada@Example.com"})).id);
}

#[test]
fn what_differs_makes_another_event() {
    let click = |url: &str, ip: &str| report(&json!({"event": "click", "url": url, "ip": ip})).id;
    assert_ne!(click("https://a.example", "192.0.2.1"), click("https://b.example", "192.0.2.1"));
    assert_ne!(click("https://a.example", "192.0.2.1"), click("https://a.example", "192.0.2.2"));
    let deferred = |attempt: &str| report(&json!({"event": "deferred", "attempt": attempt})).id;
    assert_ne!(deferred("1"), deferred("2"));
    let group = |id: u8| report(&json!({"event": "group_unsubscribe", "asm_group_id": id})).id;
    assert_ne!(group(1), group(2));
}

#[test]
fn a_single_send_reports_milliseconds() {
    assert_eq!(at(&report(&json!({"timestamp": 1_591_726_752_372_u64}))), "2020-06-09T18:19:12.372Z");
}

#[test]
fn a_timestamp_may_be_a_string_or_have_a_fraction() {
    assert_eq!(at(&report(&json!({"timestamp": "1735725600"}))), "2025-01-01T10:00:00Z");
    assert_eq!(at(&report(&json!({"timestamp": 1_735_725_600.25}))), "2025-01-01T10:00:00.250Z");
}

#[test]
fn a_timestamp_may_be_missing() {
    assert_eq!(report(&json!({"timestamp": null})).time, None);
}

#[test]
fn an_event_may_be_capitalised() {
    assert_eq!(report(&json!({"event": "Processed"})).fact, Fact::Sent);
}

#[test]
fn blocked_is_a_bounce_that_suppresses_nobody() {
    assert_eq!(
        class_of(&json!({"event": "bounce", "type": "blocked", "bounce_classification": "Invalid Address"})),
        BounceClass::Block
    );
    assert_eq!(
        class_of(&json!({"event": "bounce", "type": "bounce", "bounce_classification": "Reputation"})),
        BounceClass::Hard
    );
    assert_eq!(class_of(&json!({"event": "bounce", "type": "expired"})), BounceClass::Soft);
    assert_eq!(class_of(&json!({"event": "bounce", "type": "new-word"})), BounceClass::Undetermined);
}

#[test]
fn bounce_classifications_are_compared_in_any_case() {
    let class = |word: &str| class_of(&json!({"event": "bounce", "bounce_classification": word}));
    assert_eq!(class("Mailbox Unavailable"), BounceClass::Soft);
    assert_eq!(class("mailbox unavailable"), BounceClass::Soft);
    assert_eq!(class("Technical Failure"), BounceClass::Soft);
    assert_eq!(class("Frequency or Volume Too High"), BounceClass::Block);
    assert_eq!(class("Unclassified"), BounceClass::Undetermined);
    assert_eq!(class("Invalid Address"), BounceClass::Hard);
    assert_eq!(class_of(&json!({"event": "bounce"})), BounceClass::Hard);
}

#[test]
fn drop_reasons_are_matched_by_their_beginning() {
    let cases = [
        ("Bounced Address", DropReason::PriorBounce, Scope::Address),
        ("unsubscribed address", DropReason::Unsubscribed, Scope::Address),
        ("Spam Reporting Address", DropReason::PriorSpam, Scope::Address),
        ("Invalid", DropReason::InvalidAddress, Scope::Address),
        ("Invalid SMTPAPI header", DropReason::SenderError, Scope::Message),
        ("Spam Content (if spam checker app is enabled)", DropReason::ContentSpam, Scope::Message),
        ("Recipient List over Package Quota", DropReason::Quota, Scope::Account),
        ("duplicate", DropReason::Duplicate, Scope::Message),
        ("Something new about ada@example.com", DropReason::Other, Scope::Message),
    ];
    for (text, reason, scope) in cases {
        let drop = drop_of(text);
        assert_eq!((drop.reason, drop.scope), (reason, scope), "{text}");
    }
    assert_eq!(drop_of("Something new about ada@example.com").text, "Something new about [address]");
}

#[test]
fn a_category_is_absent_a_string_or_a_list() {
    let tags = |category: Value| report(&json!({"category": category})).tags;
    assert_eq!(tags(json!("one")), ["one"]);
    assert_eq!(tags(json!(["one", 2, null, ""])), ["one", "2"]);
    assert_eq!(tags(json!("[\"one\", \"two\"]")), ["one", "two"]);
    assert_eq!(tags(json!("[one")), ["[one"]);
    assert_eq!(tags(Value::Null).len() + tags(json!({})).len() + tags(json!([])).len(), 0);
}

#[test]
fn the_machine_flag_is_true_false_or_absent() {
    let opener = |fields: Value| match report(&fields).fact {
        Fact::Opened(agent) => agent,
        other => panic!("no open: {other:?}"),
    };
    assert_eq!(opener(json!({"event": "open", "sg_machine_open": true})), Agent::Machine);
    assert_eq!(opener(json!({"event": "open", "sg_machine_open": "true"})), Agent::Machine);
    assert_eq!(opener(json!({"event": "open", "sg_machine_open": false, "useragent": "Mozilla/5.0"})), Agent::Human);
    assert_eq!(opener(json!({"event": "open", "useragent": "Mozilla/5.0"})), Agent::Machine);
    assert_eq!(opener(json!({"event": "open"})), Agent::Unknown);
}

#[test]
fn a_click_has_no_machine_flag() {
    let click = report(&json!({"event": "click", "url": "https://a.example/?id=1", "sg_machine_open": true}));
    assert_eq!(click.fact, Fact::Clicked { agent: Agent::Unknown, link: "https://a.example/?id=".to_owned() });
    assert_eq!(click.url.as_deref(), Some("https://a.example/?id=1"));
}

#[test]
fn a_group_is_a_list_and_no_group_is_all() {
    let mapping = Mapping { sendgrid_groups: [("7".to_owned(), "offers".to_owned())].into(), ..Mapping::default() };
    let scope = |fields: Value| match report_with(&mapping, &fields).fact {
        Fact::Unsubscribed { scope, from_register: false } | Fact::Resubscribed { scope, from_register: false } => {
            scope
        }
        other => panic!("no unsubscribe: {other:?}"),
    };
    assert_eq!(scope(json!({"event": "unsubscribe"})), Scope::Organisation);
    assert_eq!(scope(json!({"event": "group_unsubscribe", "asm_group_id": 7})), Scope::List("offers".to_owned()));
    assert_eq!(scope(json!({"event": "group_resubscribe", "asm_group_id": "8"})), Scope::List("8".to_owned()));
    assert_eq!(scope(json!({"event": "group_unsubscribe"})), Scope::Organisation);
}

#[test]
fn a_resubscribe_without_its_group_lifts_nothing() {
    let body = br#"[{"event": "group_resubscribe", "email": "ada@example.com", "timestamp": 1735725600}]"#;
    let read = read_with(&Mapping::default(), body);
    assert!(matches!(&read[..], [Outcome::Ignored { why: "no_group", .. }]), "{read:?}");
}

#[test]
fn custom_arguments_stand_beside_the_fields_in_any_shape() {
    let said = report(&json!({
        "mailtally_message": 1001, "mailtally_campaign": ["spring"], "mailtally_client": "c", "mailtally_copy": "1",
        "mailtally_origin": "client_file", "mailtally_class": "Transactional", "mailtally_organisation": "",
    }));
    assert_eq!((said.message.as_deref(), said.campaign.as_deref()), (Some("1001"), Some("spring")));
    assert_eq!((said.client.as_deref(), said.organisation), (Some("c"), None));
    assert_eq!(
        (said.copy, said.origin, said.class),
        (Some(true), Some(Origin::ClientFile), Some(MailClass::Transactional))
    );
    assert_eq!(said.rank, Rank::CustomData);
}

#[test]
fn headers_come_back_over_smtp_in_any_case() {
    let mapping = Mapping { message: Place::Custom("x-mailtally-message".to_owned()), ..Mapping::default() };
    assert_eq!(report_with(&mapping, &json!({"X-Mailtally-Message": "m-1"})).message.as_deref(), Some("m-1"));
}

#[test]
fn a_campaign_out_of_a_category_counts_less() {
    let mapping = Mapping { campaign: Place::Category("campaign:".to_owned()), ..Mapping::default() };
    let said = report_with(&mapping, &json!({"category": ["newsletter", "campaign: spring"]}));
    assert_eq!((said.campaign.as_deref(), said.rank), (Some("spring"), Rank::Tags));
    assert_eq!(report_with(&mapping, &json!({"category": "campaign:"})).campaign, None);
}

#[test]
fn the_body_ends_with_a_line_break() {
    let body = b"[{\"event\": \"delivered\", \"email\": \"a@example.com\", \"timestamp\": 1735725600}]\r\n";
    assert_eq!(read_with(&Mapping::default(), body).len(), 1);
}

#[test]
fn an_address_in_an_smtp_answer_stays_out_of_the_fact() {
    let said = report(&json!({"event": "deferred", "response": "451 <ada@example.com> later"}));
    assert_eq!(said.fact, Fact::Deferred { reason: "451 <[address]> later".to_owned() });
    assert_eq!(said.reason.as_deref(), Some("451 <ada@example.com> later"));
}

#[test]
fn a_body_that_is_no_list_is_one_event_or_refused_whole() {
    let decode = provider("sendgrid").expect("known").decode;
    let reason = |body: &[u8]| decode(body, &Mapping::default()).map_err(|why| why.reason).map(|read| read.len());
    assert_eq!(reason(br#"{"event": "open", "email": "a@example.com", "timestamp": 1735725600}"#), Ok(1));
    assert_eq!(reason(b"[]"), Ok(0));
    assert_eq!(reason(b"\xef\xbb\xbf \r\n"), Err("empty_body"));
    assert_eq!(reason(b"\"text\""), Err("not_json"));
    assert_eq!(reason(b"event=open&email=a"), Err("not_json"));
}

#[test]
fn a_mail_that_came_in_is_a_form_in_parts() {
    let part = |name: &str, value: &str| {
        format!("--xYzZY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body =
        format!("{}{}--xYzZY--\r\n", part("envelope", "{\"to\":[\"in@north.example\"]}"), part("html", "<p>\n[x]</p>"));
    let read = read_with(&Mapping::default(), body.as_bytes());
    assert!(matches!(read.as_slice(), [Outcome::Ignored { why: "inbound_mail", .. }]), "{read:?}");
}

#[test]
fn a_cut_body_is_read_to_the_cut_and_says_that_it_is_cut() {
    let whole = r#"[{"event": "delivered", "email": "a@example.com", "timestamp": 1735725600}, {"event": "open"}]"#;
    for end in 1..whole.len() {
        let cut = whole.get(..end).expect("ASCII");
        let read = read_with(&Mapping::default(), cut.as_bytes());
        assert!(matches!(read.last(), Some(Outcome::Rejected { .. })), "{cut}: {read:?}");
        assert_eq!(matches!(read.first(), Some(Outcome::Event(_))), end >= 74, "{cut}: {read:?}");
    }
}
