import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const CONFIG = fileURLToPath(new URL('../vite.config.ts', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The phone's page on a port of its own, for demo and tests; elsewhere any web server does. */
export class PageServer implements AsyncDisposable {
  readonly url: string;
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  /** Builds the page into `folder` and serves it. @param port 0 for any */
  static async start(folder: string, host: string, port: number): Promise<PageServer> {
    await build({ configFile: CONFIG, build: { outDir: folder, emptyOutDir: true } });
    const server = createServer((request, response) => void answer(folder, request.url ?? '/', response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    const url = `http://${host}:${(server.address() as AddressInfo).port}/`;
    return new PageServer(url, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

async function answer(folder: string, url: string, response: ServerResponse): Promise<void> {
  const path = URL.parse(url, 'http://page/')?.pathname ?? '/';
  const file = join(folder, normalize(path === '/' ? '/index.html' : path));
  const type = TYPES[extname(file)];
  const found = type !== undefined && (await stat(file).catch(() => undefined))?.isFile();
  if (!found) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' });
  createReadStream(file).pipe(response);
}
