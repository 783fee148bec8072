"""Writes the ledger of a service as its people would have, with tools of others: OpenSSL signs, Python's sqlite3
writes. Shares no code with Seaworthy; the forms are those of DSSE, in-toto and docs/certificate.md."""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import sqlite3
import subprocess
import uuid

SHOP = pathlib.Path("shop")
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
KIND = "application/vnd.in-toto+json"
NONE = "0" * 64
DOCUMENTS = ["docs/runbook.md", "docs/incidents.md", "docs/breach.md"]


def key(name):
    """A new key; gives its public half as OpenSSH writes it."""
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", f"{name}.pem"], check=True)
    der = subprocess.run(["openssl", "pkey", "-in", f"{name}.pem", "-pubout", "-outform", "DER"],
                         check=True, capture_output=True).stdout
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + der[-32:]
    return "ssh-ed25519 " + base64.b64encode(blob).decode()


def sign(name, payload):
    kind = KIND.encode()
    pathlib.Path("pae").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    words = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", f"{name}.pem", "-in", "pae", "-out", "sig"]
    subprocess.run(words, check=True)
    return base64.b64encode(pathlib.Path("sig").read_bytes()).decode()


def envelope(signer, subject, kind, predicate):
    statement = {"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": kind,
                 "predicate": predicate}
    payload = json.dumps(statement).encode()
    return json.dumps({"payloadType": KIND, "payload": base64.b64encode(payload).decode(),
                       "signatures": [{"keyid": signer, "sig": sign(signer, payload)}]})


def is_so(what, requirement):
    return os.environ.get(what, "") == requirement


def moments(requirement, days):
    """When it was said, and until when it holds."""
    if is_so("ENDED", requirement):
        return NOW - 2 * DAY, NOW - DAY
    if is_so("OLD", requirement):
        return NOW - 200 * DAY, NOW + 100 * DAY
    if is_so("AHEAD", requirement):
        return NOW + 2 * DAY, NOW + days * DAY
    return NOW - DAY, NOW + (days - 1) * DAY


def attestation(requirement, role, person, files, figures):
    at, until = moments(requirement, 300)
    evidence, subject = [], []
    for name in files:
        content = (SHOP / name).read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        evidence.append({"name": name, "sha256": sha256, "size_bytes": len(content)})
        subject.append({"name": name, "digest": {"sha256": sha256}})
    if is_so("OPEN", requirement):
        figures = {name: 1 if name == sorted(figures)[-1] else 0 for name in figures}
    signer = "stranger" if is_so("STRANGER", requirement) else person
    return "attestation", envelope(signer, subject, "urn:seaworthy:attestation:v1", {
        "requirement": requirement,
        "service": "till" if is_so("OTHER_SERVICE", requirement) else "shop",
        "environment": "production", "commit": None, "person": f"{person}@example.com", "role": role,
        "statement": "I read it, and it is so.", "figures": figures, "evidence": evidence,
        "at": at.isoformat(), "until": until.isoformat()})


def waiver(requirement):
    at, until = moments(requirement, 30)
    signer = "stranger" if is_so("STRANGER", requirement) else "security"
    owner = "security@example.com" if is_so("OWN", requirement) else "dev@example.com"
    subject = [{"name": requirement, "digest": {"sha256": hashlib.sha256(requirement.encode()).hexdigest()}}]
    return "waiver", envelope(signer, subject, "urn:seaworthy:waiver:v1", {
        "requirement": requirement, "service": "shop", "environment": "production",
        "reason": "the vendor mends it in the next release", "owner": owner, "approver": "security@example.com",
        "at": at.isoformat(), "until": until.isoformat()})


def store():
    """The store with the tables that its migrations make, marked as made."""
    (SHOP / ".seaworthy").mkdir(mode=0o700)
    database = sqlite3.connect(SHOP / ".seaworthy/runs.db")
    database.execute("CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, "
                     "installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, "
                     "checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)")
    migrations = pathlib.Path(os.environ["TESTBED"]) / "../crates/seaworthy-store/migrations"
    for file in sorted(migrations.glob("*.sql")):
        version, description = file.stem.split("_", 1)
        database.executescript(file.read_text())
        database.execute("INSERT INTO _sqlx_migrations VALUES (?, ?, CURRENT_TIMESTAMP, TRUE, ?, 0)",
                         (int(version), description.replace("_", " "), hashlib.sha384(file.read_bytes()).digest()))
    return database


def keep(database, records):
    previous = NONE
    for sequence, (kind, text) in enumerate(records, 1):
        said = [str(uuid.uuid4()), kind, NOW.isoformat(), "shop", "production", text, NONE]
        content = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()
        digest = hashlib.sha256(sequence.to_bytes(8, "big") + previous.encode() + content).hexdigest()
        database.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         (sequence, *said, previous, digest))
        previous = digest
    database.commit()
    database.close()


people = {"legal": "legal", "security": "security", "operations": "operations"}
lines = ["service: {name: shop}", "environments: {production: {}}", "people:"]
for name, role in people.items():
    public = key(name)
    roles = "" if os.environ.get("NO_ROLE") == role else role
    lines.append(f"  {name}@example.com: {{roles: [{roles}], keys: [{public}]}}")
key("stranger")
(SHOP / "seaworthy.yaml").write_text("\n".join(lines) + "\n")

records = [
    attestation("terms-of-service-reviewed", "legal", "legal", ["legal/terms.md"], {}),
    attestation("privacy-policy-reviewed", "legal", "legal", ["legal/privacy.md"], {}),
    attestation("penetration-test", "security", "security", ["reports/penetration-test.txt"],
                {"open_critical_findings": 0, "open_high_findings": 0}),
    attestation("third-party-security-assessment", "security", "security", ["reports/assessment.txt"],
                {"open_critical_findings": 0}),
    attestation("runbook-complete", "operations", "operations", ["docs/runbook.md"], {}),
    attestation("incident-response-plan", "security", "security", ["docs/incidents.md"], {}),
    attestation("breach-notification-process", "legal", "legal", ["docs/breach.md"], {}),
    attestation("docs-reviewed-by-team", "operations", "operations", DOCUMENTS, {}),
    attestation("docs-reviewed-by-team", "security", "security", DOCUMENTS, {}),
    waiver("header-csp"),
]
missing = os.environ.get("MISSING")
keep(store(), [record for record in records if not missing or f'"{missing}"' not in
               base64.b64decode(json.loads(record[1])["payload"]).decode()])
