//! Where settings come from, and which of them are a developer's.

use seaworthy_core::facts::Seen;

use super::{items, look, repository, write};

/// Literals by name, and whether they are for development; `None` where that cannot be told.
fn literals(files: &[(&str, &str)]) -> Vec<(String, Option<bool>)> {
    let repository = repository(files);
    let facts = look(repository.path());
    let literals = items(&facts.settings.literals).iter();
    literals.map(|literal| (literal.name.clone(), literal.for_development.value().copied())).collect()
}

fn sources(files: &[(&str, &str)]) -> Vec<(String, u64)> {
    let repository = repository(files);
    let facts = look(repository.path());
    let sources = items(&facts.settings.sources).iter();
    sources.map(|source| (source.kind.clone(), source.line)).collect()
}

#[test]
fn words_about_secrets_are_no_source() {
    let lint = "# we keep no secrets. really, not even ${{ secrets.KEY }}\non: push\njobs:\n  lint:\n    steps:\n      - run: npm run lint\n      - uses: a/b@v1\n        with: {token: '${{ secrets.GITHUB_TOKEN }}'}\n";
    assert_eq!(sources(&[(".github/workflows/lint.yml", lint)]), []);
    // What a test is given says nothing of what is deployed.
    let test = "jobs:\n  test:\n    steps:\n      - run: npm test\n        env: {STRIPE_KEY: '${{ secrets.STRIPE_TEST_KEY }}'}\n";
    assert_eq!(sources(&[(".github/workflows/test.yml", test)]), []);
    let token = "jobs:\n  deploy:\n    environment: production\n    steps:\n      - run: |\n          # ${{ secrets.OLD }}\n          fly deploy\n        env: {T: '${{ secrets.GITHUB_TOKEN }}'}\n";
    assert_eq!(sources(&[(".github/workflows/deploy.yml", token)]), []);
    let deploy = "# secrets.FLY\njobs:\n  deploy:\n    steps:\n      - run: fly deploy\n        env:\n          FLY_API_TOKEN: ${{ secrets.FLY }}\n";
    assert_eq!(sources(&[(".github/workflows/deploy.yml", deploy)]), [("workflow-secret".to_owned(), 7)]);
}

#[test]
fn stores_of_developers_and_of_test_jobs_are_not_deployments() {
    let compose = |password: &str| {
        format!(
            "services:\n  db:\n    image: postgres\n    environment:\n      POSTGRES_PASSWORD: {password}\n"
        )
    };
    let one = |value| [("POSTGRES_PASSWORD".to_owned(), value)];
    let default = compose("postgres");
    assert_eq!(literals(&[("docker-compose.yml", &default)]), one(None));
    assert_eq!(literals(&[("compose.prod.yaml", &default)]), one(Some(false)));
    assert_eq!(literals(&[("deploy/compose.yaml", &default)]), one(Some(false)));
    assert_eq!(literals(&[("compose.dev.yaml", &default)]), one(Some(true)));
    assert_eq!(literals(&[(".devcontainer/compose.yaml", &default)]), one(Some(true)));
    assert_eq!(literals(&[("docker-compose.yml", &compose("winter-is-near"))]), one(Some(false)));
    assert_eq!(literals(&[("docker-compose.yml", &compose("'${PW:-winter-is-near}'"))]), one(Some(false)));
    assert_eq!(literals(&[("docker-compose.yml", &compose("'${PW:-postgres}'"))]), []);
    assert_eq!(literals(&[("docker-compose.yml", &compose("'${PW:?set it}'"))]), []);
}

#[test]
fn the_starter_workflow_of_a_framework_holds_no_secret_of_a_deployment() {
    let rails = "name: Ruby on Rails CI\non: [push]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    services:\n      postgres:\n        image: postgres:11-alpine\n        env:\n          POSTGRES_PASSWORD: password\n    env:\n      RAILS_ENV: test\n      DATABASE_URL: \"postgres://rails:password@localhost:5432/rails_test\"\n      SECRET_KEY_BASE: of-this-job-alone\n    steps:\n      - run: bin/rake\n";
    let told = literals(&[(".github/workflows/rubyonrails.yml", rails)]);
    assert_eq!(told, [("DATABASE_URL".to_owned(), Some(true)), ("SECRET_KEY_BASE".to_owned(), Some(true))]);
    let loopback = "jobs:\n  check:\n    env: {DATABASE_URL: 'postgres://shop:secret@localhost/shop'}\n    steps: [{run: make check}]\n";
    assert_eq!(
        literals(&[(".github/workflows/main.yml", loopback)]),
        [("DATABASE_URL".to_owned(), Some(true))]
    );
    let deploy = "jobs:\n  deploy:\n    services: {db: {image: postgres}}\n    env: {SMTP_PASSWORD: winter-is-near}\n    steps: [{run: fly deploy}]\n";
    assert_eq!(
        literals(&[(".github/workflows/main.yml", deploy)]),
        [("SMTP_PASSWORD".to_owned(), Some(false))]
    );
}

