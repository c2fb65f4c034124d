import { isToken } from '../../../wire/sip/text.ts';
import { input, int, optional, parsed, staticText, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { avpParameter, ignored, intParameter, textParameter } from '../frame/parameter.ts';
import { ANY, type RouteKinds } from '../frame/route-kind.ts';
import { socketText } from '../runtime/socket-names.ts';
import { lookupFlags, saveFlags } from './registrar/flags.ts';
import { lookup } from './registrar/lookup.ts';
import {
  isContactRegistered,
  isIpRegistered,
  isRegistered,
  remove,
  removeAddress,
  valuesOf,
} from './registrar/queries.ts';
import { save } from './registrar/save.ts';
import type { RegistrarState } from './registrar/state.ts';
import type { UsrlocState } from './usrloc/commands.ts';
import { module as usrloc } from './usrloc.ts';

const { fn, define } = moduleParts<RegistrarState>();

const SAVING: RouteKinds = ['request', 'onreply'];
const ASKING: RouteKinds = ['request', 'failure', 'branch', 'onreply', 'local'];

const NO_PUSH = 'there are no push notifications';
const domain = staticText('domain', 'a name, and with a database that of the table');

function push(describe: string) {
  return ignored('text', describe, NO_PUSH);
}

export const module: ScriptModule = define({
  name: 'registrar',
  summary: 'Answers REGISTER, and finds the contacts of who is called.',
  needs: ['usrloc', 'signaling'],
  params: {
    default_expires: intParameter(3600, 'Seconds that a contact lives where the request says none.', {
      least: 1,
    }),
    min_expires: intParameter(60, 'A shorter lifetime becomes this one; 0: none does.', { least: 0 }),
    max_expires: intParameter(0, 'A longer lifetime becomes this one; 0: none does.', { least: 0 }),
    default_q: intParameter(-1, 'q in thousandths where a contact gives none; -1: it has none.', {
      least: -1,
      most: 1000,
    }),
    tcp_persistent_flag: textParameter(
      undefined,
      'A message flag: the connection of a REGISTER that has it is kept as long as the contact.',
    ),
    realm_prefix: textParameter('', 'Taken off domains: `sip.`.'),
    case_sensitive: intParameter(1, '0: users are the same whatever their case.', { least: 0, most: 1 }),
    received_avp: avpParameter('Holds the URI that the request came from, as fix_nated_register has put it.'),
    received_param: textParameter('received', 'Tells it in the 200 OK.'),
    allow_dup_cseq: intParameter(1, '0: the CSeq of a Call-ID must grow with each REGISTER.', {
      least: 0,
      most: 1,
    }),
    expires_max_deviation: intParameter(0, 'Seconds by which lifetimes differ at random.', { least: 0 }),
    max_contacts: intParameter(0, 'Contacts that an address-of-record may have; 0: any number.', {
      least: 0,
    }),
    max_username_len: intParameter(64, 'The longest user.', { least: 1 }),
    max_domain_len: intParameter(64, 'The longest domain.', { least: 1 }),
    max_aor_len: intParameter(256, 'The longest address-of-record.', { least: 1 }),
    max_contact_len: intParameter(255, 'The longest contact.', { least: 1 }),
    retry_after: intParameter(0, 'Seconds for Retry-After in a 5xx; 0: none.', { least: 0 }),
    sock_hdr_name: textParameter(undefined, 'A header with the socket that the request came by.'),
    mcontact_avp: avpParameter(
      'Holds the contact that was sent on to another registrar, whose answer is saved.',
    ),
    attr_avp: avpParameter('Holds a text that is kept with the contact, and comes back with it.'),
    gruu_secret: textParameter('0p3nS1pS', 'What temporary GRUUs are made with.'),
    disable_gruu: intParameter(1, '0: phones get GRUUs (RFC 5627).', { least: 0, most: 1 }),
    pn_enable: push('Push notifications.'),
    pn_providers: push('Push notifications.'),
    pn_ct_match_params: push('Push notifications.'),
    pn_pnsreg_interval: push('Push notifications.'),
    pn_trigger_interval: push('Push notifications.'),
    pn_skip_pn_interval: push('Push notifications.'),
    pn_refresh_timeout: push('Push notifications.'),
    pn_enable_purr: push('Push notifications.'),
  },
  start: (params, context) => {
    const { location } = context.stateOf<UsrlocState>(usrloc)!;
    const { min_expires: least } = params;
    const most = params.max_expires === 0 ? 0 : Math.max(params.max_expires, least);
    const usual = Math.max(params.default_expires, least);
    return {
      location,
      context,
      accepted: 0,
      rejected: 0,
      settings: {
        defaultExpires: most === 0 ? usual : Math.min(usual, most),
        minExpires: least,
        maxExpires: most,
        defaultQ: params.default_q,
        persistFlag: params.tcp_persistent_flag,
        realmPrefix: params.realm_prefix,
        caseSensitive: params.case_sensitive === 1,
        receivedAvp: params.received_avp,
        contactAvp: params.mcontact_avp,
        attributesAvp: params.attr_avp,
        receivedParam: params.received_param,
        allowSameCseq: params.allow_dup_cseq === 1,
        deviation: params.expires_max_deviation,
        maxContacts: params.max_contacts,
        maxUserLength: params.max_username_len,
        maxDomainLength: params.max_domain_len,
        maxAorLength: params.max_aor_len,
        maxContactLength: params.max_contact_len,
        retryAfter: params.retry_after,
        socketHeader: params.sock_hdr_name,
        gruuSecret: params.disable_gruu === 0 ? params.gruu_secret : undefined,
      },
    };
  },
  functions: {
    save: fn({
      args: [
        domain,
        optional(parsed('flags', saveFlags)),
        optional(text('aor', 'a URI; by default that of To')),
        optional(text('ownership_tag', 'of a cluster; nothing is done with it')),
      ],
      routes: SAVING,
      describe:
        'Carries a REGISTER out and answers it. In a reply route it saves what another registrar has accepted, and answers nothing.',
      returns: '1: saved; -1: saved, and not answered; -2: refused.',
      waits: true,
      run: (m, state, name, flags, aor) => save(m, state, name, flags, aor),
    }),
    remove: fn({
      args: [
        domain,
        text('AOR'),
        optional(text('contact')),
        optional(text('next_hop')),
        optional(text('sip_instance')),
        optional(text('bflag')),
      ],
      routes: SAVING,
      describe: 'Removes contacts of an address-of-record: all, or those that all conditions hold for.',
      waits: true,
      run: (m, state, name, aor, contact, nextHop, instance, flag) =>
        remove(m, state, name, aor, { contact, nextHop, instance, flag }),
    }),
    remove_ip_port: fn({
      args: [text('IP'), int('Port', { least: 0, most: 65_535 }), domain, optional(text('AOR'))],
      routes: ANY,
      describe: 'Removes the contacts that came from an address and port.',
      returns: '1: some were removed; -1: none was.',
      waits: true,
      run: (_m, state, ip, port, name, aor) => removeAddress(state, name, ip, port, aor),
    }),
    lookup: fn({
      args: [
        domain,
        optional(parsed('flags', lookupFlags)),
        optional(text('aor', 'a URI; by default `$ru`')),
      ],
      routes: ['request', 'onreply', 'failure'],
      describe: 'Puts the contacts of who is called in place of the Request-URI, and into branches.',
      returns: '1: found; -1: nobody is registered; -2: nobody takes the method; -3: no address-of-record.',
      waits: true,
      run: (m, state, name, flags, aor) => lookup(m, state, name, flags, aor),
    }),
    is_registered: fn({
      args: [domain, optional(text('AOR', 'a URI; by default To of a REGISTER, From of others'))],
      routes: ASKING,
      describe: 'Whether an address-of-record has a contact.',
      waits: true,
      run: (m, state, name, aor) => isRegistered(m, state, name, aor),
    }),
    is_contact_registered: fn({
      args: [domain, optional(text('AOR')), optional(text('contact')), optional(text('callid'))],
      routes: ASKING,
      describe:
        'Whether an address-of-record has a contact of that URI, of that Call-ID, or of both; by default the Contact of the message.',
      waits: true,
      run: (m, state, name, aor, contact, callId) =>
        isContactRegistered(m, state, name, aor, contact, callId),
    }),
    is_ip_registered: fn({
      args: [domain, optional(text('AOR')), input('IPvar'), optional(input('PORTvar'))],
      routes: ASKING,
      describe: 'Whether an address-of-record has a contact that came from an address.',
      waits: true,
      run: (m, state, name, aor, ip, port) => {
        const ports = port === undefined ? undefined : valuesOf(m, port).map(Number);
        return isIpRegistered(m, state, name, aor, valuesOf(m, ip), ports);
      },
    }),
    add_sock_hdr: fn({
      args: [text('hdr_name')],
      routes: ASKING,
      describe: 'Writes the socket that the request came by into a header of it.',
      run: (m, _state, name) => {
        if (!isToken(name)) return false;
        m.changes.appendLine(`${name}: ${socketText(m.flow.listener)}`);
        return true;
      },
    }),
  },
  statistics: {
    max_expires: { describe: 'The parameter.', read: ({ settings }) => settings.maxExpires },
    max_contacts: { describe: 'The parameter.', read: ({ settings }) => settings.maxContacts },
    default_expire: { describe: 'The parameter.', read: ({ settings }) => settings.defaultExpires },
    accepted_regs: {
      describe: 'REGISTERs that were carried out.',
      read: ({ accepted }) => accepted,
      reset: (state) => {
        state.accepted = 0;
      },
    },
    rejected_regs: {
      describe: 'REGISTERs that were refused.',
      read: ({ rejected }) => rejected,
      reset: (state) => {
        state.rejected = 0;
      },
    },
  },
  missing: {
    pn_process_purr: NO_PUSH,
    on_process_purr: NO_PUSH,
  },
  notes:
    'A REGISTER is carried out wholly or not at all. A contact that came by a connection is reached by it as long as it stands.',
});
