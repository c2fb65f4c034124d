// The calls that the phones make, as sipp scenarios put together from steps: one for the caller and one for the
// callee of each flow. Both are clients that register first and then keep their socket, as phones behind a NAT must.
// sipp files a message under its Call-ID, and ignores what stands before "///" in one: so a phone's registration has
// a Call-ID of its own and still is the same "call" as the INVITE that follows on the socket.

/** What happens in a call. */
export type Flow = 'caller-hangs-up' | 'callee-hangs-up' | 're-invite' | 'cancel' | 'refused';

export const FLOWS: readonly Flow[] = [
  'caller-hangs-up',
  'callee-hangs-up',
  're-invite',
  'cancel',
  'refused',
];

/** Who a phone is and whom it calls; both users of `domain` with `password`. */
export interface Party {
  readonly user: string;
  readonly peer: string;
  readonly domain: string;
  readonly password: string;
}

/** How long the sound of a call lasts at the least. */
const TALK_MS = 400;

/** What a callee prints when it is registered. */
export const REGISTERED = 'phone-is-registered';

const SDP = `v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000`;

/** A step that counts as one message of the scenario, as sipp counts them for [branch-N]. */
type Step = string;

function send(lines: readonly string[], { retransmit = false, sdp = false } = {}): Step {
  const body = sdp
    ? ['Content-Type: application/sdp', 'Content-Length: [len]', '', SDP]
    : ['Content-Length: 0', ''];
  const text = [...lines, ...body].join('\n');
  return `<send${retransmit ? ' retrans="500"' : ''}><![CDATA[\n\n${text}\n\n]]></send>`;
}

function receive(what: string, actions = ''): Step {
  return actions === '' ? `<recv ${what}/>` : `<recv ${what}><action>${actions}</action></recv>`;
}

/** Plays a file of G.711 over and over from here on; sipp does it aside. */
const speak = (sound: string): Step => `<nop><action><exec rtp_stream="${sound},-1,0"/></action></nop>`;

const pause = (milliseconds: number): Step => `<pause milliseconds="${milliseconds}"/>`;

const VIA = (branch = '[branch]'): string =>
  `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=${branch};rport`;
const contact = (who: Party): string =>
  `Contact: <sip:${who.user}@[local_ip]:[local_port];transport=[transport]>`;
const credentials = (who: Party): string => `[authentication username=${who.user} password=${who.password}]`;
const own = (who: Party): string => `<sip:${who.user}@${who.domain}>`;
const other = (who: Party): string => `<sip:${who.peer}@${who.domain}>`;

function register(who: Party): Step[] {
  const request = (cseq: number, ...more: string[]): Step =>
    send(
      [
        `REGISTER sip:${who.domain} SIP/2.0`,
        VIA(),
        'Max-Forwards: 70',
        `From: ${own(who)};tag=r[pid]`,
        `To: ${own(who)}`,
        'Call-ID: registration///[call_id]',
        `CSeq: ${cseq} REGISTER`,
        contact(who),
        'Expires: 600',
        ...more,
      ],
      { retransmit: true },
    );
  return [
    request(1),
    receive('response="100" optional="true"'),
    receive('response="401" auth="true"'),
    request(2, credentials(who)),
    receive('response="100" optional="true"'),
    receive('response="200"', `<exec command="echo ${REGISTERED}"/>`),
  ];
}

