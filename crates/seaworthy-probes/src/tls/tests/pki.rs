//! Authorities and certificates for the tests.

use chrono::{Datelike, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm, date_time_ymd,
};

/// A certificate authority.
pub(super) struct Authority {
    pub(super) certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, as files want it.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// The certificates to send.
    pub(super) chain: Vec<String>,
    pub(super) key: String,
}

/// What is special about a server's certificate.
#[derive(Debug, Clone)]
pub(super) struct Special {
    pub(super) names: Vec<String>,
    /// From how many days on, and until, counted from today.
    pub(super) days: (i64, i64),
    pub(super) algorithm: &'static SignatureAlgorithm,
    pub(super) for_clients_only: bool,
}

impl Default for Special {
    fn default() -> Self {
        Self {
            names: vec![super::NAME.into()],
            days: (-30, 60),
            algorithm: &PKCS_ECDSA_P256_SHA256,
            for_clients_only: false,
        }
    }
}

impl Special {
    pub(super) fn rsa() -> Self {
        Self { algorithm: &PKCS_RSA_SHA256, ..Self::default() }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names.clone()).unwrap();
        params.distinguished_name.push(DnType::CommonName, self.names[0].clone());
        hold(&mut params, self.days);
        let purpose = if self.for_clients_only {
            ExtendedKeyUsagePurpose::ClientAuth
        } else {
            ExtendedKeyUsagePurpose::ServerAuth
        };
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        params
    }

    /// Signed by its own key.
    pub(super) fn self_signed(&self) -> Identity {
        let key = KeyPair::generate_for(self.algorithm).unwrap();
        let certificate = self.params().self_signed(&key).unwrap();
        Identity { chain: vec![certificate.pem()], key: key.serialize_pem() }
    }
}

impl Authority {
    pub(super) fn root(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority_params(name, (-365, 3650));
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    pub(super) fn intermediate(&self, name: &str, days: (i64, i64)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = authority_params(name, days);
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    pub(super) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A server's certificate, alone.
    pub(super) fn issue(&self, special: &Special) -> Identity {
        let key = KeyPair::generate_for(special.algorithm).unwrap();
        let certificate = special.params().signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![certificate.pem()], key: key.serialize_pem() }
    }

    /// The key and certificate for `openssl x509 -req`.
    pub(super) fn files(&self, folder: &std::path::Path) {
        std::fs::write(folder.join("ca.pem"), self.pem()).unwrap();
        std::fs::write(folder.join("ca.key"), self.issuer.key().serialize_pem()).unwrap();
    }
}

impl Identity {
    pub(super) fn with(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.pem());
        self
    }
}

fn authority_params(name: &str, days: (i64, i64)) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    hold(&mut params, days);
    params
}

fn hold(params: &mut CertificateParams, (from, until): (i64, i64)) {
    let day = |from_today: i64| {
        let day = (Utc::now() + TimeDelta::days(from_today)).date_naive();
        date_time_ymd(day.year(), u8::try_from(day.month()).unwrap(), u8::try_from(day.day()).unwrap())
    };
    (params.not_before, params.not_after) = (day(from), day(until));
}
