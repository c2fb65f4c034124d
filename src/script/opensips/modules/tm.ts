import {
  choice,
  int,
  letters,
  optional,
  output,
  parsed,
  regex,
  route,
  text,
  words,
} from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, textParameter } from '../frame/parameter.ts';
import type { RouteKinds } from '../frame/route-kind.ts';
import { destination } from '../runtime/destination.ts';
import { inject, relay } from '../runtime/relay.ts';
import { newRequest } from './tm/new-request.ts';
import { type TmState, transactionNames } from './tm/state.ts';
import { tmStatistics } from './tm/statistics.ts';
import { replyCode, tmVariables } from './tm/variables.ts';

const { fn, define } = moduleParts<TmState>();

const ARMING: RouteKinds = ['request', 'branch', 'onreply', 'failure'];
const RELAYING: RouteKinds = ['request', 'failure'];

/** Of them only the DNS fail-over can be wanted otherwise here; the rest is always so, or never. */
const RELAY_FLAGS = {
  'no-auto-477': 2,
  'no-dns-failover': 4,
  'pass-reason-hdr': 8,
  'allow-no-cancel': 16,
};

/** More phones do not register while a call rings. */
const MOST_LATER = 32;

const BY_FRAMEWORK = 'the transactions are the server’s own, by RFC 3261 and RFC 6026';

