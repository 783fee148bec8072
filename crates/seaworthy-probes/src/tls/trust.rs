//! The roots that are trusted: the machine's own and those that the operator gives beside.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use seaworthy_core::facts::{Blind, Unseen};

/// Roots of trust. Loaded once per run and handed to every look.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    anchors: Vec<TrustAnchor<'static>>,
    certificates: Vec<CertificateDer<'static>>,
    /// Why a chain that leads to none of the anchors may still be sound.
    pub(super) gap: Option<Unseen>,
    /// The roots of these that somebody answers for, where not all are, and why a chain to one of the others shows nothing.
    pub(super) answered_for: Option<(Box<Self>, Unseen)>,
}

impl Roots {
    /// The roots of this machine, where `SSL_CERT_FILE` and the system's own store say.
    pub fn native() -> Self {
        let found = rustls_native_certs::load_native_certs();
        Self::of_machine(&found.certs)
    }

    /// The roots of a machine that has these.
    pub fn of_machine(certificates: &[CertificateDer<'_>]) -> Self {
        let certificates: Vec<_> = certificates.iter().map(|der| der.clone().into_owned()).collect();
        let anchors: Vec<_> = certificates.iter().filter_map(anchor).collect();
        let gap = anchors.is_empty().then(|| {
            Unseen::new(Blind::NotGiven, "this machine has no trusted root certificates")
                .give("install `ca-certificates`, or set SSL_CERT_FILE")
        });
        Self { anchors, certificates, gap, answered_for: None }
    }

    /// These roots and those of a PEM file beside them.
    #[must_use]
    pub fn and_pem(&self, pem: &[u8]) -> Self {
        let mut roots = self.clone();
        let before = roots.anchors.len();
        for found in CertificateDer::pem_slice_iter(pem) {
            match found.ok().and_then(|root| Some((anchor(&root)?, root))) {
                Some((anchor, root)) => {
                    roots.anchors.push(anchor);
                    roots.certificates.push(root.into_owned());
                }
                None => roots.gap = Some(unreadable()),
            }
        }
        if roots.anchors.len() == before {
            roots.gap = Some(unreadable());
        }
        roots
    }

    /// The same, where nobody but the manifest answers for those of the file, for this reason.
    #[must_use]
    pub fn and_unbacked_pem(&self, pem: &[u8], why: Unseen) -> Self {
        Self { answered_for: Some((Box::new(self.clone()), why)), ..self.and_pem(pem) }
    }

    /// These roots, when the file of extra ones could not be read.
    #[must_use]
    pub fn without(&self, why: Unseen) -> Self {
        Self { gap: Some(why), ..self.clone() }
    }

    /// The anchors.
    pub(super) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    /// Whether this very certificate is trusted.
    pub(super) fn has(&self, certificate: &CertificateDer<'_>) -> bool {
        self.certificates.iter().any(|root| root == certificate)
    }

    /// Whether a root has this subject, written as the content of its DER sequence.
    pub(super) fn has_subject(&self, subject: &[u8]) -> bool {
        self.anchors.iter().any(|anchor| anchor.subject.as_ref() == subject)
    }
}

fn anchor(certificate: &CertificateDer<'_>) -> Option<TrustAnchor<'static>> {
    webpki::anchor_from_trusted_cert(certificate).ok().map(|anchor| anchor.to_owned())
}

fn unreadable() -> Unseen {
    Unseen::new(Blind::Garbled, "the file of extra roots holds something that is not a root certificate")
        .give("make `ca` a PEM file of root certificates")
}