#[test]
fn a_reference_to_a_manager_is_a_source_whose_strength_is_not_seen() {
    let repository = repository(&[(".gitignore", ".env*\n"), ("a.txt", "a")]);
    let content = "JWT_SECRET=op://prod/shop/jwt\nDB_PASSWORD=${DB_PASSWORD}\nSMTP_PASSWORD=arn:aws:secretsmanager:eu-west-1:1:secret:smtp\nAPI_TOKEN=ref+vault://shop/api#token\nREDIS_URL=redis://localhost:6379\nPUBLIC_ORIGIN=http://localhost:3000\n";
    write(repository.path(), &[(".env.production", content)]);
    let facts = look(repository.path());
    let live = items(&facts.settings.live);
    assert_eq!(live.len(), 4);
    for secret in live {
        assert!(secret.reference, "{}", secret.name);
        assert!(matches!(secret.default_value, Seen::Unseen(_)), "{}", secret.name);
        assert!(
            matches!(secret.length_chars, Seen::Unseen(_)) && matches!(secret.entropy_bits, Seen::Unseen(_))
        );
    }
    let out: Vec<&str> = items(&facts.settings.out_of_place).iter().map(|out| out.name.as_str()).collect();
    assert_eq!(out, ["PUBLIC_ORIGIN"]);
    assert_eq!(items(&facts.settings.env_files)[0].secrets_count, 0);
    assert_eq!(items(&facts.settings.sources).len(), 1);
}

#[test]
fn what_a_file_falls_back_on_or_leaves_open_is_its_value() {
    let repository = repository(&[(".gitignore", ".env*\n"), ("a.txt", "a")]);
    write(
        repository.path(),
        &[(
            ".env.production",
            "A_SECRET=${A:-changeme}\nB_SECRET=<your-secret>\nC_SECRET=$2kdjQm9xW4vT7zRb\n",
        )],
    );
    let facts = look(repository.path());
    let told: Vec<Option<bool>> =
        items(&facts.settings.live).iter().map(|secret| secret.default_value.value().copied()).collect();
    assert_eq!(told, [Some(true), Some(true), Some(false)]);
}

#[test]
fn secrets_in_commands_are_written_out() {
    let compose = "services:\n  cache:\n    image: redis\n    command: redis-server --requirepass winter-is-near\n    healthcheck:\n      test: [CMD, redis-cli, '-u', 'redis://:winter-is-near@localhost']\n";
    let names = [("requirepass".to_owned(), Some(false)), ("u".to_owned(), Some(false))];
    assert_eq!(literals(&[("compose.prod.yaml", compose)]), names);
    let unit = "[Service]\nExecStart=/srv/shop/shop --db-password=winter-is-near --port 3000\n";
    assert_eq!(literals(&[("deploy/shop.service", unit)]), [("db-password".to_owned(), Some(false))]);
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: shop\n      args: ['--token', 'winter-is-near']\n";
    assert_eq!(literals(&[("k8s/pod.yaml", pod)]), [("token".to_owned(), Some(false))]);
    // What is put in later stands nowhere.
    let taken =
        "services:\n  cache:\n    command: redis-server --requirepass ${REDIS_PASSWORD} --port 6379\n";
    assert_eq!(literals(&[("compose.prod.yaml", taken)]), []);
}

#[test]
fn a_plain_environment_file_is_for_whom_its_deployment_is_for() {
    let loads = |compose: &str, file: &str| {
        let yaml = format!("services: {{shop: {{env_file: ['{file}']}}}}\n");
        let repository = repository(&[(".gitignore", ".env\n"), (compose, &yaml)]);
        write(repository.path(), &[(".env", "SMTP_PASSWORD=winter-is-near\n")]);
        let facts = look(repository.path());
        items(&facts.settings.env_files)[0].loaded_by_deployment.value().copied()
    };
    let loaded = |compose: &str| loads(compose, "./.env");
    assert_eq!(loaded("compose.prod.yaml"), Some(true));
    assert_eq!(loaded("compose.dev.yaml"), Some(false));
    assert_eq!(loaded("docker-compose.yml"), None);
    assert_eq!(loads("deploy/compose.prod.yaml", "../.env"), Some(true));
    assert_eq!(loads("deploy/compose.prod.yaml", ".env"), Some(false));
    assert_eq!(loads("compose.prod.yaml", "${ENV_FILE:-.env}"), Some(true));
    assert_eq!(loads("compose.prod.yaml", ".env.$STAGE"), None);
}
