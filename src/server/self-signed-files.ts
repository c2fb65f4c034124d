import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { logLine } from '../base/channels.ts';
import { ServerError } from '../base/errors.ts';
import { canonicalHost } from '../base/ip.ts';
import type { Listener } from '../net/listener.ts';
import { makeSelfSigned } from '../net/self-signed.ts';
import { readCertificate } from '../net/tls-contexts.ts';
import type { CertificateFiles } from '../net/tls-settings.ts';

/**
 * Makes the certificates that the configuration asks to be made, where they are not there or have ended: for the
 * domains, and for whatever the listeners are bound to and print.
 * @param wallNow milliseconds since 1970
 * @throws ServerError NET_BAD_CERTIFICATE where they cannot be written
 */
export function makeSelfSignedFiles(
  listeners: readonly Listener[],
  domains: readonly string[],
  wallNow: number,
): void {
  const names = new Set(domains);
  const wanted = new Map<string, CertificateFiles>();
  for (const { tls, address, advertised } of listeners) {
    if (!tls?.selfSigned) continue;
    wanted.set(tls.certificate.certificate, tls.certificate);
    if (advertised?.host !== undefined) names.add(canonicalHost(advertised.host));
    names.add(address);
  }
  for (const files of wanted.values()) if (!isGood(files, wallNow)) write(files, [...names], wallNow);
}

function isGood(files: CertificateFiles, wallNow: number): boolean {
  return existsSync(files.certificate) && existsSync(files.key) && readCertificate(files).validTo > wallNow;
}

function write(files: CertificateFiles, names: readonly string[], wallNow: number): void {
  const pair = makeSelfSigned(names, wallNow);
  try {
    mkdirSync(dirname(files.certificate), { recursive: true });
    writeFileSync(files.key, pair.key, { mode: 0o600 });
    // The mode is that of new files only.
    chmodSync(files.key, 0o600);
    writeFileSync(files.certificate, pair.certificate);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ServerError('NET_BAD_CERTIFICATE', `${files.certificate} cannot be written (${reason})`, {
      hint: 'let the server write to its data directory, or give a certificate of your own',
      cause: error,
    });
  }
  logLine('info', 'server', `made a certificate that signs itself: ${files.certificate}`, { names });
}
