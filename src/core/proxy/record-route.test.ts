import { describe, expect, it } from 'vitest';
import { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import { isSameRoute, recordRoute, restoreRecordRoute } from './record-route.ts';
import { firstLine, read, values } from './testing/messages.ts';
import { calleeDialog, callerDialog, type Peer } from './testing/peer.ts';
import { ProxyUnderTest, type ProxyUnderTestOptions } from './testing/proxy-under-test.ts';

const OUTSIDE = '192.0.2.7';
const FAR = '198.51.100.9';
const INSIDE = '10.0.0.7';
const NEIGHBOUR = '10.0.0.8';

function between(caller: string, callee: string, options: ProxyUnderTestOptions = {}) {
  const server = new ProxyUnderTest(options);
  const from = server.peer(caller);
  const to = server.peer(callee);
  server.forkTo(to);
  return { server, from, to };
}

/** Record-Route without tags, proofs and From tags, which are not what a test is about. */
function printed(text: string): string[] {
  return values(text, H.RecordRoute).map((value) =>
    value
      .slice(1, -1)
      .split(';')
      .filter((part) => !['vt', 'vd', 'ftag'].includes(part.split('=', 1)[0]!))
      .join(';'),
  );
}

function call(from: Peer, to: Peer): { invite: string; answer: string } {
  from.request('INVITE');
  const invite = to.last('INVITE');
  to.answer('INVITE', 200);
  return { invite, answer: from.last('200') };
}

describe('one Record-Route', () => {
  it('is written between two parties outside', () => {
    const { from, to } = between(OUTSIDE, FAR);
    const { invite, answer } = call(from, to);
    expect(printed(invite)).toEqual(['sip:99.88.44.33;lr']);
    expect(printed(answer)).toEqual(['sip:99.88.44.33;lr']);
  });

  it('is written between two parties inside, with the bound address', () => {
    const { from, to } = between(INSIDE, NEIGHBOUR);
    expect(printed(call(from, to).invite)).toEqual(['sip:10.0.0.34;lr']);
  });

  it('stands above those of the proxies before', () => {
    const { from, to } = between(OUTSIDE, FAR);
    from.request('INVITE', { headers: ['Record-Route: <sip:p1.example.com;lr>'] });
    expect(printed(to.last('INVITE'))).toEqual(['sip:99.88.44.33;lr', 'sip:p1.example.com;lr']);
  });

  it('carries the From tag and what a script adds', () => {
    const { server, from, to } = between(OUTSIDE, FAR);
    server.options = { recordRouteParams: ';nat=yes' };
    from.request('INVITE');
    const { tags } = server.advertise;
    const [callId] = values(to.last('INVITE'), H.CallId);
    expect(values(to.last('INVITE'), H.RecordRoute)).toEqual([
      `<sip:99.88.44.33;lr;ftag=caller;nat=yes;vt=${tags.tagOf(server.listener())};vd=${tags.proofOf(callId!)}>`,
    ]);
  });

  it('leaves out a From tag that would break out of it', () => {
    const { from, to } = between(OUTSIDE, FAR);
    from.request('INVITE', { fromTag: 'a>' });
    expect(values(to.last('INVITE'), H.RecordRoute)[0]).not.toContain('ftag');
  });
});

describe('whether it is written', () => {
  it.each(['INVITE', 'SUBSCRIBE', 'REFER'])('%s begins a dialog', (method) => {
    const { from, to } = between(OUTSIDE, FAR);
    from.request(method);
    expect(values(to.last(method), H.RecordRoute)).toHaveLength(1);
  });

  it.each(['MESSAGE', 'OPTIONS', 'REGISTER', 'PUBLISH'])('%s does not', (method) => {
    const { from, to } = between(OUTSIDE, FAR);
    from.request(method);
    expect(values(to.last(method), H.RecordRoute)).toEqual([]);
  });

  it('is for a script to say', () => {
    const { server, from, to } = between(OUTSIDE, FAR);
    server.options = { recordRoute: false };
    from.request('INVITE');
    expect(values(to.last('INVITE'), H.RecordRoute)).toEqual([]);
    server.options = { recordRoute: true };
    from.request('MESSAGE');
    expect(values(to.last('MESSAGE'), H.RecordRoute)).toHaveLength(1);
  });

  it('is not repeated inside a dialog', () => {
    const { from, to } = between(OUTSIDE, FAR);
    const { answer } = call(from, to);
    from.inDialog('INVITE', callerDialog(answer));
    expect(to.kinds).toEqual(['INVITE', 'INVITE']);
    expect(values(to.last('INVITE'), H.RecordRoute)).toEqual([]);
  });
});

describe('double Record-Route', () => {
  it('is written where UDP goes over to TCP, outbound half on top, both with r2 and everything else', () => {
    const server = new ProxyUnderTest();
    const from = server.peer(OUTSIDE);
    const to = server.peer(FAR, { talksTo: server.listener('tcp:10.0.0.34:5060') });
    server.forkTo(to).options = { recordRouteParams: ';x=1' };
    from.request('INVITE');
    const both = values(to.last('INVITE'), H.RecordRoute);
    const proof = server.advertise.tags.proofOf(values(to.last('INVITE'), H.CallId)[0]!);
    const [udp, tcp] = server.network.listeners.map((it) => server.advertise.tags.tagOf(it));
    expect(both).toEqual([
      `<sip:99.88.44.33;transport=tcp;r2=on;lr;ftag=caller;x=1;vt=${tcp};vd=${proof}>`,
      `<sip:99.88.44.33;r2=on;lr;ftag=caller;x=1;vt=${udp};vd=${proof}>`,
    ]);
  });

  it('is written between two sockets on two ports', () => {
    const server = new ProxyUnderTest({
      listeners: ['udp:10.0.0.34:15060', 'udp:10.0.0.34:15070 as 99.88.44.33'],
    });
    const from = server.peer(INSIDE);
    const to = server.peer(FAR, { talksTo: server.listener('udp:10.0.0.34:15070') });
    server.forkTo(to).options = { listener: 'udp:10.0.0.34:15070' };
    from.request('INVITE');
    server.options = {};
    expect(printed(to.last('INVITE'))).toEqual([
      'sip:99.88.44.33:15070;r2=on;lr',
      'sip:99.88.44.33:15070;r2=on;lr',
    ]);
    to.answer('INVITE', 200);
    const answer = from.last('200');
    expect(printed(answer)).toEqual(['sip:99.88.44.33:15070;r2=on;lr', 'sip:10.0.0.34:15060;r2=on;lr']);
    from.inDialog('ACK', callerDialog(answer));
    expect(server.network.sent.at(-1)).toMatchObject({ from: { port: 15070 }, to: { address: FAR } });
    to.inDialog('BYE', calleeDialog(to.last('INVITE')));
    expect(server.network.sent.at(-1)).toMatchObject({ from: { port: 15060 }, to: { address: INSIDE } });
  });

  it('goes over from IPv4 to IPv6 and back', () => {
    const server = new ProxyUnderTest({ listeners: ['udp:203.0.113.34:5060', 'udp:[2001:db8::34]:5060'] });
    const from = server.peer(OUTSIDE);
    const to = server.peer('2001:db8::9', { talksTo: server.listener('udp:[2001:db8::34]:5060') });
    server.forkTo(to);
    const { invite, answer } = call(from, to);
    expect(printed(invite)).toEqual(['sip:[2001:db8::34];r2=on;lr', 'sip:203.0.113.34;r2=on;lr']);
    from.inDialog('ACK', callerDialog(answer));
    from.inDialog('BYE', callerDialog(answer));
    expect(to.kinds).toEqual(['INVITE', 'ACK', 'BYE']);
    to.inDialog('BYE', calleeDialog(invite));
    expect(from.last('BYE')).toContain('Via: SIP/2.0/UDP 203.0.113.34:5060');
  });
});

describe('one socket between inside and outside', () => {
  it('tells each party what it reaches, and the outside nothing of the inside', () => {
    const { from, to } = between(INSIDE, FAR);
    const { invite, answer } = call(from, to);
    expect(printed(invite)).toEqual(['sip:99.88.44.33;r2=on;lr', 'sip:99.88.44.33;r2=on;lr']);
    expect(printed(answer)).toEqual(['sip:99.88.44.33;r2=on;lr', 'sip:10.0.0.34;r2=on;lr']);
    expect(callerDialog(answer).routes[0]).toContain('10.0.0.34');
  });

  it('the other way round', () => {
    const { from, to } = between(FAR, INSIDE);
    const { invite, answer } = call(from, to);
    expect(printed(invite)).toEqual(['sip:10.0.0.34;r2=on;lr', 'sip:99.88.44.33;r2=on;lr']);
    expect(printed(answer)).toEqual(['sip:99.88.44.33;r2=on;lr', 'sip:99.88.44.33;r2=on;lr']);
  });

  it('writes both halves plainly where the inside is not hidden', () => {
    const { from, to } = between(INSIDE, FAR, { settings: { hideInside: false } });
    const { invite, answer } = call(from, to);
    const both = ['sip:99.88.44.33;r2=on;lr', 'sip:10.0.0.34;r2=on;lr'];
    expect(printed(invite)).toEqual(both);
    expect(printed(answer)).toEqual(both);
  });

  it('lets both parties end the call', () => {
    for (const [caller, callee] of [[INSIDE, FAR] as const, [FAR, INSIDE] as const]) {
      const { from, to } = between(caller, callee);
      const { invite, answer } = call(from, to);
      from.inDialog('ACK', callerDialog(answer));
      from.inDialog('BYE', callerDialog(answer));
      expect(to.kinds).toEqual(['INVITE', 'ACK', 'BYE']);
      expect(firstLine(to.last('BYE'))).toBe(`BYE ${to.contact} SIP/2.0`);
      expect(values(to.last('BYE'), H.Route)).toEqual([]);
      to.inDialog('BYE', calleeDialog(invite));
      expect(firstLine(from.last('BYE'))).toBe(`BYE ${from.contact} SIP/2.0`);
    }
  });
});

describe('restoring in answers', () => {
  const half = (address: string, tag: string) => `<sip:${address};r2=on;lr;vt=${tag}>`;
  const route = {
    forCallee: [half('99.88.44.33', 'AAAAAAAAAAAA'), half('99.88.44.33', 'BBBBBBBBBBBB')],
    forCaller: [half('99.88.44.33', 'AAAAAAAAAAAA'), half('10.0.0.34', 'BBBBBBBBBBBB')],
  };
  const answer = (...lines: string[]) =>
    read(
      [
        'SIP/2.0 200 OK',
        'Via: SIP/2.0/UDP 10.0.0.34',
        ...lines.map((it) => `Record-Route: ${it}`),
        '\r\n',
      ].join('\r\n'),
    );
  const request = (...lines: string[]) =>
    read(
      [
        'INVITE sip:b SIP/2.0',
        'Via: SIP/2.0/UDP 10.0.0.7',
        ...lines.map((it) => `Record-Route: ${it}`),
        '\r\n',
      ].join('\r\n'),
    );
  const restored = (lines: readonly string[], received: readonly string[] = []) => {
    const message = answer(...lines);
    const edit = new MessageEdit(message);
    restoreRecordRoute(edit, message, route, request(...received));
    return values(edit.toBuffer().toString('latin1'), H.RecordRoute);
  };

  it('finds the pair between those of others, in one line or in several', () => {
    const [p1, p2] = ['<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>'];
    const whole = [p2, ...route.forCallee, p1];
    expect(restored(whole, [p1])).toEqual([p2, ...route.forCaller, p1]);
    expect(restored([whole.join(',')], [p1])).toEqual([p2, ...route.forCaller, p1]);
  });

  it('finds a pair that a user agent has printed anew', () => {
    const again = route.forCallee.map((it) => it.replace(';r2=on;lr', ';lr;r2=on'));
    expect(restored(again)).toEqual(route.forCaller);
  });

  it('finds its own of several that look alike: the lowest that the request did not come with', () => {
    const [first, second] = route.forCallee as [string, string];
    const alike = route.forCallee.map((it) => it.replace('BBBBBBBBBBBB', 'AAAAAAAAAAAA'));
    expect(restored([...route.forCallee, ...route.forCallee])).toEqual([first, second, ...route.forCaller]);
    expect(restored([...route.forCallee, ...route.forCallee], route.forCallee)).toEqual([
      ...route.forCaller,
      first,
      second,
    ]);
    expect(restored([alike[0]!, ...route.forCallee])).toEqual([alike[0], ...route.forCaller]);
  });

  it('leaves an answer alone that has no such pair', () => {
    expect(restored(['<sip:p1.example.com;lr>'])).toEqual(['<sip:p1.example.com;lr>']);
    expect(restored(route.forCallee.slice(0, 1))).toEqual([route.forCallee[0]]);
    expect(restored([])).toEqual([]);
  });

  it('compares what survives reprinting', () => {
    expect(isSameRoute('<sip:a;lr;vt=x>', '<sip:a;vt=x;lr>')).toBe(true);
    expect(isSameRoute('<sip:a;lr;vt=x>', '<sip:a;vt=y;lr>')).toBe(false);
    expect(isSameRoute('nonsense', '<sip:a;lr>')).toBe(false);
  });
});

describe('two sockets that print one address', () => {
  it('are told apart by the tags of two halves', () => {
    const server = new ProxyUnderTest({
      listeners: ['udp:10.0.0.34:15060 as 99.88.44.33:5060', 'udp:10.0.0.34:15070 as 99.88.44.33:5060'],
    });
    const [a, b] = server.network.listeners.map((listener) => ({
      listener,
      printed: server.advertise.printed({ listener, destination: FAR }),
      destination: FAR,
      override: undefined,
      hidden: false,
    }));
    const { tags } = server.advertise;
    expect(recordRoute(tags, a!, b!, {}).forCallee).toEqual([
      `<sip:99.88.44.33:5060;r2=on;lr;vt=${tags.tagOf(b!.listener)}>`,
      `<sip:99.88.44.33:5060;r2=on;lr;vt=${tags.tagOf(a!.listener)}>`,
    ]);
    expect(recordRoute(tags, a!, a!, {}).forCallee).toHaveLength(1);
  });
});