export const module: ScriptModule = define({
  name: 'tm',
  summary: 'Transactions: forwarding with replies, failures and branches in the script’s hands.',
  params: {
    fr_timeout: intParameter(30, 'Seconds that a request may go without any reply.', { least: 1 }),
    fr_inv_timeout: intParameter(120, 'Seconds that an INVITE may ring.', { least: 1 }),
    fr_timer: { ...intParameter(30, 'Older name.', { least: 1 }), olderNameOf: 'fr_timeout' },
    fr_inv_timer: { ...intParameter(120, 'Older name.', { least: 1 }), olderNameOf: 'fr_inv_timeout' },
    T1_timer: intParameter(500, 'T1 in ms.', { least: 1 }),
    T2_timer: intParameter(4000, 'T2 in ms.', { least: 1 }),
    auto_100trying: intParameter(
      1,
      'Whether an INVITE that is forwarded is answered with 100 at once; without, after 200 ms (RFC 3261 §17.2.1).',
    ),
    onreply_avp_mode: ignored('int', 'Whether reply routes see the AVPs of the request.', 'they always do'),
    restart_fr_on_each_reply: intParameter(
      1,
      'Whether each provisional reply gives an INVITE the whole time again.',
    ),
    wt_timer: ignored('int', 'How long an answered transaction is kept.', BY_FRAMEWORK),
    delete_timer: ignored('int', 'Memory.', BY_FRAMEWORK),
    ruri_matching: ignored('int', 'Matching of RFC 2543.', BY_FRAMEWORK),
    via1_matching: ignored('int', 'Matching of RFC 2543.', BY_FRAMEWORK),
    unix_tx_timeout: ignored('int', 'Time for t_write_unix.', 'there is no t_write_unix'),
    tw_append: ignored('text', 'Lines for t_write_req.', 'there is no t_write_req'),
    pass_provisional_replies: ignored(
      'int',
      'Replies for the FIFO.',
      'MI commands answer when the final reply comes',
    ),
    syn_branch: ignored('int', 'The form of branches.', BY_FRAMEWORK),
    disable_6xx_block: intParameter(0, '1: a 6xx lets a failure_route try others; here it always may.'),
    enable_stats: ignored('int', 'Whether transactions are counted.', 'they always are'),
    minor_branch_flag: textParameter(
      undefined,
      'A flag of branches that nobody waits for; such branches are waited for here.',
    ),
    timer_partitions: ignored('int', 'Timers.', 'one wheel serves all'),
    tm_replication_cluster: ignored('int', 'Anycast.', 'one node works for itself'),
    cluster_param: ignored('text', 'Anycast.', 'one node works for itself'),
    cluster_auto_cancel: ignored('int', 'Anycast.', 'one node works for itself'),
    local_request_route: ignored(
      'text',
      'A route that sees requests of the server.',
      'local_route sees them',
    ),
    local_reply_route: ignored(
      'text',
      'A route that sees replies of the server.',
      'the script has written them',
    ),
  },
  configure: (params) => ({
    timers: {
      t1: params.T1_timer,
      t2: params.T2_timer,
      frTimeout: params.fr_timeout * 1000,
      frInvTimeout: params.fr_inv_timeout * 1000,
    },
  }),
  start: (params, { services }) => ({
    frTimeoutMs: params.fr_timeout * 1000,
    frInvTimeoutMs: params.fr_inv_timeout * 1000,
    restart: params.restart_fr_on_each_reply !== 0,
    autoTrying: params.auto_100trying !== 0,
    counters: services.layer.counters,
    idOf: transactionNames(services.ids),
  }),
  functions: {
    t_relay: fn({
      args: [
        optional(words('flags', RELAY_FLAGS, { numeric: true })),
        optional(parsed('outbound_proxy', destination, '`[proto:]host[:port]`')),
      ],
      routes: RELAYING,
      describe:
        'Forwards the request to its Request-URI and all branches, with a transaction. Where `$du` is set, it goes before the outbound proxy.',
      returns:
        '1: sent, or being sent; -1: it has its answer, or nothing can be sent from here; -2: a URI cannot be read, -3: a next hop.',
      run: (m, state, _flags, proxy) => {
        m.context.ringTimeoutMs ??= state.frInvTimeoutMs;
        m.context.restartTimeout = state.restart;
        return relay(m, {
          destination: m.target.du === null ? proxy : undefined,
          trying: state.autoTrying ? 'Giving it a try' : undefined,
        });
      },
    }),
    t_reply: fn({
      args: [int('code', { least: 100, most: 699 }), text('reason_phrase')],
      routes: ['request', 'failure', 'error'],
      describe: 'Answers the request; branches that still ring are cancelled by a final answer.',
      run: (m, _state, code, reason) => m.program.reply(m.context, code, reason),
    }),
    t_reply_with_body: fn({
      args: [int('code', { least: 100, most: 699 }), text('reason_phrase'), text('body')],
      routes: ['request', 'failure'],
      describe: 'Answers the request with a body; `append_to_reply` gives its Content-Type.',
      run: (m, _state, code, reason, body) =>
        m.program.reply(m.context, code, reason, { body: Buffer.from(body, 'latin1') }),
    }),
    t_newtran: fn({
      args: [],
      routes: ['request'],
      describe: 'Keeps the transaction of the request; an INVITE is answered with 100.',
      run: (m, state) => {
        const { transaction, request } = m.context;
        if (transaction === undefined) return false;
        m.context.handled = true;
        if (state.autoTrying && request.method === 'INVITE' && transaction.lastStatus === 0) {
          transaction.reply({ status: 100, reason: 'Giving it a try' });
        }
        return true;
      },
    }),
    t_check_trans: fn({
      args: [],
      routes: ['request', 'branch'],
      describe:
        'Of a CANCEL: whether its INVITE is known. Of others: whether they were seen before, which never comes to the script here.',
      returns: '1: the INVITE of a CANCEL is known; -1: a new request; -2: an ACK of a 2xx.',
      run: (m) => {
        const { method } = m.message;
        if (method === 'CANCEL') return m.context.invite !== undefined;
        return method === 'ACK' ? -2 : -1;
      },
    }),
    t_check_status: fn({
      args: [regex('re')],
      routes: ['request', 'onreply', 'failure', 'branch'],
      describe:
        'Whether the status matches: that of the reply at hand, of the failure, or of the last answer.',
      run: (m, _state, re) => {
        const code = replyCode(m);
        return code > 0 && re.matcher(String(code)).find();
      },
    }),
    t_local_replied: fn({
      args: [choice('reply', ['all', 'last'])],
      routes: ['request', 'branch', 'failure', 'onreply'],
      describe: 'Whether no reply came (`all`), or the last one was the server’s own (`last`).',
      run: (m, _state, which) =>
        which === 'all'
          ? m.context.begun.every(({ lastStatus }) => lastStatus === 0)
          : m.context.reply === undefined,
    }),
    t_was_cancelled: fn({
      args: [],
      routes: ['onreply', 'failure'],
      describe: 'Whether the caller has given up.',
      run: (m) => m.context.cancelled,
    }),
    t_cancel_branch: fn({
      args: [optional(letters('flags', { a: 'all branches', o: 'all others' }))],
      routes: ['onreply'],
      describe: 'Cancels the branch that the reply came by, all others, or all.',
      run: (m, _state, flags) => {
        const { begun } = m.context;
        for (const [index, branch] of begun.entries()) {
          const own = index === m.branchIndex;
          const meant = flags === undefined || flags === '' ? own : flags.includes('a') || !own;
          if (meant) branch.ref?.cancel();
        }
        return true;
      },
    }),
    t_new_request: fn({
      args: [
        text('method'),
        text('RURI'),
        text('from'),
        text('to'),
        optional(text('body')),
        optional(text('ctx')),
      ],
      routes: ['request', 'failure', 'branch', 'onreply', 'startup', 'timer', 'event', 'error', 'local'],
      describe:
        'Sends a request of the server’s own; the script goes on. The body begins with its Content-Type.',
      run: (m, _state, method, uri, from, to, body) => newRequest(m, { method, uri, from, to, body }),
    }),
    t_on_failure: fn({
      args: [route('failure_route', 'failure')],
      routes: ARMING,
      describe: 'The failure_route that runs when all branches have failed.',
      run: (m, _state, name) => {
        m.context.onFailure = name;
        return true;
      },
    }),
    t_on_reply: fn({
      args: [route('reply_route', 'onreply')],
      routes: ARMING,
      describe: 'The onreply_route that sees each reply; in a branch_route for that branch alone.',
      run: (m, _state, name) => {
        m.context.onReply = name;
        return true;
      },
    }),
    t_on_branch: fn({
      args: [route('branch_route', 'branch')],
      routes: ARMING,
      describe: 'The branch_route that runs for each branch before it is sent.',
      run: (m, _state, name) => {
        m.context.onBranch = name;
        return true;
      },
    }),
    t_add_hdrs: fn({
      args: [text('sip_hdrs')],
      routes: RELAYING,
      describe: 'Adds header lines to all that is forwarded of the request.',
      run: (m, _state, lines) => {
        for (const line of lines.split(/\r?\n/)) {
          if (line === '') continue;
          if (!/^[^\s:]+[ \t]*:/.test(line)) return false;
          m.changes.appendLine(line);
        }
        return true;
      },
    }),
    t_flush_flags: fn({
      args: [],
      routes: ['request', 'branch'],
      describe: 'Flags belong to the transaction at once here.',
      run: () => true,
    }),
    t_wait_for_new_branches: fn({
      args: [optional(int('branches', { least: 1 }))],
      routes: ['request'],
      describe:
        'Lets the request wait for branches that come later, when all others have failed; to be called before t_relay.',
      run: (m, _state, count) => {
        m.context.awaitTargets = count ?? MOST_LATER;
        return true;
      },
    }),
    t_inject_branches: fn({
      args: [choice('source', ['msg', 'event']), optional(text('flags'))],
      routes: ['request', 'failure', 'onreply'],
      describe:
        'Sends the request to its Request-URI and branches as they are now, beside those that ring. Of the sources there is `msg` alone.',
      run: (m, _state, source) => source === 'msg' && inject(m),
    }),
    t_get_branch_idx_by_attr: fn({
      args: [
        text('attr'),
        optional(text('val_str')),
        optional(int('val_int')),
        optional(output('result_var')),
        optional(int('offset', { least: 0 })),
      ],
      routes: ['onreply', 'branch', 'failure'],
      describe: 'The index of a branch that has an attribute, of a value where one is given.',
      run: (m, _state, name, textual, number, result, offset) => {
        const wanted = textual ?? number;
        const index = m.context.begun.findIndex(({ target: { attributes } }, i) => {
          const value = attributes?.get(name);
          return i >= (offset ?? 0) && value !== undefined && (wanted === undefined || value === wanted);
        });
        if (index < 0) return false;
        return result === undefined || result.set(m, index);
      },
    }),
  },
  variables: tmVariables,
  statistics: tmStatistics,
  missing: {
    t_wait_no_more_branches: 'the request waits no longer than it may ring',
    t_add_cancel_reason:
      'the Reason of the caller’s CANCEL is passed on; a call answered elsewhere says so by itself',
    t_anycast_replicate: 'one node works for itself',
    t_replicate: 'send() sends the message as it came to another place',
    t_reply_by_callid: 'a CANCEL is answered through t_relay()',
    t_write_req: 'exec runs programs',
    t_write_unix: 'exec runs programs',
  },
});
