import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { ServerError } from '../base/errors.ts';
import { formatHostPort } from '../base/ip.ts';
import type { CertificateFiles, TlsClient, TlsSettings } from './tls-settings.ts';

const DAY_MS = 86_400_000;

/** A certificate in use, for those who watch over it. */
export interface CertificateState {
  /** The file. */
  readonly file: string;
  /** The names in it, as OpenSSL prints them. */
  readonly names: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly validTo: number;
}

/** @returns whole days until the certificate ends; negative afterwards */
export function daysLeft(certificate: CertificateState, wallNow: number): number {
  return Math.floor((certificate.validTo - wallNow) / DAY_MS);
}

/** How to connect to a server. */
export interface ClientContext {
  readonly context: SecureContext;
  /** Whether it must prove who it is. */
  readonly verify: boolean;
}

interface LoadedClient extends ClientContext {
  readonly client: TlsClient;
}

/** What was read from files at one time. */
interface Loaded {
  /** The text of every file, to see that it has changed. */
  readonly fingerprint: string;
  readonly options: SecureContextOptions;
  readonly standard: SecureContext;
  /** By name in lower case; `.example.com` for `*.example.com`. */
  readonly byName: ReadonlyMap<string, SecureContext>;
  readonly clients: readonly LoadedClient[];
  readonly certificates: readonly CertificateState[];
}

/** The certificates of a listener, as they are in their files. New ones are used by hand-shakes that begin later. */
export class TlsContexts {
  readonly settings: TlsSettings;
  #loaded: Loaded;
  /** The state of files that could not be used, so that they are complained of once. */
  #refused = '';

  /** @throws ServerError NET_BAD_CERTIFICATE, which names the file */
  constructor(settings: TlsSettings) {
    this.settings = settings;
    this.#loaded = load(settings, readFiles(settings));
  }

  /** For `tls.createServer` and its `setSecureContext`. */
  get options(): SecureContextOptions {
    return this.#loaded.options;
  }

  /** For those who ask for no name, and for connecting to others. */
  get standard(): SecureContext {
    return this.#loaded.standard;
  }

  get certificates(): readonly CertificateState[] {
    return this.#loaded.certificates;
  }

  /** The certificate for a name that was asked for (RFC 6066 §3): the name itself, then its wildcard, then any. */
  forName(name: string): SecureContext {
    const { byName, standard } = this.#loaded;
    const asked = name.toLowerCase();
    const dot = asked.indexOf('.');
    return byName.get(asked) ?? (dot > 0 ? byName.get(asked.slice(dot)) : undefined) ?? standard;
  }

  /** How to connect to a server. @param domain the SIP domain that led there */
  clientFor(domain: string | undefined, address: string, port: number): ClientContext {
    const { clients, standard } = this.#loaded;
    const found = clients.find(({ client }) => isFor(client, domain, address, port));
    return found ?? { context: standard, verify: this.settings.verifyServers };
  }

