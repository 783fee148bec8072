#!/bin/bash
# Makes the repository: several commits and tags, a part of the objects packed and a part loose; the environment files of
# the deployment, which git does not track; the reports of the pipeline for the commit that is checked out.
set -euo pipefail

mkdir shop
cd shop
git init --quiet

# The first release, and a second one that changes and deletes.
cp -r "$PART/shop/." .
mv gitignore .gitignore
cp -r .github github.later && rm -r .github migrations/0002* src/links.js
echo "Notes of the first days." > notes.txt
sed -i '/## 1.1.0/,/^$/d; /created_at/d' CHANGELOG.md
sed -i 's/"version": "1.1.0"/"version": "1.0.0"/' package.json package-lock.json
git add --all
GIT_AUTHOR_DATE=2026-09-01T10:00:00Z GIT_COMMITTER_DATE=2026-09-01T10:00:00Z git commit --quiet -m "Begin"
git tag -a v1.0.0 -m "The first release"

for number in 1 2 3; do
    echo "Note $number." >> notes.txt
    git commit --quiet --all -m "Note $number"
done
git checkout --quiet -b links
mv github.later .github
cp -r "$PART/shop/." .
mv gitignore .gitignore
rm notes.txt
git add --all
git commit --quiet -m "Add links, and deliver by pipeline"
git checkout --quiet main
git merge --quiet --no-ff -m "Merge links" links
git gc --quiet
git tag v1.1.0-rc.1
git commit --quiet --allow-empty -m "Release 1.1.0"
git tag v1.1.0

cat > .env.production <<ENV
NODE_ENV=production
PUBLIC_ORIGIN=https://shop.example
DATABASE_URL=postgres://shop:$SECRET_DATABASE@db.shop.example:5432/shop?sslmode=verify-full
SESSION_SECRET=$SECRET_SESSION
TOKEN_SECRET=$SECRET_TOKEN
SMTP_PASSWORD=$SECRET_MAIL
ENV
cat > .env.local <<ENV
NODE_ENV=development
PUBLIC_ORIGIN=http://localhost:3000
SESSION_SECRET=$SECRET_SESSION_LOCAL
SMTP_PASSWORD=$SECRET_MAIL_LOCAL
ENV
chmod 600 .env.production .env.local

bash "$PART/reports.sh"