// RFC 3261 §17.1.1.3: the ACK of a negative final response bears the branch of its INVITE, `back` steps before.
function acknowledge(who: Party, cseq: number, back: number): Step {
  const to = `To: ${other(who)}[peer_tag_param]`;
  return send([
    `ACK sip:${who.peer}@${who.domain} SIP/2.0`,
    VIA(`[branch-${back}]`),
    'Max-Forwards: 70',
    `From: ${own(who)};tag=c[pid]`,
    to,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ACK`,
  ]);
}

function invite(who: Party): Step[] {
  const request = (cseq: number, ...more: string[]): Step =>
    send(
      [
        `INVITE sip:${who.peer}@${who.domain} SIP/2.0`,
        VIA(),
        'Max-Forwards: 70',
        `From: ${own(who)};tag=c[pid]`,
        `To: ${other(who)}`,
        'Call-ID: [call_id]',
        `CSeq: ${cseq} INVITE`,
        contact(who),
        ...more,
      ],
      { retransmit: true, sdp: true },
    );
  return [
    request(1),
    receive('response="100" optional="true"'),
    receive('response="407" auth="true"'),
    acknowledge(who, 1, 3),
    request(2, credentials(who)),
    receive('response="100" optional="true"'),
  ];
}

/** The caller's request inside the dialog, along the route set. */
function callerRequest(who: Party, method: string, cseq: number): Step {
  const lines = [
    `${method} [next_url] SIP/2.0`,
    VIA(),
    '[routes]',
    'Max-Forwards: 70',
    `From: ${own(who)};tag=c[pid]`,
    `To: ${other(who)}[peer_tag_param]`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    contact(who),
  ];
  return send(lines, { retransmit: method !== 'ACK', sdp: method === 'INVITE' });
}

/** The callee's request inside the dialog; From and To change places against those of the INVITE. */
function calleeRequest(who: Party, method: string, cseq: number): Step {
  const lines = [
    `${method} [next_url] SIP/2.0`,
    VIA(),
    '[routes]',
    'Max-Forwards: 70',
    'From:[$callee];tag=u[pid]',
    'To:[$caller]',
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    contact(who),
  ];
  return send(lines, { retransmit: method !== 'ACK', sdp: method === 'INVITE' });
}

/** A response to the last request received. */
function respond(who: Party, status: string, { tag = true, sdp = false } = {}): Step {
  const lines = [
    `SIP/2.0 ${status}`,
    '[last_Via:]',
    '[last_Record-Route:]',
    '[last_From:]',
    tag ? '[last_To:];tag=u[pid]' : '[last_To:]',
    '[last_Call-ID:]',
    '[last_CSeq:]',
    contact(who),
  ];
  return send(lines, { sdp, retransmit: sdp });
}

// From, To and the Vias of the INVITE are kept for the callee's own requests and for the 487 after a CANCEL. The
// pattern takes all Via lines at once, with their line ends.
const SAVE_INVITE = [
  '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>',
  '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="callee"/>',
  '<ereg regexp="(Via:[^\n]*\n)+" search_in="msg" assign_to="vias,_"/>',
  '<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="cseq"/>',
].join('');

const received = (request: string): Step => receive(`request="${request}"`);

const waitForInvite = (who: Party): Step[] => [
  receive('request="INVITE" rrs="true"', SAVE_INVITE),
  respond(who, '180 Ringing'),
];

const terminated = (): Step =>
  send([
    'SIP/2.0 487 Request Terminated',
    '[$vias]From:[$caller]',
    'To:[$callee];tag=u[pid]',
    'Call-ID: [call_id]',
    'CSeq:[$cseq]',
  ]);

const ANSWERED: readonly Step[] = [
  receive('response="180" optional="true"'),
  receive('response="200" rrs="true"'),
];

function callerSteps(flow: Flow, who: Party, sound: string): Step[] {
  const start = [...register(who), ...invite(who)];
  const answered = [...start, ...ANSWERED, callerRequest(who, 'ACK', 2), speak(sound)];
  const hangUp = (cseq: number): Step[] => [callerRequest(who, 'BYE', cseq), receive('response="200"')];
  switch (flow) {
    case 'caller-hangs-up':
      return [...answered, pause(TALK_MS), ...hangUp(3)];
    case 'callee-hangs-up':
      return [...answered, received('BYE'), respond(who, '200 OK', { tag: false })];
    case 're-invite':
      return [
        ...answered,
        pause(TALK_MS),
        callerRequest(who, 'INVITE', 3),
        receive('response="100" optional="true"'),
        receive('response="200"'),
        callerRequest(who, 'ACK', 3),
        received('INVITE'),
        respond(who, '200 OK', { tag: false, sdp: true }),
        received('ACK'),
        pause(100),
        ...hangUp(4),
      ];
    case 'cancel':
      return [
        ...start,
        receive('response="180"'),
        pause(100),
        send(
          [
            `CANCEL sip:${who.peer}@${who.domain} SIP/2.0`,
            VIA('[branch-4]'),
            'Max-Forwards: 70',
            `From: ${own(who)};tag=c[pid]`,
            `To: ${other(who)}`,
            'Call-ID: [call_id]',
            'CSeq: 2 CANCEL',
          ],
          { retransmit: true },
        ),
        receive('response="200"'),
        receive('response="487"'),
        acknowledge(who, 2, 7),
      ];
    case 'refused':
      return [
        ...start,
        receive('response="180" optional="true"'),
        receive('response="486"'),
        acknowledge(who, 2, 4),
      ];
  }
}

function calleeSteps(flow: Flow, who: Party, sound: string): Step[] {
  const ringing = [...register(who), ...waitForInvite(who)];
  const answered = [
    ...ringing,
    pause(200),
    respond(who, '200 OK', { sdp: true }),
    received('ACK'),
    speak(sound),
  ];
  const hungUp = [received('BYE'), respond(who, '200 OK', { tag: false })];
  switch (flow) {
    case 'caller-hangs-up':
      return [...answered, ...hungUp];
    case 'callee-hangs-up':
      return [...answered, pause(TALK_MS), calleeRequest(who, 'BYE', 1), receive('response="200"')];
    case 're-invite':
      return [
        ...answered,
        received('INVITE'),
        respond(who, '200 OK', { tag: false, sdp: true }),
        received('ACK'),
        pause(100),
        calleeRequest(who, 'INVITE', 1),
        receive('response="100" optional="true"'),
        receive('response="200"'),
        calleeRequest(who, 'ACK', 1),
        ...hungUp,
      ];
    case 'cancel':
      return [
        ...ringing,
        received('CANCEL'),
        respond(who, '200 OK', { tag: false }),
        terminated(),
        received('ACK'),
      ];
    case 'refused':
      return [...ringing, respond(who, '486 Busy Here'), received('ACK')];
  }
}

/** The sipp scenario (XML) of one side of a flow. @param sound a file without header that it plays when it is answered */
export function scenarioXml(side: 'caller' | 'callee', flow: Flow, who: Party, sound: string): string {
  const steps = side === 'caller' ? callerSteps(flow, who, sound) : calleeSteps(flow, who, sound);
  // sipp refuses a variable that is saved and never used, and a step that changes nothing but that is simplest here.
  const used = side === 'callee' ? '<Reference variables="caller,callee,vias,_,cseq"/>' : '';
  return `<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="${side} ${flow}">\n${steps.join('\n')}\n${used}</scenario>\n`;
}
