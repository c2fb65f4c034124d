import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { addressBytes, ipFamily } from '../base/ip.ts';
import {
  bitString,
  boolean,
  der,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';

const DAY_MS = 86_400_000;
/** Clocks of others may be behind. */
const BACKDATED_MS = DAY_MS;
/** Apple's systems take no certificate for longer. */
const LIFE_MS = 820 * DAY_MS;

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALT_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** GeneralName (RFC 5280 §4.2.1.6). */
const DNS_NAME = 0x82;
const URI_NAME = 0x86;
const IP_ADDRESS = 0x87;

/** Certificate and key, both PEM. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Makes a certificate that signs itself (RFC 5280), with a P-256 key, for names and IP addresses. Whoever wants to
 * trust it has to be given it.
 * @param names at least one; the first becomes the subject's common name too
 * @param wallNow milliseconds since 1970
 */
export function makeSelfSigned(names: readonly string[], wallNow: number): CertificatePair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256));
  const subject = sequence(
    set(sequence(objectIdentifier(COMMON_NAME), utf8String((names[0] ?? '').slice(0, 64)))),
  );
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' });
  const serial = randomBytes(16);
  const signed = sequence(
    der(0xa0, integer(Buffer.of(2))),
    // Positive and not zero, whatever was drawn.
    integer(Buffer.concat([Buffer.of(0x01), serial])),
    algorithm,
    subject,
    sequence(time(wallNow - BACKDATED_MS), time(wallNow + LIFE_MS)),
    subject,
    publicInfo,
    der(0xa3, extensions(names, publicInfo)),
  );
  const signature = sign('sha256', signed, privateKey);
  return {
    certificate: pem('CERTIFICATE', sequence(signed, algorithm, bitString(signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function extensions(names: readonly string[], publicInfo: Uint8Array): Buffer {
  const keyIdentifier = createHash('sha256').update(publicInfo).digest().subarray(0, 20);
  // digitalSignature and keyCertSign: six bits, of which the last two are unused.
  const usage = der(0x03, Buffer.of(2, 0b1000_0100));
  return sequence(
    extension(BASIC_CONSTRAINTS, true, sequence(boolean(true))),
    extension(KEY_USAGE, true, usage),
    extension(
      EXTENDED_KEY_USAGE,
      false,
      sequence(objectIdentifier(SERVER_AUTH), objectIdentifier(CLIENT_AUTH)),
    ),
    extension(SUBJECT_KEY_IDENTIFIER, false, octetString(keyIdentifier)),
    extension(SUBJECT_ALT_NAME, false, sequence(...names.flatMap(generalNames))),
  );
}

function extension(oid: string, critical: boolean, value: Uint8Array): Buffer {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(oid), ...flag, octetString(value));
}

/** A name is written as SIP domain and as DNS name (RFC 5922 §6). */
function generalNames(name: string): Buffer[] {
  if (ipFamily(name) !== 0) return [der(IP_ADDRESS, Buffer.from(addressBytes(name)))];
  return [der(DNS_NAME, Buffer.from(name, 'latin1')), der(URI_NAME, Buffer.from(`sip:${name}`, 'latin1'))];
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