  /**
   * Reads the files again.
   * @returns whether there is something new; the old holds on where what is new cannot be used, which is thrown once
   * @throws ServerError NET_BAD_CERTIFICATE
   */
  reload(): boolean {
    let state = 'unreadable';
    try {
      const files = readFiles(this.settings);
      state = fingerprintOf(files);
      if (state === this.#loaded.fingerprint) {
        this.#refused = '';
        return false;
      }
      if (state === this.#refused) return false;
      this.#loaded = load(this.settings, files);
      this.#refused = '';
      return true;
    } catch (error) {
      if (state === this.#refused) return false;
      this.#refused = state;
      throw error;
    }
  }
}

/**
 * What is in a certificate's files.
 * @throws ServerError NET_BAD_CERTIFICATE where they cannot be read, or do not belong together
 */
export function readCertificate(files: CertificateFiles): CertificateState {
  return certificateState(files, readPem(files.certificate), readPem(files.key));
}

/** @throws ServerError NET_BAD_CERTIFICATE where the file holds no certificate */
export function readAuthorities(file: string): string {
  const text = readPem(file);
  try {
    new X509Certificate(text);
  } catch (error) {
    throw badFile(file, 'holds no certificate in PEM form', error);
  }
  return text;
}

type Files = ReadonlyMap<string, string>;

function readFiles(settings: TlsSettings): Files {
  const files = new Map<string, string>();
  const clients = settings.clients ?? [];
  const own = clients.flatMap(({ certificate }) => certificate ?? []);
  for (const { certificate, key } of [settings.certificate, ...settings.servers, ...own]) {
    files.set(certificate, readPem(certificate)).set(key, readPem(key));
  }
  for (const { ca } of [settings, ...clients]) if (ca !== undefined) files.set(ca, readAuthorities(ca));
  return files;
}

function fingerprintOf(files: Files): string {
  return [...files.values()].join('\0');
}

function load(settings: TlsSettings, files: Files): Loaded {
  const { minVersion, ciphers } = settings;
  const commonWith = (file: string | undefined): SecureContextOptions => ({
    minVersion,
    honorCipherOrder: true,
    ...(ciphers !== undefined && { ciphers }),
    ...(file !== undefined && { ca: files.get(file)! }),
  });
  const certificates: CertificateState[] = [];
  const optionsOf = (pair: CertificateFiles, ca = settings.ca): SecureContextOptions => {
    const cert = files.get(pair.certificate)!;
    const key = files.get(pair.key)!;
    certificates.push(certificateState(pair, cert, key));
    return { ...commonWith(ca), cert, key };
  };
  const options = optionsOf(settings.certificate);
  const byName = new Map<string, SecureContext>();
  for (const server of settings.servers) {
    const name = server.name.toLowerCase();
    byName.set(name.startsWith('*.') ? name.slice(1) : name, contextOf(server, optionsOf(server)));
  }
  const standard = contextOf(settings.certificate, options);
  const clients = (settings.clients ?? []).map((client): LoadedClient => {
    const pair = client.certificate ?? settings.certificate;
    return { client, context: contextOf(pair, optionsOf(pair, client.ca)), verify: client.verify };
  });
  return { fingerprint: fingerprintOf(files), options, standard, byName, clients, certificates };
}

function isFor(
  { domains, addresses }: TlsClient,
  domain: string | undefined,
  address: string,
  port: number,
): boolean {
  const there = [address, formatHostPort(address, port)];
  if (addresses.length > 0 && !addresses.some((it) => there.includes(it))) return false;
  const name = domain?.toLowerCase();
  return domains.length === 0 || domains.some((it) => it === name || (name && matchesOneLabel(it, name)));
}

/** Whether `*.example.com` means a name. */
function matchesOneLabel(pattern: string, name: string): boolean {
  return pattern.startsWith('*.') && name.slice(name.indexOf('.')) === pattern.slice(1);
}

function contextOf(files: CertificateFiles, options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options);
  } catch (error) {
    throw badFile(files.certificate, `cannot be used: ${(error as Error).message}`, error);
  }
}

function certificateState(files: CertificateFiles, cert: string, key: string): CertificateState {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (error) {
    throw badFile(files.certificate, 'holds no certificate in PEM form', error);
  }
  try {
    createSecureContext({ key });
  } catch (error) {
    throw badFile(files.key, 'holds no private key in PEM form that can be used without a passphrase', error);
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw badFile(files.key, `is not the key of ${files.certificate}`, error);
  }
  return {
    file: files.certificate,
    names: certificate.subjectAltName ?? certificate.subject,
    validTo: certificate.validToDate.getTime(),
  };
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw badFile(file, code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`, error);
  }
}

function badFile(file: string, what: string, cause: unknown): ServerError {
  return new ServerError('NET_BAD_CERTIFICATE', `${file} ${what}`, {
    hint: 'certificate and key are PEM files that the server may read; the certificate first, then its chain',
    cause,
  });
}
