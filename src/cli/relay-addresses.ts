import { lookup } from 'node:dns/promises';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { canonicalHost, type IpFamily, ipFamily, unbracket } from '../base/ip.ts';
import type { MediaAddress } from '../media/relay/relay-settings.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';

/** `-l`, `-6` and `-A` of `viaduct relay`, as written; the first two in one list, in order. */
export interface AddressOptions {
  readonly listen: readonly { readonly text: string; readonly family: IpFamily }[];
  readonly advertised?: string | undefined;
  /** False where names are not looked up (`--no_resolve`). */
  readonly resolve: boolean;
}

type Written = { readonly host: string; readonly advertised?: string; readonly label?: string };

/**
 * Reads the addresses of media: `[label@]address[=advertised]`, or in bridge mode `internal/external`, of which each may
 * stand in an option of its own family (`-l internal -6 /external`). `-A address` is advertised for every address of its
 * family that has none of its own, `-A internal/external` for the two of a bridge.
 * @throws CommandFault
 */
export async function readAddresses(options: AddressOptions): Promise<MediaAddress[]> {
  const { listen } = options;
  const all: MediaAddress[] = [];
  for (const role of ['internal', 'external'] as const) {
    const ends = listen.flatMap(({ text, family }) => {
      const [from, to] = text.split('/', 2);
      const end = role === 'external' ? to : listen.some((it) => it.text.includes('/')) ? from : undefined;
      return end ? [{ end, family }] : [];
    });
    // Only the first of each family is part of a bridge; those with labels stand beside it.
    const [first] = ends;
    if (first) all.push({ ...(await toAddress(first.end, first.family, options)), role });
  }
  const isBridge = all.length > 0;
  if (isBridge && all.length !== 2) {
    throw invalid(
      listen.map(({ text }) => text).join(' '),
      'a bridge has two addresses: -l internal/external',
    );
  }
  const bridged = listen.filter(({ text }) => text.includes('/'));
  if (bridged.length > 2) throw invalid(bridged[2]!.text, 'a relay is one bridge, of two addresses');
  for (const { text, family } of listen) {
    if (text.includes('/') || (isBridge && !text.includes('@'))) continue;
    all.push(await toAddress(text, family, options));
  }
  if (all.length === 0) all.push({ address: ownAddress() });
  checkLabels(all);
  return isBridge ? advertisedBridge(all, options.advertised) : advertisedAll(all, options.advertised);
}

async function toAddress(text: string, family: IpFamily, { resolve }: AddressOptions): Promise<MediaAddress> {
  const { host, advertised, label } = written(text);
  const address = await resolved(host, family, resolve, text);
  return {
    address,
    ...(label === undefined ? {} : { label }),
    ...(advertised === undefined ? {} : { advertised: canonicalHost(advertised) }),
  };
}

function written(text: string): Written {
  const at = text.indexOf('@');
  const equals = text.indexOf('=', at + 1);
  const host = text.slice(at + 1, equals < 0 ? undefined : equals);
  const label = text.slice(0, Math.max(0, at));
  const advertised = equals < 0 ? undefined : text.slice(equals + 1);
  if (host === '' || advertised === '' || (at >= 0 && label === '')) {
    throw invalid(text, 'write [label@]address[=advertised], or internal/external');
  }
  return { host, ...(at < 0 ? {} : { label }), ...(advertised === undefined ? {} : { advertised }) };
}

async function resolved(host: string, family: IpFamily, resolve: boolean, text: string): Promise<string> {
  if (host === '*') return family === 4 ? '0.0.0.0' : '::';
  const bare = unbracket(host);
  const found = ipFamily(bare);
  if (found === family) return canonicalHost(bare);
  if (found !== 0) throw invalid(text, `IPv${found} addresses are given by ${found === 4 ? '-l' : '-6'}`);
  if (!resolve) throw invalid(text, 'names are not looked up with --no_resolve');
  try {
    return (await lookup(host, { family })).address;
  } catch {
    throw invalid(text, `the name ${host} has no IPv${family} address`);
  }
}

function checkLabels(all: readonly MediaAddress[]): void {
  const labels = all.flatMap(({ label }) => (label === undefined ? [] : [label]));
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice !== undefined) throw invalid(twice, 'two addresses have this label, so commands cannot choose');
}

function advertisedBridge(all: readonly MediaAddress[], text: string | undefined): MediaAddress[] {
  if (text === undefined) return [...all];
  const [internal, external] = text.split('/', 2);
  if (!internal || !external)
    throw invalid(text, 'a bridge has two advertised addresses: -A internal/external');
  return all.map((it) => {
    const own = it.role === 'internal' ? internal : it.role === 'external' ? external : undefined;
    return own === undefined || it.advertised !== undefined ? it : { ...it, advertised: canonicalHost(own) };
  });
}

function advertisedAll(all: readonly MediaAddress[], text: string | undefined): MediaAddress[] {
  if (text === undefined) return [...all];
  const parts = text.split('/');
  if (parts.length > 2 || parts.includes('')) throw invalid(text, 'write -A address');
  const forFamily = (family: IpFamily) =>
    parts.find((part) => ipFamily(part) === family) ?? parts.find((part) => ipFamily(part) === 0);
  if (parts.length === 2 && ipFamily(parts[0]!) === ipFamily(parts[1]!)) {
    throw invalid(text, 'two advertised addresses need a bridge: -l internal/external');
  }
  return all.map((it) => {
    const own = forFamily(ipFamily(it.address) === 6 ? 6 : 4);
    return own === undefined || it.advertised !== undefined ? it : { ...it, advertised: canonicalHost(own) };
  });
}

/** Where nothing is said: the first address of the machine that others can reach, for `0.0.0.0` tells nobody anything. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flat() as NetworkInterfaceInfo[];
  const own = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  return own?.address ?? '127.0.0.1';
}

function invalid(text: string, hint: string): CommandFault {
  return new CommandFault(`"${text}" is no address for media`, hint);
}
