import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { isIP } from 'node:net';
import { ServerError } from '../../../../base/errors.ts';
import { formatHostPort } from '../../../../base/ip.ts';
import { HandedOver } from '../../runtime/handed-over.ts';
import type { ServerServices } from '../../runtime/server-services.ts';

const MOST_BODY = 65_536;
const MOST_CONNECTIONS = 64;
const MOST_HEADER_BYTES = 8192;

/** An answer to a request. */
export interface HttpAnswer {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
}

/** Who answers under one path. */
export interface HttpRoot {
  /** The first part of the path, without slashes; '' for all others. */
  readonly path: string;
  /** The module whose it is. */
  readonly module: string;
  answer(method: string, contentType: string, body: string): Promise<HttpAnswer>;
}

export interface HttpSettings {
  /** `*` for all. */
  readonly ip: string;
  readonly port: number;
  /** Ms after which a silent connection is closed; 0 for never. */
  readonly idleMs: number;
  /** PEM text. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Credentials that everybody has to show. */
  readonly basic: { readonly user: string; readonly password: string; readonly realm: string } | undefined;
}

/** What a script serves by HTTP. */
export interface HttpSite {
  readonly settings: HttpSettings;
  readonly roots: readonly HttpRoot[];
}

const doors = new HandedOver<HttpSite>();

/**
 * Serves a site, on a socket that outlives a reload of its script.
 * @throws ServerError NET_LISTEN_FAILED, NET_BAD_CERTIFICATE
 */
export function openDoor(services: ServerServices, site: HttpSite): Promise<AsyncDisposable> {
  const { ip, port, tls } = site.settings;
  const key = `${tls ? 'https' : 'http'} ${ip} ${port}`;
  return doors.use(services, key, site, (current) => HttpDoor.open(site.settings, current));
}

class HttpDoor implements AsyncDisposable {
  readonly #server: Server;
  readonly #current: () => HttpSite;

  static async open(settings: HttpSettings, current: () => HttpSite): Promise<HttpDoor> {
    const { ip, port } = settings;
    const door = new HttpDoor(settings, current);
    try {
      door.#server.listen({ port, ...(ip === '*' ? {} : { host: ip }) });
      await once(door.#server, 'listening');
    } catch (cause) {
      throw new ServerError('NET_LISTEN_FAILED', `httpd cannot listen on ${formatHostPort(ip, port)}`, {
        hint: 'modparam("httpd", "port", …) names a free port, "ip" an address of this machine',
        cause,
      });
    }
    return door;
  }

  private constructor({ tls, idleMs }: HttpSettings, current: () => HttpSite) {
    this.#current = current;
    const options = { maxHeaderSize: MOST_HEADER_BYTES, keepAliveTimeout: idleMs };
    const handle = (request: IncomingMessage, response: ServerResponse) =>
      void this.#handle(request, response);
    try {
      this.#server = tls ? createTlsServer({ ...options, ...tls }, handle) : createServer(options, handle);
    } catch (cause) {
      throw new ServerError('NET_BAD_CERTIFICATE', "httpd's certificate and key cannot be used", { cause });
    }
    this.#server.timeout = idleMs;
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { settings, roots } = this.#current();
    // A page of a stranger that a browser on this machine shows must not reach what listens for the machine alone.
    if (isLoopback(settings.ip) && !namesMachine(request.headers.host)) {
      send(response, { status: 403, body: 'this is no name of this machine' });
      return;
    }
    if (settings.basic && !isAllowed(request.headers.authorization, settings.basic)) {
      const realm = settings.basic.realm.replaceAll(/["\\\r\n]/g, '');
      response.setHeader('WWW-Authenticate', `Basic realm="${realm}"`);
      send(response, { status: 401, body: 'Unauthorized' });
      return;
    }
    const first = /^\/([^/?#]*)/.exec(request.url ?? '')?.[1];
    const root = roots.find(({ path }) => path === first) ?? roots.find(({ path }) => path === '');
    if (root === undefined) {
      send(response, { status: 404, body: 'Not Found' });
      return;
    }
    const body = await bodyOf(request);
    if (body === undefined) {
      response.setHeader('Connection', 'close');
      send(response, { status: 413, body: 'Content Too Large' });
      return;
    }
    const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
    send(response, await root.answer(request.method ?? '', type, body));
  }
}

function send(response: ServerResponse, { status, body = '', type = 'text/plain' }: HttpAnswer): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(body, 'utf8');
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(bytes);
}

/** @returns undefined for one that is too large, or breaks off */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      length += (chunk as Buffer).length;
      if (length > MOST_BODY) return undefined;
      chunks.push(chunk as Buffer);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip === 'localhost' || ip.startsWith('127.');
}

function namesMachine(host = ''): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name.toLowerCase() === 'localhost' || isIP(name) !== 0;
}

function isAllowed(
  header: string | undefined,
  { user, password }: { user: string; password: string },
): boolean {
  const shown = /^Basic[ ]+([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1] ?? '';
  const given = Buffer.from(shown, 'base64');
  const right = Buffer.from(`${user}:${password}`, 'utf8');
  return given.length === right.length && timingSafeEqual(given, right);
}
