import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { firstLine, read, values } from '../proxy/testing/messages.ts';
import { calleeDialog, callerDialog, contactOf, type Dialog, type Peer } from '../proxy/testing/peer.ts';
import { ProxyUnderTest, type ProxyUnderTestOptions, target } from '../proxy/testing/proxy-under-test.ts';

const TCP = 'tcp:10.0.0.34:5060';
const WS = 'ws:10.0.0.34:8080';
const OUTSIDE = '198.51.100.9';
const VPC = '10.0.0.7';

function between(caller: string, callee: string, options: ProxyUnderTestOptions = {}, transport = 'udp') {
  const server = new ProxyUnderTest(options);
  const talksTo = server.listener(`${transport}:10.0.0.34:5060`);
  const from = server.peer(caller, { talksTo });
  const to = server.peer(callee, { talksTo });
  server.forkTo(to);
  return { server, from, to };
}

/** Everything that a request from either side may be: each answered, and the other's Contact refreshed. */
function wholeCall(from: Peer, to: Peer): { caller: Dialog; callee: Dialog } {
  from.request('INVITE');
  to.answer('INVITE', 180);
  to.answer('INVITE', 200);
  const [caller, callee] = [callerDialog(from.last('200')), calleeDialog(to.last('INVITE'))];
  from.inDialog('ACK', caller);
  from.inDialog('INVITE', caller);
  to.answer('INVITE', 200);
  from.inDialog('ACK', { ...caller, target: contactOf(from.last('200')) }, { cseq: 2 });
  to.inDialog('INVITE', { ...callee, target: contactOf(to.last('INVITE')) });
  from.answer('INVITE', 200);
  to.inDialog('ACK', { ...callee, target: contactOf(to.last('200')) }, { cseq: 2 });
  from.inDialog('UPDATE', caller);
  to.answer('UPDATE', 200);
  to.inDialog('BYE', callee);
  from.answer('BYE', 200);
  return { caller, callee };
}

const WHOLE_CALL = {
  from: ['180', '200', '200', 'INVITE', 'ACK', '200', 'BYE'],
  to: ['INVITE', 'ACK', 'INVITE', 'ACK', '200', 'UPDATE', '200'],
};

describe.each(['udp', 'tcp'])('a phone of the VPC and one outside, over %s', (transport) => {
  it.each([
    ['calls out', VPC, OUTSIDE],
    ['is called', OUTSIDE, VPC],
  ])('%s: no inside address leaves in any message of the call', (_what, caller, callee) => {
    const { server, from, to } = between(caller, callee, {}, transport);
    const dialogs = wholeCall(from, to);
    expect(from.kinds).toEqual(WHOLE_CALL.from);
    expect(to.kinds).toEqual(WHOLE_CALL.to);
    const outside = from.address === OUTSIDE ? from : to;
    for (const text of outside.inbox) expect(text).not.toMatch(/\b10\.0\./);
    // And the phone inside needs no public address: all that it is sent to leads to the bound socket.
    const inside = from.address === VPC ? dialogs.caller : dialogs.callee;
    expect(inside.routes[0]).toContain('<sip:10.0.0.34');
    const next = server.network.sent.map((sent) => sent.to.address);
    expect(next.filter((address) => address !== VPC && address !== OUTSIDE)).toEqual([]);
  });
});

