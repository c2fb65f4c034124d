import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import type { Binding } from '../registrar/location-store.ts';
import { read, values } from './testing/messages.ts';
import { calleeDialog, callerDialog, type Peer } from './testing/peer.ts';
import { ProxyUnderTest, target } from './testing/proxy-under-test.ts';

const TCP = 'tcp:10.0.0.34:5060';
const HOME = '198.51.100.77';
const INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"';

/** A phone behind a NAT, and a registrar behind this server, which is the phone's edge proxy. */
function edge(transport: 'tcp' | 'udp' = 'tcp', outbound = true, registrarAddress = '10.0.0.9') {
  const server = new ProxyUnderTest();
  const phone = server.peer(HOME, {
    port: 40_001,
    believes: '192.168.1.5',
    talksTo: server.listener(transport === 'tcp' ? TCP : undefined),
  });
  const registrar = server.peer(registrarAddress);
  server.forkTo(registrar).options = { path: true };
  phone.request('REGISTER', {
    contact: `${phone.contact};ob>;${outbound ? `reg-id=1;${INSTANCE}` : 'x=y'}`.replace(/$/, ';z=<'),
    headers: outbound ? ['Supported: path, outbound'] : [],
  });
  const path = values(registrar.last('REGISTER'), H.Path);
  let calls = 0;
  const call = (routes = path) => {
    const uri = `${phone.contact};ob`;
    server.groups = [[target(uri)]];
    server.options = {};
    const route = routes.map((value) => `Route: ${value}`);
    registrar.request('INVITE', { requestUri: uri, headers: route, callId: `call${++calls}` });
  };
  return { server, phone, registrar, path, call };
}

describe('an edge proxy (RFC 5626 §5)', () => {
  it.each(['tcp', 'udp'] as const)('leads requests to the flow that its Path names over %s', (transport) => {
    const { server, phone, path, call } = edge(transport);
    expect(path.at(-1)).toMatch(/^<sip:[\w-]{40,}@99\.88\.44\.33;.*;ob;/);
    expect(path.join()).not.toContain(HOME);
    call();
    const sent = server.network.sent.at(-1)!;
    expect(sent.to).toEqual({ transport, address: HOME, port: 40_001 });
    expect(phone.last('INVITE')).toContain(`INVITE ${phone.contact};ob SIP/2.0`);
    expect(values(phone.last('INVITE'), H.Route)).toEqual([]);
  });

  it.each(['ws', 'wss'] as const)(
    'writes transport=%s into the Path of a browser, and leads back to it',
    (transport) => {
      const socket = `${transport}:10.0.0.34:8080`;
      const server = new ProxyUnderTest({
        listeners: ['udp:10.0.0.34:5060 as 99.88.44.33', `${socket} as 99.88.44.33`],
      });
      const phone = server.peer(HOME, { port: 40_001, talksTo: server.listener(socket) });
      const registrar = server.peer('10.0.0.9');
      server.forkTo(registrar).options = { path: true };
      const contact = 'sip:ua@browser.invalid;transport=ws';
      phone.request('REGISTER', { contact });
      const path = values(registrar.last('REGISTER'), H.Path);
      expect(path).toEqual([
        expect.stringMatching(/^<sip:10\.0\.0\.34;r2=on;lr;/),
        expect.stringMatching(
          new RegExp(`^<sip:[\\w-]{40,}@99\\.88\\.44\\.33:8080;transport=${transport};r2=on;lr;`),
        ),
      ]);
      server.groups = [[target(contact)]];
      server.options = {};
      registrar.request('INVITE', { requestUri: contact, headers: path.map((value) => `Route: ${value}`) });
      expect(server.network.sent.at(-1)!.to).toEqual({ transport, address: HOME, port: 40_001 });
      expect(values(phone.last('INVITE'), H.Route)).toEqual([]);
    },
  );

  it('tells a phone that got its flow how often to keep it alive', () => {
    const timer = (transport: 'tcp' | 'udp', outbound = true) => {
      const { phone, registrar } = edge(transport, outbound);
      registrar.answer('REGISTER', 200);
      return read(phone.last('200')).header('Flow-Timer');
    };
    expect([timer('tcp'), timer('udp'), timer('tcp', false)]).toEqual(['120', undefined, undefined]);
  });

  it('needs one value where both sides know it by one address', () => {
    const { phone, path, call } = edge('udp', true, '192.0.2.50');
    expect(path).toHaveLength(1);
    call();
    expect(phone.kinds).toContain('INVITE');
  });

  it('says ob only to clients that do their part', () => {
    expect(edge('tcp', false).path.at(-1)).not.toContain(';ob');
  });

  it('answers 430 where the connection is gone', () => {
    const { server, registrar, call } = edge();
    server.network.hangUp(HOME, 40_001);
    call();
    expect(registrar.kinds.at(-1)).toBe('430');
  });

  it('answers 403 to a token that it did not make', () => {
    const { registrar, path, call } = edge();
    call(path.map((value) => value.replace(/sip:(.)/, (_, c) => `sip:${c === 'A' ? 'B' : 'A'}`)));
    call(path.map((value) => value.replace(/sip:[\w-]{40,}@/, 'sip:guess@')));
    expect(registrar.inbox.filter((text) => text.startsWith('SIP/2.0 403'))).toHaveLength(2);
  });

  it('takes no sealed Contact for a token', () => {
    const { server, registrar, path, call } = edge();
    const sealed = server.advertise.tags.seal(`sip:~c@10.0.0.7:5060`);
    call(path.map((value) => value.replace(/sip:[\w-]{40,}@/, `sip:${sealed}@`)));
    expect(registrar.kinds.at(-1)).toBe('403');
  });

  it('lets a script send the request elsewhere', () => {
    const { server, registrar, path } = edge();
    const other = server.peer('198.51.100.9');
    server.groups = [[target(other.contact)]];
    server.options = {};
    registrar.request('INVITE', { headers: path.map((value) => `Route: ${value}`), callId: 'elsewhere' });
    expect(other.kinds).toEqual(['INVITE']);
  });
});

