import { defaultPort } from '../../../net/transport-name.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import type { VariableSpec } from '../frame/variable.ts';
import { type BranchTarget, NO_Q } from '../runtime/branch-target.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { NumericText, numberOf, textOf, type Value } from '../value.ts';

type Variables = Readonly<Record<string, VariableSpec<undefined>>>;

/** Whether a text may stand in the start line. */
export function isPlainUri(text: string): boolean {
  return Uri.parse(text) !== undefined;
}

/** What may be written for a URI: that it is none is found when the request is sent. */
const URI_TEXT = /^[^\x00-\x20\x7f<>"]+$/;

/** Puts another URI in place of the Request-URI's. @returns false for what could not be printed */
export function setUri(target: BranchTarget, text: string | undefined): boolean {
  if (text === undefined || !URI_TEXT.test(text)) return false;
  target.uri = text;
  return true;
}

type Change = (uri: Uri, text: string | undefined) => Uri | undefined;

/** Changes a part of the Request-URI. */
export function changeUri(target: BranchTarget, change: (uri: Uri) => Uri | undefined): boolean {
  const uri = target.parsed;
  const changed = uri && change(uri);
  return changed !== undefined && setUri(target, changed.toString());
}

function part(describe: string, read: (uri: Uri) => Value, write?: Change): VariableSpec<undefined> {
  return {
    describe,
    read: (m) => {
      const uri = m.target.parsed;
      return uri === undefined ? null : read(uri);
    },
    ...(write && {
      write: (m: ScriptMessage, _s: undefined, value: Value) =>
        changeUri(m.target, (uri) => write(uri, textOf(value))),
    }),
  };
}

export const withUser: Change = (uri, user) => uri.with({ user: user === '' ? undefined : user });
export const withHost: Change = (uri, host) => (host === undefined ? undefined : uri.with({ host }));
export const withPort: Change = (uri, port) => {
  if (port === undefined || port === '') return uri.with({ port: undefined });
  return /^\d{1,5}$/.test(port) ? uri.with({ port: Number(port) }) : undefined;
};

/** The port as it is written, or what is meant where none is. */
function portOf(uri: Uri): Value {
  if (uri.port !== undefined) return new NumericText(String(uri.port), uri.port);
  const transport = uri.param('transport')?.toLowerCase();
  return defaultPort(uri.scheme === 'sips' || transport === 'tls' ? 'tls' : 'udp');
}

function transportOf(uri: Uri): string {
  return uri.param('transport')?.toLowerCase() ?? (uri.scheme === 'sips' ? 'tls' : 'udp');
}

const requestUri: VariableSpec<undefined> = {
  describe: 'Request-URI.',
  read: (m) => m.target.uri || null,
  write: (m, _s, value) => setUri(m.target, textOf(value)),
};
const user = part('User of the Request-URI.', (uri) => uri.user ?? null, withUser);
const domain = part('Domain of the Request-URI.', (uri) => uri.host || null, withHost);

/** Puts another next hop in place, or none. @returns false for what could not be printed */
export function setDestination(target: BranchTarget, text: string | undefined): boolean {
  if (text !== undefined && text !== '' && !URI_TEXT.test(text)) return false;
  target.du = text === undefined || text === '' ? null : text;
  return true;
}

const destination: VariableSpec<undefined> = {
  describe: 'Where the request is sent instead of its Request-URI; NULL for there.',
  read: (m) => m.target.du,
  write: (m, _s, value) => {
    return setDestination(m.target, textOf(value));
  },
};

function destinationPart(
  describe: string,
  read: (uri: Uri) => Value,
  write?: Change,
): VariableSpec<undefined> {
  const of = ({ target }: ScriptMessage) => (target.du === null ? undefined : Uri.parse(target.du));
  return {
    describe,
    read: (m) => {
      const uri = of(m);
      return uri === undefined ? null : read(uri);
    },
    ...(write && {
      write: (m: ScriptMessage, _s: undefined, value: Value) => {
        const text = textOf(value);
        const changed = write(of(m) ?? Uri.sip({ host: 'invalid' }), text)?.toString();
        if (changed === undefined || !isPlainUri(changed)) return false;
        m.target.du = changed;
        return true;
      },
    }),
  };
}

/** The Request-URI and where the request goes. */
export const uriVariables: Variables = {
  ru: requestUri,
  ruri: requestUri,
  rU: user,
  'ruri.user': user,
  rd: domain,
  'ruri.domain': domain,
  rp: part('Port of the Request-URI.', portOf, withPort),
  rP: part('Transport of the Request-URI.', transportOf),
  ru_q: {
    describe: 'q of the Request-URI in thousandths; -1 for none.',
    read: (m) => m.target.q,
    write: (m, _s, value) => {
      const q = numberOf(value);
      if (q === undefined || q < NO_Q || q > 1000) return false;
      m.target.q = q;
      return true;
    },
  },
  du: destination,
  duri: destination,
  dd: destinationPart('Domain of `$du`.', (uri) => uri.host || null, withHost),
  dp: destinationPart('Port of `$du`.', portOf, withPort),
  dP: destinationPart('Transport of `$du`.', transportOf),
  ds: {
    describe: 'All branches, as a Contact names them.',
    read: (m) => {
      const branches = [m.target, ...m.context.branches];
      return `Contact: ${branches.map(({ uri, q }) => `<${uri}>${q === NO_Q ? '' : `;q=${q / 1000}`}`).join(', ')}`;
    },
  },
};
