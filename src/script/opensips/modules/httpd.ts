import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { ServerError } from '../../../base/errors.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import { type HttpRoot, type HttpSettings, openDoor } from './httpd/http-door.ts';

/** What other modules serve by HTTP. */
export interface HttpdState extends AsyncDisposable {
  register(root: HttpRoot): void;
  readonly roots: readonly HttpRoot[];
}

const { define } = moduleParts<HttpdState>();

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (cause) {
    throw new ServerError('NET_BAD_CERTIFICATE', `httpd: ${file} cannot be read`, { cause });
  }
}

export const module: ScriptModule = define({
  name: 'httpd',
  sharedState: true,
  summary: 'A server for HTTP, and HTTPS, that other modules (`mi_http`) answer by.',
  serves: true,
  params: {
    ip: parsedParameter(
      '127.0.0.1',
      'The address to listen on; `*` for all.',
      (given) =>
        given === '*' || given === '' || isIP(String(given)) !== 0
          ? { ok: true, value: given === '' ? '127.0.0.1' : String(given) }
          : { ok: false, problem: `${JSON.stringify(given)} is no IP address`, hint: '"*" stands for all' },
      '127.0.0.1',
    ),
    port: intParameter(8888, 'The port.', { least: 1024, most: 65_535 }),
    conn_timeout: intParameter(30, 'Seconds after which a silent connection is closed; 0: never.', {
      least: 0,
      most: 86_400,
    }),
    buf_size: ignored('int', 'Memory for an answer.', 'answers have the room they need'),
    post_buf_size: ignored('int', 'Memory for a request.', 'requests may have 64 KB'),
    receive_buf_size: ignored('int', 'Memory for a request.', 'requests may have 64 KB'),
    tls_cert_file: textParameter('', 'The certificate (PEM), for HTTPS.'),
    tls_key_file: textParameter('', 'Its key.'),
    tls_ciphers: ignored(
      'text',
      'Ciphers in the notation of GnuTLS.',
      'the usual ones of TLS 1.2 and 1.3 are used',
    ),
    auth_realm: textParameter('OpenSIPS MI', 'The realm of the credentials.'),
    auth_username: textParameter('', 'With `auth_password`: everybody has to show these credentials.'),
    auth_password: textParameter('', 'See `auth_username`.'),
  },
  start: async (params, { services }) => {
    const { tls_cert_file: cert, tls_key_file: key, auth_username: user, auth_password: password } = params;
    if ((cert === '') !== (key === '') || (user === '') !== (password === '')) {
      throw new ServerError('CFG_INVALID', 'httpd: half of a pair is missing', {
        hint: 'tls_cert_file goes with tls_key_file, auth_username with auth_password',
      });
    }
    const settings: HttpSettings = {
      ip: params.ip,
      port: params.port,
      idleMs: params.conn_timeout * 1000,
      tls: cert === '' ? undefined : { cert: read(cert), key: read(key) },
      basic: user === '' ? undefined : { user, password, realm: params.auth_realm },
    };
    const roots: HttpRoot[] = [];
    const door = await openDoor(services, { settings, roots });
    return {
      roots,
      register: (root) => void roots.push(root),
      [Symbol.asyncDispose]: () => door[Symbol.asyncDispose](),
    };
  },
  commands: {
    'httpd:list_root_path': {
      describe: 'Lists the paths that are served.',
      aliases: ['httpd_list_root_path'],
      run: ({ roots }) => roots.map(({ path, module }) => ({ http_root: path, module })),
    },
  },
  notes:
    'Where it listens for this machine alone, requests must name it by an address or `localhost`, so that no page in a browser can reach it by a name of its own. What it listens for others by should have TLS and credentials.',
});
