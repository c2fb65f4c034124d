import { NameAddr } from '../../../wire/sip/name-addr.ts';
import { nextParam, paramValue } from '../../../wire/sip/params.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import { Via } from '../../../wire/sip/via.ts';
import { splitRoutes } from '../core/route-list.ts';
import { NumericText, textOf, type Value } from '../value.ts';
import { numeric } from './string-transforms.ts';
import type { TransformSpec, TransformTable } from './transform.ts';

function of<T>(
  parse: (text: string) => T | undefined,
  describe: string,
  read: (parsed: T) => Value,
): TransformSpec {
  return {
    describe,
    args: [0, 0],
    run: (value) => {
      const text = textOf(value);
      const parsed = text === undefined ? undefined : parse(text);
      return parsed === undefined ? null : read(parsed);
    },
  };
}

function withName<T>(
  parse: (text: string) => T | undefined,
  describe: string,
  read: (parsed: T, name: string) => Value,
): TransformSpec {
  return {
    describe,
    args: [1, 1],
    run: (value, [name]) => {
      const text = textOf(value);
      const wanted = textOf(name ?? null);
      const parsed = text === undefined ? undefined : parse(text);
      return parsed === undefined || wanted === undefined ? null : read(parsed, wanted);
    },
  };
}

function orNull(text: string | undefined): Value {
  return text === undefined || text === '' ? null : text;
}

const uri = (describe: string, read: (uri: Uri) => Value) => of(Uri.parse, describe, read);
const uriParam = (name: string) => uri(`Its parameter ${name}.`, (it) => it.param(name) ?? null);
const uriHost = uri('Its host.', (it) => orNull(it.host));

/** `{uri.…}` */
export const uriTransforms: TransformTable = {
  'uri.user': uri('Its user.', (it) => it.user ?? null),
  'uri.host': uriHost,
  'uri.domain': uriHost,
  'uri.passwd': uri('Its password.', (it) => it.password ?? null),
  'uri.port': uri('Its port.', (it) =>
    it.port === undefined ? null : new NumericText(String(it.port), it.port),
  ),
  'uri.params': uri('All its parameters.', (it) => orNull(it.params.replace(/^;/, ''))),
  'uri.param': withName(Uri.parse, 'One of its parameters.', (it, name) => it.param(name) ?? null),
  'uri.headers': uri('Its headers.', (it) => orNull(it.headers.replace(/^\?/, ''))),
  'uri.transport': uriParam('transport'),
  'uri.ttl': uriParam('ttl'),
  'uri.uparam': uriParam('user'),
  'uri.maddr': uriParam('maddr'),
  'uri.method': uriParam('method'),
  'uri.lr': uriParam('lr'),
  'uri.r2': uriParam('r2'),
  'uri.schema': uri('Its scheme.', (it) => it.scheme),
};

const via = (describe: string, read: (via: Via) => Value) => of(firstVia, describe, read);
const viaHost = via('The host that it names.', (it) => it.host);

function firstVia(text: string): Via | undefined {
  return Via.parse(splitRoutes(text)[0] ?? '');
}

/** `{via.…}` */
export const viaTransforms: TransformTable = {
  'via.name': via('Its protocol, `SIP`.', () => 'SIP'),
  'via.version': via('Its version, `2.0`.', () => '2.0'),
  'via.transport': via('Its transport.', (it) => it.transport),
  'via.host': viaHost,
  'via.domain': viaHost,
  'via.port': via('The port that it names.', (it) =>
    it.port === undefined ? null : new NumericText(String(it.port), it.port),
  ),
  'via.comment': via('Its comment; none is allowed (RFC 3261 §25.1), so always NULL.', () => null),
  'via.params': via('All its parameters.', (it) => orNull(it.params.replace(/^;/, ''))),
  'via.param': withName(
    firstVia,
    'One of its parameters.',
    (it, name) => paramValue(it.params, name) ?? null,
  ),
  'via.branch': via('Its branch.', (it) => orNull(it.branch)),
  'via.received': via('Its received.', (it) => it.received ?? null),
  'via.rport': via('Its rport.', (it) => it.rport ?? null),
};

/** `name=value;name=value`, with or without a semicolon before. */
function params(text: string): readonly { readonly name: string; readonly value: string | undefined }[] {
  const whole = text.startsWith(';') ? text : `;${text}`;
  const found = [];
  for (let param = nextParam(whole, 0); param; param = nextParam(whole, param.end)) {
    if (param.name !== '') found.push(param);
  }
  return found;
}

function paramAt(
  describe: string,
  read: (param: { name: string; value: string | undefined }) => Value,
): TransformSpec {
  return {
    describe,
    args: [1, 1],
    run: (value, [index]) => {
      const text = textOf(value);
      if (text === undefined) return null;
      const found = params(text).at(numeric(index ?? null));
      return found === undefined ? null : read(found);
    },
  };
}

/** `{param.…}` */
export const paramTransforms: TransformTable = {
  'param.value': withName(
    params,
    'The value of a parameter.',
    (all, name) => all.find((it) => sameName(it.name, name))?.value ?? null,
  ),
  'param.exist': withName(params, '1 where there is a parameter of that name, else 0.', (all, name) =>
    all.some((it) => sameName(it.name, name)) ? 1 : 0,
  ),
  'param.valueat': paramAt('The value of a parameter by its place, from 0.', ({ value }) => value ?? null),
  'param.name': paramAt('The name of a parameter by its place, from 0.', ({ name }) => name),
  'param.count': of(params, 'How many parameters there are.', (all) => all.length),
};

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The first argument is the place in the list, which the compiler has taken out of the name. */
function nameAddr(
  describe: string,
  more: 0 | 1,
  read: (address: NameAddr, name: string, text: string) => Value,
): TransformSpec {
  return {
    describe,
    args: [more, more],
    run: (value, [index, name]) => {
      const text = textOf(value);
      const one = text === undefined ? undefined : splitRoutes(text).at(numeric(index ?? null));
      const address = one === undefined ? undefined : NameAddr.parse(one);
      return address === undefined ? null : read(address, textOf(name ?? null) ?? '', one!);
    },
  };
}

/** `{nameaddr.…}` */
export const nameAddrTransforms: TransformTable = {
  'nameaddr.name': nameAddr('Its display name, quotes included.', 0, ({ displayName }) =>
    orNull(displayName),
  ),
  'nameaddr.uri': nameAddr('Its URI.', 0, ({ uriText }) => uriText),
  'nameaddr.len': nameAddr('Its length.', 0, (_address, _name, text) => text.length),
  'nameaddr.param': nameAddr('One of its parameters.', 1, (address, name) => address.param(name) ?? null),
  'nameaddr.params': nameAddr('All its parameters.', 0, (address) =>
    orNull(address.params.replace(/^;/, '')),
  ),
};
