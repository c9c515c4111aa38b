//! `GET /v1/openapi.json`: what the code that answers says of itself, and what holds of every route.

use std::sync::{Arc, LazyLock};

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, SecurityRequirement,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::answer::POSITION;
use crate::guard::AT_LEAST;
use crate::problem::Written;
use crate::router::{Rest, Rule};

/// What is answered besides what a route says itself.
const ALWAYS: [(&str, &str); 5] = [
    ("400", "A parameter is not as described; `detail` names it."),
    ("401", "No token, or one that nobody granted."),
    ("403", "The token's role does not allow it."),
    ("404", "The organisation has no such thing, or the token is of another organisation."),
    ("503", "Not now: `Retry-After` says when to ask again."),
];

const ABOUT: &str = "Numbers, lists, messages, clients and checks of one organisation, of the same moment and by the same rules as \
    the Communications dashboard. Every answer says what it reflects (`as_of`) and carries an ETag; an answer of the same tag \
    says that nothing changed. Problems are RFC 9457. Nothing of another organisation is ever answered. Instants are RFC 3339, \
    counters are by message as in `proto/README.md`, rates are 0 to 1 and named by their denominator.";

/// The document of all routes.
pub(crate) fn finished(routes: impl Iterator<Item = (Rule, UtoipaMethodRouter<Arc<Rest>>)>) -> OpenApi {
    let info = InfoBuilder::new().title("Mailtally").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT));
    let mut document = OpenApiBuilder::new().info(info).build();
    let components = document.components.get_or_insert_default();
    for (name, scheme) in schemes() {
        components.add_security_scheme(name, scheme);
    }
    components.schemas.insert(Written::name().into_owned(), Written::schema());
    for (rule, (schemas, paths, _)) in routes {
        components.schemas.extend(schemas);
        for (path, mut item) in paths.paths {
            let operations = [item.get.as_mut(), item.post.as_mut()];
            operations.into_iter().flatten().for_each(|operation| ruled(operation, rule));
            document.paths.paths.insert(path, item);
        }
    }
    document
}

fn schemes() -> [(&'static str, SecurityScheme); 2] {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A token of `mailtally grant`."));
    let session = ApiKeyValue::with_description("mailtally", "The session of the dashboard.");
    [("token", SecurityScheme::Http(bearer.build())), ("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)))]
}

/// What holds of every route with a rule.
fn ruled(operation: &mut Operation, rule: Rule) {
    let Rule::From(role) = rule else { return };
    let said = operation.description.take().unwrap_or_default();
    operation.description =
        Some(format!("{said}\n\nNeeds the role {} or a higher one.", role.word()).trim().to_owned());
    operation.security =
        Some(["token", "session"].map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, [])).into());
    let at_least = ParameterBuilder::new()
        .name(AT_LEAST)
        .parameter_in(ParameterIn::Header)
        .description(Some(format!(
            "A `position` that the answer must have reached, as the header `{POSITION}` gives it."
        )))
        .schema(Some(String::schema()));
    operation.parameters.get_or_insert_default().push(at_least.build());
    let problem = || {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Written::name()))).build();
        ResponseBuilder::new().content("application/problem+json", content)
    };
    for (status, said) in ALWAYS {
        let answer = problem().description(said).build();
        operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(answer));
    }
}

/// What this API is, as OpenAPI 3.1.
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "about", operation_id = "openapi",
    responses((status = 200, description = "This document.")),
)]
pub(crate) async fn show() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| crate::document().to_json().unwrap_or_default());
    let headers: [(HeaderName, HeaderValue); 2] = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, TEXT.as_str()).into_response()
}