describe('hiding', () => {
  it('gives answers back the Vias of the request', () => {
    const { from, to } = between(VPC, OUTSIDE);
    const inner = 'SIP/2.0/UDP 10.0.0.99:5060;branch=z9hG4bKinner';
    const sent = from.request('INVITE', { vias: [inner] });
    expect(values(to.last('INVITE'), H.Via)).toHaveLength(1);
    to.answer('INVITE', 486);
    const top = values(sent, H.Via)[0]!.replace(';rport', ';received=10.0.0.7;rport=5060');
    expect(values(from.last('486'), H.Via)).toEqual([top, inner]);
  });

  it('seals the Contact in a parameter, keeps its user, name and parameters, and leads requests to it', () => {
    const { server, from, to } = between(VPC, OUTSIDE);
    const plain = from.request('INVITE', { callId: 'call0' });
    const contact = '"Alice" <sip:alice@10.0.0.7:5062;x=1>;q=0.5';
    from.send(plain.replace(`<${from.contact}>`, contact).replace('branch=', 'branch=z9hG4bKnext-'));
    const [shown] = values(to.last('INVITE'), H.Contact);
    expect(shown).toMatch(/^"Alice" <sip:alice@99\.88\.44\.33;vc=[\w-]+>;q=0\.5$/);
    to.answer('INVITE', 200);
    to.inDialog('BYE', calleeDialog(to.last('INVITE')));
    expect(firstLine(server.network.sent.at(-1)!.text)).toBe('BYE sip:alice@10.0.0.7:5062;x=1 SIP/2.0');
  });

  it('leads requests without any Route by the seal alone', () => {
    const { server, from, to } = between(VPC, OUTSIDE);
    server.options = { recordRoute: false };
    from.request('INVITE');
    to.answer('INVITE', 200);
    to.inDialog('BYE', calleeDialog(to.last('INVITE')));
    expect(firstLine(from.last('BYE'))).toBe(`BYE ${from.contact} SIP/2.0`);
  });

  it('leads requests to a Contact without a user', () => {
    const { from, to } = between(VPC, OUTSIDE);
    from.request('INVITE', { contact: 'sip:10.0.0.7:5060' });
    to.answer('INVITE', 200);
    to.inDialog('BYE', calleeDialog(to.last('INVITE')));
    expect(firstLine(from.last('BYE'))).toBe('BYE sip:10.0.0.7:5060 SIP/2.0');
  });

  it('takes no seal that was tampered with, nor one of another server', () => {
    const { server, from, to } = between(VPC, OUTSIDE);
    from.request('INVITE');
    to.answer('INVITE', 200);
    const dialog = calleeDialog(to.last('INVITE'));
    const at = dialog.target.indexOf(';vc=') + 8;
    const changed = dialog.target[at] === 'A' ? 'B' : 'A';
    const tampered = dialog.target.slice(0, at) + changed + dialog.target.slice(at + 1);
    for (const uri of [tampered, dialog.target.slice(0, -4), `${dialog.target}AAAA`]) {
      to.inDialog('BYE', { ...dialog, target: uri });
      expect(to.kinds.at(-1)).toBe('481');
      to.inDialog('BYE', { ...dialog, routes: [], target: uri }, { to: server.listener() });
      expect(to.kinds.at(-1)).toBe('481');
    }
    expect(from.kinds).not.toContain('BYE');
  });

  it.each([
    ['calls out', VPC, OUTSIDE],
    ['is called', OUTSIDE, VPC],
  ])(
    'leads back to a phone inside whose Contact does not say where it is, as a browser: it %s',
    (what, ...way) => {
      const server = new ProxyUnderTest({ listeners: [`${WS} as 99.88.44.33`] });
      const talksTo = server.listener(WS);
      const [from, to] = way.map((address) =>
        server.peer(address, { talksTo, ...(address === VPC && { believes: 'browser.invalid' }) }),
      ) as [Peer, Peer];
      const { transport, address, port } = to;
      server.groups = [[target(to.contact, { source: { transport, address, port } })]];
      wholeCall(from, to);
      const [inside, outside] = what === 'is called' ? [to, from] : [from, to];
      for (const text of outside.inbox) expect(text).not.toMatch(/\b10\.0\.|browser\.invalid/);
      expect(firstLine(inside.last('ACK'))).toBe(`ACK ${inside.contact} SIP/2.0`);
      expect([from.kinds, to.kinds]).toEqual([WHOLE_CALL.from, WHOLE_CALL.to]);
    },
  );

  it('hides nothing between two phones of one side', () => {
    for (const callee of ['10.0.0.8', OUTSIDE]) {
      const { from, to } = between(callee === OUTSIDE ? '192.0.2.7' : VPC, callee);
      from.request('INVITE');
      expect(contactOf(to.last('INVITE'))).toBe(from.contact);
      expect(values(to.last('INVITE'), H.Via)).toHaveLength(2);
    }
  });

  it('hides nothing where the server has one face for all, or it is switched off', () => {
    for (const options of [{ listeners: ['udp:10.0.0.34:5060', TCP] }, { settings: { hideInside: false } }]) {
      const { from, to } = between(VPC, OUTSIDE, options);
      from.request('INVITE');
      expect(contactOf(to.last('INVITE'))).toBe(from.contact);
      expect(values(to.last('INVITE'), H.Via)).toHaveLength(2);
    }
  });

  it('has a Contact of an answer show what a script says', () => {
    const { server, from, to } = between(OUTSIDE, VPC);
    server.options = {
      onReply: (reply) => {
        reply.advertise = { host: '203.0.113.80', port: 5080 };
      },
    };
    from.request('INVITE');
    to.answer('INVITE', 200);
    expect(contactOf(from.last('200'))).toMatch(/^sip:ua@203\.0\.113\.80:5080;vc=/);
  });
});

