// What a server under test is, and what it may be asked to do.
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSelfSigned } from '../../src/net/self-signed.ts';

/** What the messages are carried by. */
export type BenchTransport = 'udp' | 'tcp' | 'tls';

/**
 * - `relay`: keep transactions, stay in the path, relay to the Request-URI.
 * - `dialogs`: the same, and know every call while it lasts.
 * - `phones`: registrar and proxy of a domain, with digest for REGISTER and INVITE, and a look-up of who is called.
 * - `registrar`: the registrar alone, without digest.
 */
export type Job = 'relay' | 'dialogs' | 'phones' | 'registrar';

/** A server under test, on one core with one worker. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  readonly flags: string; // how it was started, as far as it matters for speed
  readonly files: Readonly<Record<string, string>>; // written into its folder before it starts
  readonly command: readonly string[]; // run in that folder
  /** What it finds there besides, such as a database with so many users. */
  readonly prepare?: (folder: string) => void;
  /** Whether its code is compiled while it runs, better and better: first calls are its dearest. */
  readonly learns?: boolean;
  /** How long transactions are kept when all is said, in s. */
  readonly lingerSeconds: number;
}

/** One that cannot be measured here. */
export interface AbsentPeer {
  readonly name: string;
  readonly absent: string; // why
}

export type Candidate = Peer | AbsentPeer;

/** The port that every server under test listens on, on loopback. */
export const PORT = 5066;
/** The domain of the users u0, u1, … and the password of all of them: as load/register.h has them. */
export const DOMAIN = 'example.com';
export const PASSWORD = 'correct-horse';

export const ROOT = dirname(dirname(fileURLToPath(new URL('.', import.meta.url))));

/** Of every server under test and of the callee, in the folder that the server is started in. */
export const CERTIFICATE = 'certificate.pem';
export const KEY = 'key.pem';
const pair = makeSelfSigned(['127.0.0.1', DOMAIN], Date.now());

export const CERTIFICATE_FILES: Readonly<Record<string, string>> = {
  [CERTIFICATE]: pair.certificate,
  [KEY]: pair.key,
};

/** What a command prints; undefined where it is missing or fails. */
export function output(command: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

export function isAbsent(candidate: object): candidate is AbsentPeer {
  return 'absent' in candidate;
}
