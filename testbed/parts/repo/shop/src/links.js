// Links in PostgreSQL.
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

/** The target of a link, counted; null when there is none. */
export async function follow(path) {
  const { rows } = await pool.query('UPDATE links SET followed = followed + 1 WHERE path = $1 RETURNING target', [path]);
  return rows[0]?.target ?? null;
}
