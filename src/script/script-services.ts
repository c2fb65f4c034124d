import type { Advertise } from '../advertise/advertise.ts';
import { ServerError } from '../base/errors.ts';
import { canonicalHost } from '../base/ip.ts';
import type { Authenticator, AuthResult } from '../core/auth/authenticator.ts';
import { parseCredentials } from '../core/auth/digest.ts';
import { isBehindNat } from '../core/nat/nat-test.ts';
import type { Target } from '../core/proxy/target.ts';
import type { MaybePromise } from '../core/registrar/location-store.ts';
import type { RegisterResult, Registrar } from '../core/registrar/registrar.ts';
import { addressOfRecord } from '../wire/sip/address-of-record.ts';
import { H } from '../wire/sip/header-name.ts';
import { judgeRegister } from '../wire/sip/register-verdict.ts';
import { fromByteString, toByteString } from '../wire/sip/text.ts';
import type { Uri } from '../wire/sip/uri.ts';
import { judgeRequire } from '../wire/sip/verdict.ts';
import type { Address } from './api/address.ts';
import type { Reply } from './api/answer.ts';
import type { DigestOptions, Verification } from './api/digest.ts';
import type { SaveOptions, TargetSet } from './api/location.ts';
import type { Services } from './api/services.ts';
import type { RequestCall } from './request-call.ts';

export interface ScriptServicesOptions {
  readonly advertise: Advertise;
  readonly registrar: Registrar;
  readonly authenticator: Authenticator;
  /** The realm of challenges, and the domain under which addresses of this server itself are filed. */
  readonly realm: string;
  /** The users of all domains are those of `realm`; by default each configured domain is a realm of its own. */
  readonly oneRealm?: boolean;
}

const NOBODY: TargetSet = [];
const REGISTRAR_EXTENSIONS: ReadonlySet<string> = new Set(['path', 'outbound']);

/** What the functions of the script API do in a running server. */
export class ScriptServices implements Services {
  readonly #options: ScriptServicesOptions;

  constructor(options: ScriptServicesOptions) {
    this.#options = options;
  }

  isLocal(uri: Uri): boolean {
    return uri.kind === 'sip' && this.#options.advertise.own.isLocalDomain(uri.host);
  }

  /**
   * Users register at whatever address they reach the server by, and are called at another one: all addresses of the
   * server itself are one domain, the realm; configured domains stay apart.
   */
  addressOfRecord(uri: Uri): string | undefined {
    if (uri.kind !== 'sip' || uri.user === undefined) return undefined;
    const { own } = this.#options.advertise;
    const answer = own.recognise({ host: uri.host });
    if (!answer.own) return undefined;
    if (answer.how === 'domain') return addressOfRecord(uri.with({ port: undefined }));
    return addressOfRecord(uri.with({ host: this.#options.realm, port: undefined }));
  }

  verify(call: RequestCall, options: DigestOptions): MaybePromise<Verification> {
    const realm = options.realm === undefined ? this.#realmOf(call) : toByteString(options.realm);
    const kind = this.#isForServer(call) ? 'www' : 'proxy';
    const result = this.#options.authenticator.verify(call.request, kind, realm, call.source.address);
    return result instanceof Promise
      ? result.then((it) => this.#verified(call, options, realm, it))
      : this.#verified(call, options, realm, result);
  }

  save(call: RequestCall, options: SaveOptions): MaybePromise<Reply> {
    const { request } = call;
    if (request.method !== 'REGISTER') {
      throw new ServerError('SIP_BAD_FIELD', `location.save: ${request.method} is no REGISTER`);
    }
    const fault = judgeRegister(request) ?? judgeRequire(request, REGISTRAR_EXTENSIONS);
    if (fault) return reply(fault.status, fault.reason, fault.headers);
    const aor = call.to.aor;
    if (aor === undefined) return reply(404, 'Domain Not Served Here');
    if (options.owner !== undefined && call.to.user !== options.owner) {
      return reply(403, 'Not Your Address-of-Record');
    }
    const result = this.#options.registrar.process(request, call.flow, {
      aor,
      natted: isBehindNat(request, call.flow),
      ...(options.maxContacts === undefined ? {} : { maxContacts: options.maxContacts }),
    });
    return result instanceof Promise ? result.then(registered) : registered(result);
  }

  lookup(address: Address): MaybePromise<TargetSet> {
    const { aor } = address;
    if (aor === undefined) return NOBODY;
    const targets = this.#options.registrar.lookup(aor);
    return targets instanceof Promise ? targets.then(byPreference) : byPreference(targets);
  }

  /** That of the identity: who is somebody in one domain is nobody in another, though the names be the same. */
  #realmOf(call: RequestCall): string {
    const { realm, oneRealm, advertise } = this.#options;
    const { parsed } = identityOf(call);
    if (oneRealm || parsed?.kind !== 'sip') return realm;
    return advertise.own.recognise({ host: parsed.host }).how === 'domain'
      ? canonicalHost(parsed.host)
      : realm;
  }

  /** RFC 3261 §22.1: a registrar or user agent server challenges with 401, a proxy with 407. */
  #isForServer(call: RequestCall): boolean {
    return call.method === 'REGISTER' || (call.target.user === undefined && call.target.isLocal);
  }

  #verified(call: RequestCall, options: DigestOptions, realm: string, result: AuthResult): Verification {
    if (!result.ok) return { ok: false, challenge: reply(result.status, result.reason, result.headers) };
    const user = fromByteString(result.user);
    const identity = identityOf(call);
    if (options.identity !== 'any' && (identity.user !== user || !identity.isLocal)) {
      return { ok: false, challenge: reply(403, 'Identity Is Not Yours') };
    }
    dropCredentials(call, realm);
    return { ok: true, user, realm: fromByteString(realm) };
  }
}

/** Whom the request says it is from. */
function identityOf(call: RequestCall): Address {
  return call.method === 'REGISTER' ? call.to : call.from;
}

/** Credentials for this server's realm are nobody else's business (RFC 3261 §22.3). */
function dropCredentials({ request, headers }: RequestCall, realm: string): void {
  for (const header of [H.Authorization, H.ProxyAuthorization]) {
    for (let line = request.find(header); line >= 0; line = request.find(header, line + 1)) {
      if (parseCredentials(request.valueAt(line))?.realm === realm) headers.dropLine(line);
    }
  }
}

function registered(result: RegisterResult): Reply {
  return reply(result.status, result.reason, result.headers);
}

function reply(status: number, reason: string, headers: Reply['headers'] = []): Reply {
  return { kind: 'reply', status, reason, headers, body: undefined };
}

/** Targets come sorted; those of equal q are tried together (RFC 3261 §16.6). */
function byPreference(targets: readonly Target[]): TargetSet {
  const groups: Target[][] = [];
  for (const target of targets) {
    const last = groups.at(-1);
    if (last && last[0]!.q === target.q) last.push(target);
    else groups.push([target]);
  }
  return groups;
}
