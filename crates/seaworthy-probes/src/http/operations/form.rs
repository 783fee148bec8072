//! In which form an operation can be asked so that it takes no effect, should the call get through. Pure.

use http::Method;
use seaworthy_core::facts::Unseen;

use crate::http::client::Act;
use crate::http::openapi::Operation;
use crate::http::target::HttpTarget;

/// A form of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Without a body.
    Plain,
    /// With a body that no reader of its media type can read.
    Broken { media_type: &'static str, body: &'static str },
}

/// JSON that ends too early.
const BROKEN_JSON: Form = Form::Broken { media_type: "application/json", body: "{\"seaworthy\": " };
/// A form in parts that does not name what parts them.
const BROKEN_PARTS: Form = Form::Broken { media_type: "multipart/form-data", body: "seaworthy" };

impl Form {
    /// The form for an operation; `None` where each would take effect.
    pub(super) fn of(operation: &Operation, target: &HttpTarget) -> Option<Self> {
        let method = &operation.method;
        let fails_on_purpose = target.endpoints.fault.as_deref() == Some(&operation.path);
        if matches!(*method, Method::GET | Method::HEAD)
            || fails_on_purpose
            || operation.is_declared(&target.harmless)
        {
            return Some(Self::Plain);
        }
        // What is put under a name, or posted to it, may be made there.
        let may_create = *method == Method::PUT || (*method == Method::POST && operation.path.ends_with('}'));
        if operation.names_nothing && !may_create {
            return Some(Self::Plain);
        }
        if *method == Method::DELETE {
            return None;
        }
        let takes = |media_type: &str| operation.required_body.iter().any(|own| kind(own) == media_type);
        if takes("application/json") {
            return Some(BROKEN_JSON);
        }
        if takes("multipart/form-data") {
            return Some(BROKEN_PARTS);
        }
        // Neither the body nor the parameter that it cannot do without.
        (operation.lacks_parameter && !operation.required_body.is_empty()).then_some(Self::Plain)
    }

    pub(super) fn is_broken(self) -> bool {
        matches!(self, Self::Broken { .. })
    }

    /// A request in this form.
    pub(super) fn shape(self, act: Act) -> Result<Act, Unseen> {
        match self {
            Self::Plain => Ok(act),
            Self::Broken { media_type, body } => Ok(act.header("content-type", media_type)?.body(body)),
        }
    }
}

/// A media type without its parameters.
fn kind(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}
