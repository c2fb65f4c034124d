import type { Binding } from '../../../../core/registrar/location-store.ts';
import { readQ } from '../../../../core/registrar/register-request.ts';
import { whenReady } from '../../../../core/registrar/when-ready.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import { CommandError, type CommandSpec, type Json } from '../../frame/command.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import { type AnswerContext, aorAnswer } from './contact-answer.ts';
import { newContactId } from './contact-id.ts';
import type { LocationDomain } from './location-domain.ts';
import { PERMANENT, sourceOf } from './location-rows.ts';
import { SqlLocation } from './sql-location.ts';
import type { UserLocation } from './user-location.ts';

/** The state of the module. */
export interface UsrlocState extends AsyncDisposable {
  readonly location: UserLocation;
  readonly context: ModuleContext;
  /** Keys are shown by MI. */
  readonly withKeys: boolean;
  /** `hash_size`, which MI shows. */
  readonly hashSize: number;
}

type Commands = Readonly<Record<string, CommandSpec<UsrlocState>>>;

/** Of contacts that MI adds. */
const MI_CALL_ID = 'dfjrewr12386fd6-343@OpenSIPS.mi';
const MI_AGENT = 'SIP MI Server';

function answerContext({ location, context, withKeys }: UsrlocState): AnswerContext {
  const { clock, environment } = context.services;
  return { location, withKeys, now: clock.wallNow(), listeners: environment.network.listeners };
}

function domainOf({ location }: UsrlocState, name: Json | undefined): LocationDomain {
  const domain = location.known(String(name));
  if (domain === undefined) throw new CommandError(404, 'Table not found');
  return domain;
}

function aorOf({ location }: UsrlocState, given: Json | undefined): string {
  const aor = String(given);
  const at = aor.indexOf('@');
  if (location.settings.useDomain) {
    if (at < 0) throw new CommandError(400, 'Domain missing in AOR');
    return aor;
  }
  return at < 0 ? aor : aor.slice(0, at);
}

async function stored(domain: LocationDomain, aor: string): Promise<readonly Binding[]> {
  const found = await domain.store.find(domain.keyOf(aor));
  if (found.length === 0) throw new CommandError(404, 'AOR not found');
  return found;
}

function done(removed: number | undefined, failure: string): Json {
  if (removed === undefined) throw new CommandError(500, failure);
  return 'OK';
}

async function dump(state: UsrlocState, brief: boolean): Promise<Json> {
  const context = answerContext(state);
  const domains: Json[] = [];
  for (const domain of state.location.domains) {
    const aors = [...(await domain.byAor())].map(([aor, bindings]) =>
      brief ? { AOR: aor } : aorAnswer(domain, aor, bindings, context),
    );
    domains.push({ name: domain.name, hash_size: 2 ** state.hashSize, AORs: aors });
  }
  return { Domains: domains };
}

/** A contact as MI gives it; one that has the same URI is written anew. */
async function add(state: UsrlocState, params: Readonly<Record<string, Json>>): Promise<Json> {
  const domain = domainOf(state, params.table_name);
  const aor = aorOf(state, params.aor);
  const uri = Uri.parse(String(params.contact));
  const q = readQ(String(params.q));
  const expires = Number(params.expires);
  if (uri === undefined || q === undefined || !Number.isInteger(expires) || expires < 0) {
    throw new CommandError(400, 'Bad parameter value');
  }
  const { clock, ids, environment } = state.context.services;
  const now = clock.wallNow();
  const update = await domain.change(aor, (bindings) => {
    const before = bindings.find(({ contact }) => contact === uri.toString());
    const methods = Number(params.methods);
    const binding: Binding = {
      aor: domain.keyOf(aor),
      contact: uri.toString(),
      expiresAt: expires === 0 ? PERMANENT : now + expires * 1000,
      q,
      callId: MI_CALL_ID,
      cseq: before?.cseq ?? 1,
      path: [],
      received: sourceOf(uri),
      listener: before?.listener ?? environment.network.listeners[0]?.name ?? '',
      connectionId: 0,
      bootId: '',
      natted: false,
      instance: '',
      regId: 0,
      userAgent: MI_AGENT,
      updatedAt: now,
      notes: {
        id: before?.notes?.id ?? newContactId(ids),
        flags: [],
        received: '',
        q,
        methods: Number.isInteger(methods) ? methods : -1,
        attributes: '',
        memoryOnly: false,
        keys: bindings[0]?.notes?.keys,
      },
    };
    const others = bindings.filter((it) => it !== before);
    const [added, refreshed] = before === undefined ? [[binding], []] : [[], [binding]];
    return { ok: true, bindings: [...others, binding], added, refreshed, removed: [], expired: [] };
  });
  if (!update.ok) throw new CommandError(500, 'Internal Error');
  return 'OK';
}

/** MI commands of usrloc. */
export const usrlocCommands: Commands = {
  'usrloc:rm': {
    describe: 'Removes an address-of-record with all its contacts.',
    params: ['table_name', 'aor'],
    aliases: ['ul_rm'],
    run: (state, { table_name, aor }) =>
      whenReady(
        domainOf(state, table_name).remove(aorOf(state, aor), () => true),
        (removed) => done(removed, 'Failed to delete AOR'),
      ),
  },
  'usrloc:rm_contact': {
    describe: 'Removes one contact.',
    params: ['table_name', 'aor', 'contact'],
    aliases: ['ul_rm_contact'],
    run: async (state, { table_name, aor, contact }) => {
      const domain = domainOf(state, table_name);
      await stored(domain, aorOf(state, aor));
      const removed = await domain.remove(aorOf(state, aor), (it) => it.contact === contact);
      if (removed === 0) throw new CommandError(404, 'Contact not found');
      return done(removed, 'Failed to delete contact');
    },
  },
  'usrloc:dump': {
    describe: 'Lists all contacts, or with `brief` only the addresses-of-record.',
    params: ['brief?'],
    aliases: ['ul_dump'],
    run: (state, { brief }) => dump(state, brief === 'brief' || Number(brief ?? 0) > 0),
  },
  'usrloc:flush': {
    describe: 'Writes all changes to the database.',
    aliases: ['ul_flush'],
    run: async ({ location }) => {
      await location.flush();
      return 'OK';
    },
  },
  'usrloc:add': {
    describe: 'Adds a contact, or writes it anew. `expires` 0 is for ever; flags and cflags are not kept.',
    params: ['table_name', 'aor', 'contact', 'expires', 'q', 'flags', 'cflags', 'methods'],
    aliases: ['ul_add'],
    run: add,
  },
  'usrloc:show_contact': {
    describe: 'Lists the contacts of an address-of-record.',
    params: ['table_name', 'aor'],
    aliases: ['ul_show_contact'],
    run: async (state, params) => {
      const domain = domainOf(state, params.table_name);
      const aor = aorOf(state, params.aor);
      return aorAnswer(domain, aor, await stored(domain, aor), answerContext(state));
    },
  },
  'usrloc:sync': {
    describe: 'Writes the table anew from memory, or what it has of one address-of-record.',
    params: ['table_name', 'aor?'],
    aliases: ['ul_sync'],
    run: async (state, params) => {
      const { mode } = state.location.settings;
      if (mode === 'no-db' || mode === 'sql-only') throw new CommandError(200, 'Contacts already synced');
      const domain = domainOf(state, params.table_name);
      const aor = params.aor === undefined ? undefined : aorOf(state, params.aor);
      if (aor !== undefined) await stored(domain, aor);
      if (domain.store instanceof SqlLocation) await domain.store.sync(aor && domain.keyOf(aor));
      return 'OK';
    },
  },
};