describe('a dialog of a user agent that wants to be reached by its flow (RFC 5626 §4.3)', () => {
  function dialog(contact: (phone: Peer) => string) {
    const server = new ProxyUnderTest();
    const phone = server.peer(HOME, {
      port: 40_001,
      believes: '192.168.1.5',
      talksTo: server.listener(TCP),
    });
    const callee = server.peer('198.51.100.9');
    server.forkTo(callee);
    phone.request('INVITE', { contact: contact(phone) });
    const invite = callee.last('INVITE');
    callee.answer('INVITE', 200);
    return { server, phone, callee, invite, answer: phone.last('200') };
  }

  it('has the token in the half of its side, and comes back by it', () => {
    const { phone, callee, invite, answer } = dialog((it) => `${it.contact};ob`);
    const [ours, theirs] = values(invite, H.RecordRoute);
    expect(ours).toMatch(/^<sip:99/);
    expect(theirs).toMatch(/^<sip:[\w-]{40,}@99.*transport=tcp;r2=on/);
    phone.inDialog('ACK', callerDialog(answer));
    callee.inDialog('BYE', calleeDialog(invite));
    expect([callee.kinds, phone.kinds]).toEqual([
      ['INVITE', 'ACK'],
      ['200', 'BYE'],
    ]);
    phone.answer('BYE', 200);
    expect(callee.kinds.at(-1)).toBe('200');
  });

  it('ends in 430 where the flow is gone, also on a public Contact', () => {
    for (const contact of [(it: Peer) => `${it.contact};ob`, () => `sip:ua@${HOME}:5070;ob;transport=tcp`]) {
      const { server, callee, invite } = dialog(contact);
      server.network.hangUp(HOME, 40_001);
      callee.inDialog('BYE', calleeDialog(invite));
      expect(callee.kinds.at(-1)).toBe('430');
    }
  });

  it('follows a phone that has come back elsewhere and told so', () => {
    const { server, callee, invite, answer } = dialog((it) => `${it.contact};ob`);
    server.network.hangUp(HOME, 40_001);
    const again = server.peer(HOME, { port: 40_002, believes: '192.168.1.5', talksTo: server.listener(TCP) });
    again.inDialog('INVITE', callerDialog(answer), { contact: `${again.contact};ob` });
    const refreshed = { ...calleeDialog(invite), target: calleeDialog(callee.last('INVITE')).target };
    callee.inDialog('BYE', refreshed);
    expect(again.kinds).toContain('BYE');
  });

  it('is an ordinary one without ob', () => {
    const { invite } = dialog((it) => it.contact);
    expect(values(invite, H.RecordRoute).join()).not.toContain('@');
  });
});

describe('a contact that registered by flows', () => {
  function bound(port: number, connectionId: number, part: Partial<Binding> = {}) {
    const received = { transport: 'tcp', address: HOME, port } as const;
    const binding = { regId: 1, path: [], received, connectionId, ...part } as unknown as Binding;
    return target('sip:ua@192.168.1.5', { source: received, connectionId, binding });
  }
  function phoneAt(server: ProxyUnderTest, port: number) {
    const phone = server.peer(HOME, { port, talksTo: server.listener(TCP) });
    const to = { transport: 'tcp', address: HOME, port } as const;
    return { phone, connectionId: server.network.flowTo(server.listener(TCP), to)!.connectionId };
  }

  it('is reached by the older one where the newer is gone; nothing is dialled', () => {
    const server = new ProxyUnderTest();
    const caller = server.peer('192.0.2.7');
    const [one, two] = [phoneAt(server, 40_001), phoneAt(server, 40_002)];
    server.network.hangUp(HOME, 40_002);
    const older = bound(40_001, one.connectionId);
    server.groups = [[{ ...bound(40_002, two.connectionId), otherFlows: [older] }]];
    caller.request('INVITE');
    expect([one.phone.kinds, two.phone.kinds]).toEqual([['INVITE'], []]);
    // Its half of the Record-Route leads back by that flow.
    expect(values(one.phone.last('INVITE'), H.RecordRoute)[0]).toMatch(/^<sip:[\w-]{40,}@/);
    one.phone.answer('INVITE', 200);
    caller.inDialog('BYE', callerDialog(caller.last('200')));
    expect(one.phone.kinds).toContain('BYE');
  });

  it('is not there where all are gone', () => {
    const server = new ProxyUnderTest();
    const caller = server.peer('192.0.2.7');
    server.groups = [[{ ...bound(40_002, 98), otherFlows: [bound(40_001, 99)] }]];
    caller.request('INVITE');
    expect(caller.kinds).toEqual(['480']);
  });

  it('behind an edge proxy is asked for by its other flow after 430, which no caller hears of', () => {
    const server = new ProxyUnderTest();
    const caller = server.peer('192.0.2.7');
    const [near, far] = [server.peer('198.51.100.1'), server.peer('198.51.100.2')];
    const by = (peer: Peer) => {
      const path = [`<sip:token@${peer.address};lr;ob>`];
      return { ...bound(1, 0, { path }), source: undefined, route: path };
    };
    server.groups = [[{ ...by(near), otherFlows: [by(far)] }]];
    caller.request('INVITE');
    near.answer('INVITE', 430);
    expect(far.kinds).toEqual(['INVITE']);
    far.answer('INVITE', 430);
    expect(caller.kinds.at(-1)).toBe('480');
  });
});
