// Applies the migrations that are due, each in a transaction.
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await client.query('CREATE TABLE IF NOT EXISTS applied (name text PRIMARY KEY)');
for (const file of (await readdir('migrations')).filter((name) => name.endsWith('.up.sql')).sort()) {
  const known = await client.query('SELECT 1 FROM applied WHERE name = $1', [file]);
  if (known.rowCount > 0) continue;
  await client.query('BEGIN');
  await client.query(await readFile(`migrations/${file}`, 'utf8'));
  await client.query('INSERT INTO applied VALUES ($1)', [file]);
  await client.query('COMMIT');
}
await client.end();
