//! A requirement for people who want to know why, how it is decided and what would make it pass.

use seaworthy_core::catalog::{Check, CompiledRequirement, Requirement};

use super::page::{Ink, Page, Span};
use super::{NONE, WIDTH_MAX, WIDTH_MIN};
use crate::Style;
use crate::words::{consent_word, counted};

/// Where text stands below a title.
const INDENT: usize = 2;
/// Where it stands below a check.
const INNER: usize = 4;
/// Most lines of a snippet.
const SNIPPET_LINES_MAX: usize = 200;

/// Explains one requirement.
pub fn explain(requirement: &CompiledRequirement, style: &Style) -> String {
    let page = Page::new(style.width.clamp(WIDTH_MIN, WIDTH_MAX), style.colour);
    let mut lesson = Lesson { page };
    let spec = &requirement.spec;
    lesson.head(spec);
    lesson.title("Why it matters");
    lesson.text(&spec.why);
    lesson.title("How it is decided");
    lesson.decided(spec);
    lesson.attested(spec);
    lesson.title("What would make it pass");
    lesson.text(&spec.remedy.text);
    if let Some(snippet) = &spec.remedy.snippet {
        lesson.page.blank();
        lesson.page.block(INNER, snippet, SNIPPET_LINES_MAX);
    }
    lesson.title("How far its checks can be trusted");
    lesson.proof(requirement);
    if !spec.seeds.is_empty() {
        lesson.title("Who asks for it, as seed and line");
        lesson.text(&spec.seeds.join(", "));
    }
    lesson.page.finish()
}

struct Lesson {
    page: Page,
}

impl Lesson {
    fn head(&mut self, spec: &Requirement) {
        let spans = [
            (Ink::Strong, spec.id.as_str()),
            (Ink::Faint, " · "),
            (Ink::Faint, spec.severity.word()),
            (Ink::Faint, " · "),
            (Ink::Faint, &spec.area),
        ];
        self.page.prose(NONE, 0, &spans);
        self.page.prose(NONE, 0, &[(Ink::Plain, &one_line(&spec.title))]);
    }

    fn decided(&mut self, spec: &Requirement) {
        if let Some(applies) = &spec.applies {
            self.labelled(INDENT, "applies where ", Ink::Code, applies);
        }
        for check in &spec.checks {
            self.check(check, spec);
        }
        let fresh = format!("A verdict stays fresh for {}.", spec.fresh_for);
        self.page.prose(NONE, INDENT, &[(Ink::Faint, &fresh)]);
    }

    /// What a person puts a name to, where one may.
    fn attested(&mut self, spec: &Requirement) {
        let Some(attestation) = &spec.attestation else { return };
        self.title("What a person attests");
        self.text(&attestation.asks);
        let roles: Vec<&str> = attestation.by.iter().map(|role| role.word()).collect();
        let mut terms = format!("By {}, for {} days at most", roles.join(" or "), attestation.days_max);
        if attestation.file {
            terms += ", with the document itself";
        }
        if !attestation.figures.is_empty() {
            terms += &format!(", with the figures {}", attestation.figures.join(", "));
        }
        self.text(&(terms + "."));
    }

    fn check(&mut self, check: &Check, spec: &Requirement) {
        let role = if check.assurance >= spec.least { "decides" } else { "is only a hint" };
        let consent = format!(", with consent `{}`: {role}", consent_word(check.consent));
        let how = [(Ink::Plain, "by "), (Ink::Strong, check.assurance.word()), (Ink::Plain, &consent)];
        self.page.prose(NONE, INDENT, &how);
        self.labelled(INNER, "wanted: ", Ink::Plain, &check.wants);
        if let Some(each) = &check.each {
            let label = format!("for each `{}` of ", check.named.as_deref().unwrap_or("it"));
            self.labelled(INNER, &label, Ink::Code, each);
        }
        self.labelled(INNER, "passes where ", Ink::Code, &check.pass);
        if let Some(fail) = &check.fail {
            self.labelled(INNER, "fails where ", Ink::Code, fail);
        }
        if let Some(why) = &check.none_passes {
            self.labelled(INNER, "passes where there is none: ", Ink::Plain, why);
        }
    }

    fn proof(&mut self, requirement: &CompiledRequirement) {
        let Some(proof) = requirement.proof() else {
            let text = "Not proven as they stand: they are experimental, which is shown and cannot block.";
            self.page.prose(NONE, INDENT, &[(Ink::Doubt, text)]);
            return;
        };
        let spans = [
            (Ink::Good, "Proven"),
            (Ink::Plain, &*format!(" on {}: passed on the sound part ", proof.seen)),
            (Ink::Code, &proof.sound),
            (Ink::Plain, &*format!(", failed under {}, ", counted(proof.sabotage.len(), "sabotage"))),
            (Ink::Plain, "was unknown with the part away."),
        ];
        self.page.prose(NONE, INDENT, &spans);
        self.page.prose(NONE, INNER, &[(Ink::Faint, &proof.sabotage.join(", "))]);
        let again = format!("seaworthy catalog prove {}", requirement.spec.id);
        self.page.copied(INDENT, &[(Ink::Plain, "See it again: "), (Ink::Code, &again)]);
    }

    fn title(&mut self, text: &str) {
        self.page.blank();
        self.page.prose(NONE, 0, &[(Ink::Strong, text)]);
    }

    fn text(&mut self, text: &str) {
        self.page.prose(NONE, INDENT, &[(Ink::Plain, &one_line(text))]);
    }

    fn labelled(&mut self, indent: usize, label: &str, ink: Ink, text: &str) {
        let text = one_line(text);
        let spans: [Span<'_>; 2] = [(Ink::Strong, label), (ink, &text)];
        self.page.prose(NONE, indent, &spans);
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
