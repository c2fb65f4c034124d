import type { ServerError } from '../../base/errors.ts';
import { readAuthorities, readCertificate } from '../../net/tls-contexts.ts';
import type { CertificateFiles, TlsSettings } from '../../net/tls-settings.ts';
import { isSecure } from '../../net/transport-name.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { ParsedConfig, ParsedTls } from './parsed-config.ts';
import type { ConfigPath, ConfigSource } from './place.ts';
import type { ServerConfig } from './server-config.ts';

/**
 * Looks into the files that `tls` names, and for listeners that have no certificate. What is wrong has the place of
 * the key that names the file.
 */
export function checkTls(
  parsed: ParsedConfig,
  config: ServerConfig,
  source: ConfigSource,
): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const say = (path: ConfigPath, message: string, hint: string | undefined): void => {
    found.push({ file: source.file, ...source.placeOf(path, 'value'), message, hint });
  };
  if (parsed.tls && config.tls) checkFiles(['tls'], parsed.tls, config.tls, say);
  for (const [i, spec] of (parsed.listen ?? []).entries()) {
    if (!isSecure(spec.transport)) continue;
    const own = config.listen[i]?.tls;
    if (spec.tls && own) checkFiles(['listen', i, 'tls'], spec.tls, own, say);
    if (own ?? config.tls) continue;
    say(
      ['listen', i],
      `listen[${i}]: ${spec.transport} needs a certificate`,
      'give tls: { certificate: FILE, key: FILE }, or tls: { selfSigned: true } to try it out',
    );
  }
  return found;
}

type Say = (path: ConfigPath, message: string, hint: string | undefined) => void;

function checkFiles(path: ConfigPath, given: ParsedTls, settings: TlsSettings, say: Say): void {
  const check = (at: ConfigPath, pair: CertificateFiles): void => {
    const fault = faultOf(() => readCertificate(pair));
    if (!fault) return;
    const key = fault.message.startsWith(`${pair.key} `) ? 'key' : 'certificate';
    say([...at, key], fault.message, fault.hint);
  };
  if (given.certificate !== undefined) check(path, settings.certificate);
  for (const i of (given.servers ?? []).keys()) check([...path, 'servers', i], settings.servers[i]!);
  if (given.ca !== undefined && settings.ca !== undefined) {
    const { ca } = settings;
    const fault = faultOf(() => readAuthorities(ca));
    if (fault) say([...path, 'ca'], fault.message, fault.hint);
  }
  if (
    given.clientCertificates !== undefined &&
    settings.clientCertificates !== 'off' &&
    settings.ca === undefined
  ) {
    say(
      [...path, 'clientCertificates'],
      'it is not said whose client certificates are believed',
      'give ca: FILE with the authority that has signed them',
    );
  }
}

function faultOf(read: () => unknown): ServerError | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return error as ServerError;
  }
}
