// The server. What it says goes to the log, as JSON; console.log is for nobody.
import { createServer } from 'node:http';
import pino from 'pino';
import { follow } from './links.js';

const log = pino({ name: 'shop' });
const sessionSecret = process.env.SESSION_SECRET;
if (!sessionSecret) {
  log.fatal('SESSION_SECRET is not set');
  process.exit(1);
}

createServer(async (request, response) => {
  const target = await follow(request.url);
  log.info({ url: request.url, found: target !== null }, 'asked');
  response.writeHead(target === null ? 404 : 302, target === null ? {} : { location: target });
  response.end();
}).listen(Number(process.env.PORT ?? 8080));