describe.each(['udp', 'tcp'])('a phone behind a NAT at home, over %s', (transport) => {
  const HOME = '203.0.113.200';

  function home(options: ProxyUnderTestOptions = {}) {
    const server = new ProxyUnderTest(options);
    const talksTo = server.listener(`${transport}:10.0.0.34:5060`);
    const phone = server.peer(HOME, { port: 40_001, believes: '192.168.1.5', talksTo });
    const other = server.peer(OUTSIDE);
    return { server, phone, other };
  }

  const register = (server: ProxyUnderTest, phone: Peer) => {
    const source = { transport: phone.transport, address: phone.address, port: phone.port };
    server.groups = [[target(phone.contact, { source })]];
  };

  it('calls: its Contact leads through the NAT, and back to what it believes in', () => {
    const { server, phone, other } = home();
    server.forkTo(other);
    phone.request('INVITE');
    const shown = contactOf(other.last('INVITE'));
    expect(shown).toMatch(/^sip:ua@203\.0\.113\.200:40001.*;org=/);
    other.answer('INVITE', 200);
    phone.inDialog('ACK', callerDialog(phone.last('200')));
    other.inDialog('BYE', calleeDialog(other.last('INVITE')));
    expect(phone.kinds).toEqual(['200', 'BYE']);
    expect(firstLine(phone.last('BYE'))).toBe(`BYE ${phone.contact} SIP/2.0`);
    expect(other.kinds).toEqual(['INVITE', 'ACK']);
  });

  it('is called: the Contact of its answer leads through the NAT', () => {
    const { server, phone, other } = home();
    register(server, phone);
    other.request('INVITE');
    phone.answer('INVITE', 200);
    expect(contactOf(other.last('200'))).toMatch(/^sip:ua@203\.0\.113\.200:40001.*;org=/);
    const dialog = callerDialog(other.last('200'));
    other.inDialog('ACK', dialog);
    other.inDialog('BYE', dialog);
    expect(phone.kinds).toEqual(['INVITE', 'ACK', 'BYE']);
    expect(firstLine(phone.last('ACK'))).toBe(`ACK ${phone.contact} SIP/2.0`);
    phone.inDialog('BYE', calleeDialog(phone.last('INVITE')));
    expect(other.kinds).toEqual(['200', 'BYE']);
  });

  it('talks to a phone of the VPC, each side with its own faces', () => {
    const { server, phone } = home();
    const inside = server.peer(VPC);
    server.forkTo(inside);
    wholeCall(phone, inside);
    expect(phone.kinds).toEqual(WHOLE_CALL.from);
    expect(inside.kinds).toEqual(WHOLE_CALL.to);
    for (const text of phone.inbox) expect(text).not.toMatch(/\b10\.0\./);
    for (const text of inside.inbox.filter((it) => read(it).isRequest)) {
      expect(contactOf(text)).toContain('203.0.113.200:40001');
    }
  });

  it('keeps its Contact where that is switched off', () => {
    const { server, phone, other } = home({ settings: { fixContact: false } });
    server.forkTo(other);
    phone.request('INVITE');
    expect(contactOf(other.last('INVITE'))).toBe(phone.contact);
  });

  it('behind a proxy of its own keeps its Contact', () => {
    const { server, phone, other } = home();
    server.forkTo(other);
    phone.request('INVITE', { vias: ['SIP/2.0/UDP 192.168.1.77:5060;branch=z9hG4bKinner'] });
    expect(contactOf(other.last('INVITE'))).toBe(phone.contact);
  });
});
