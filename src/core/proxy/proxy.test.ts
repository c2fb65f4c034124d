import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { answerTo, branchOf, firstLine, read, values } from './testing/messages.ts';
import { pair, target } from './testing/proxy-under-test.ts';

const TCP = 'tcp:10.0.0.34:5060';

describe('a forwarded request', () => {
  it('differs from the received one by what RFC 3261 §16.6 wants, and nothing else', () => {
    const { server, caller, callee } = pair();
    const sent = caller.request('INVITE', {
      headers: ['X-Odd:   as  it is', 'Session-Expires: 1800;refresher=uac'],
    });
    const got = callee.last('INVITE');
    const [via] = values(got, H.Via);
    const { tags } = server.advertise;
    const marks = `vt=${tags.tagOf(server.listener())};vd=${tags.proofOf(values(got, H.CallId)[0]!)}`;
    const top = values(sent, H.Via)[0]!;
    const changed = sent
      .replace('INVITE sip:bob@example.com', `INVITE ${callee.contact}`)
      .replace('Via: ', `Via: ${via}\r\nRecord-Route: <sip:99.88.44.33;lr;ftag=caller;${marks}>\r\nVia: `)
      .replace(`${top}`, `${top.replace(';rport', '')};received=192.0.2.7;rport=5060`)
      .replace('Max-Forwards: 70', 'Max-Forwards: 69')
      .replace(/\r\n\r\n$/, '\r\nMax-Breadth: 60\r\n\r\n');
    expect(got).toBe(changed);
    expect(via).toBe(`SIP/2.0/UDP 99.88.44.33:5060;branch=${branchOf(got)};rport`);
  });

  it('gets a Content-Length on a stream', () => {
    const { server, caller } = pair();
    const callee = server.peer('198.51.100.2', { talksTo: server.listener(TCP) });
    server.forkTo(callee);
    caller.send(
      'OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\n' +
        'From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\nbody',
    );
    expect(read(callee.last('OPTIONS')).get(H.ContentLength)).toBe('4');
    expect(read(callee.last('OPTIONS')).get(H.MaxForwards)).toBe('70');
  });

  it('is refused at Max-Forwards 0', () => {
    const { caller, callee } = pair();
    caller.request('INVITE', { maxForwards: '0' });
    expect(caller.kinds).toEqual(['483']);
    caller.request('OPTIONS', { maxForwards: '1' });
    expect(read(callee.last('OPTIONS')).maxForwards).toBe(0);
  });

  it('passes RFC 4028 headers and answers as they are', () => {
    const { caller, callee } = pair();
    caller.request('INVITE', { headers: ['Supported: timer', 'Session-Expires: 90', 'Min-SE: 90'] });
    expect(callee.last('INVITE')).toContain('\r\nMin-SE: 90\r\n');
    callee.answer('INVITE', 422, { headers: ['Min-SE: 1800'] });
    expect(caller.last('422')).toContain('\r\nMin-SE: 1800\r\n');
  });

  it('carries what a script adds, and prints for each branch what it says', () => {
    const { server, caller, callee } = pair();
    server.options = {
      headers: [['X-All', '1']],
      onBranch: (view) => {
        view.headers.push(['X-One', '2']);
        view.requestUri = 'sip:other@198.51.100.1';
        view.advertise = { host: '203.0.113.80' };
      },
      edit: (edit) => edit.append('X-Edit', '3'),
    };
    caller.request('INVITE');
    const got = callee.last('INVITE');
    expect(firstLine(got)).toBe('INVITE sip:other@198.51.100.1 SIP/2.0');
    expect(got).toContain('X-All: 1\r\nX-One: 2\r\nX-Edit: 3\r\n');
    expect(read(got).topVia?.host).toBe('203.0.113.80');
  });

  it('is not sent where something would break out of its field', () => {
    const { server, caller, callee } = pair();
    server.options = { headers: [['X-Bad', 'a\r\nVia: evil']] };
    caller.request('INVITE');
    expect(caller.kinds).toEqual(['500']);
    expect(callee.kinds).toEqual([]);
    expect(server.layer.counters).toMatchObject({ clientsInUse: 0, userFaults: 0 });
  });

  it('gets the Path of its target as Route, and goes there', () => {
    const { server, caller } = pair();
    const edge = server.peer('203.0.113.5');
    server.groups = [
      [target('sip:bob@10.9.9.9', { route: ['<sip:203.0.113.5;lr>', '<sip:p2.example.com;lr>'] })],
    ];
    caller.request('INVITE', { headers: ['Route: <sip:99.88.44.33;lr>'] });
    expect(values(edge.last('INVITE'), H.Route)).toEqual(['<sip:203.0.113.5;lr>', '<sip:p2.example.com;lr>']);
    expect(firstLine(edge.last('INVITE'))).toContain('sip:bob@10.9.9.9');
  });

  it('gets a Path of two halves where a registrar shall come back through it', () => {
    const { server, caller } = pair();
    const registrar = server.peer('10.0.0.9');
    server.forkTo(registrar).options = { path: true };
    caller.request('REGISTER');
    const path = values(registrar.last('REGISTER'), H.Path);
    // The half of the client's side bears the token of its flow.
    expect(path.map((it) => it.slice(0, it.indexOf(';vt=')).replace(/[\w-]{30,}@/, 'TOKEN@'))).toEqual([
      '<sip:10.0.0.34;r2=on;lr',
      '<sip:TOKEN@99.88.44.33;r2=on;lr',
    ]);
  });
});

describe('an answer', () => {
  it('gets the Vias that the request came with, whatever the callee made of them', () => {
    const { caller, callee } = pair();
    caller.request('INVITE', { vias: ['SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKbefore'] });
    const echoed = answerTo(callee.last('INVITE'), 486);
    const [ours, top, below] = values(echoed, H.Via);
    callee.send(echoed.replace(`Via: ${top}\r\nVia: ${below}\r\n`, ''));
    expect(values(caller.last('486'), H.Via)).toEqual([top, below]);
    expect(ours).toContain('99.88.44.33');
  });
});

describe('inside a dialog', () => {
  const dialog = (routes: string[], targetUri = 'sip:ua@198.51.100.1') => ({
    callId: 'call1',
    local: '<sip:alice@example.com>;tag=caller',
    remote: '<sip:bob@example.com>;tag=callee',
    routes,
    target: targetUri,
  });

  it.each<[string, string[], string, string]>([
    ['no Route', [], 'sip:ua@198.51.100.1', '481'],
    ['a foreign Route', ['<sip:p2.example.com;lr>'], 'sip:ua@198.51.100.1', '403'],
    ['a Route that cannot be read', ['<sip:>'], 'sip:ua@198.51.100.1', '400'],
    ['a target of another scheme', ['<sip:99.88.44.33;lr>'], 'urn:service:sos', '480'],
    ['an unknown transport', ['<sip:99.88.44.33;lr>'], 'sip:ua@198.51.100.1;transport=pigeon', '480'],
  ])('%s is refused', (_what, routes, uri, status) => {
    const { caller, callee } = pair();
    caller.inDialog('BYE', dialog(routes, uri), { to: caller.talksTo });
    expect(caller.kinds).toEqual([status]);
    expect(callee.kinds).toEqual([]);
  });

  it.each<[string, string[]]>([
    ['no Route', []],
    ['a foreign Route', ['<sip:p2.example.com;lr>']],
    ['a Route that cannot be read', ['<sip:>']],
    [
      'a Route with a stray line end',
      ['<sip:99.88.44.33;lr>', '<sip:203.0.113.5>', '<sip:p3.example.com;lr>;x=\ry'],
    ],
  ])('an ACK with %s is dropped', (_what, routes) => {
    const { server, caller } = pair();
    caller.inDialog('ACK', dialog(routes), { to: caller.talksTo });
    expect(server.network.sent).toEqual([]);
    expect(server.layer.counters.userFaults).toBe(0);
  });

  it('an ACK at Max-Forwards 0 is dropped', () => {
    const { server, caller } = pair();
    const text = caller.inDialog('ACK', dialog(['<sip:99.88.44.33;lr>']));
    expect(server.network.sent).toHaveLength(1);
    caller.send(text.replace('Max-Forwards: 70', 'Max-Forwards: 0'));
    expect(server.network.sent).toHaveLength(1);
  });

  it('follows the other proxies of its route set', () => {
    const { server, caller } = pair();
    const next = server.peer('203.0.113.5');
    caller.inDialog('BYE', dialog(['<sip:99.88.44.33;lr>', '<sip:203.0.113.5;lr>']));
    expect(values(next.last('BYE'), H.Route)).toEqual(['<sip:203.0.113.5;lr>']);
    expect(firstLine(next.last('BYE'))).toBe('BYE sip:ua@198.51.100.1 SIP/2.0');
  });

  it('leaves it to the last proxy to restore a Contact that it fixed', () => {
    const { server, caller } = pair();
    const next = server.peer('203.0.113.5');
    const fixed = `sip:ua@192.0.2.200:1024;org=${Buffer.from('192.168.1.5:5060').toString('base64url')}`;
    caller.inDialog('BYE', dialog(['<sip:99.88.44.33;lr>', '<sip:203.0.113.5;lr>'], fixed));
    expect(firstLine(next.last('BYE'))).toBe(`BYE ${fixed} SIP/2.0`);
  });
});

describe('which socket sends', () => {
  it('is the forced one, whose transport overrides that of the URI', () => {
    const { server, caller } = pair();
    const callee = server.peer('198.51.100.2', { talksTo: server.listener(TCP) });
    server.groups = [[target('sip:bob@198.51.100.2;transport=udp')]];
    server.options = { listener: TCP };
    caller.request('INVITE');
    expect(values(callee.last('INVITE'), H.Via)[0]).toContain('SIP/2.0/TCP');
  });

  it('is that of the binding, and its open connection before everything else', () => {
    const { server, caller } = pair();
    const phone = server.peer('203.0.113.77', { port: 40_001, talksTo: server.listener(TCP) });
    phone.request('OPTIONS');
    const connection = server.network.flowTo(phone.talksTo, {
      transport: 'tcp',
      address: phone.address,
      port: 40_001,
    })!;
    server.groups = [
      [target('sip:bob@192.168.1.5;transport=tcp', { connectionId: connection.connectionId })],
    ];
    caller.request('INVITE');
    expect(phone.kinds).toContain('INVITE');
  });

  it('is one of the family of the next hop', () => {
    const { server, caller } = pair({ listeners: ['udp:10.0.0.34:5060', 'udp:[2001:db8::34]:5060'] });
    const callee = server.peer('2001:db8::9', { talksTo: server.listener('udp:[2001:db8::34]:5060') });
    server.forkTo(callee);
    caller.request('INVITE');
    expect(values(callee.last('INVITE'), H.Via)[0]).toContain('SIP/2.0/UDP [2001:db8::34]:5060');
  });

  it('never sends to a public address of its own: that goes to the bound socket', () => {
    const { server, caller } = pair();
    for (const uri of ['sip:bob@99.88.44.33', 'sip:bob@99.88.44.33;transport=tcp']) {
      server.groups = [[target(uri)]];
      caller.request('INVITE', { callId: uri });
    }
    expect(server.network.sent.map(({ to }) => to.address)).not.toContain('99.88.44.33');
    expect(server.network.sent.filter(({ to }) => to.address === '10.0.0.34')).not.toEqual([]);
  });

  it('nor when a name leads to it', async () => {
    const { server, caller } = pair({ hosts: { 'sip.example.com': ['99.88.44.33'] } });
    server.groups = [[target('sip:bob@sip.example.com:5060')]];
    caller.request('INVITE');
    await server.settle();
    expect(server.network.sent.map(({ to }) => to.address)).toContain('10.0.0.34');
    expect(server.network.sent.map(({ to }) => to.address)).not.toContain('99.88.44.33');
  });
});

describe('full tables', () => {
  it('refuse what they have no room for', () => {
    const { server, caller, callee } = pair({ limit: 1 });
    caller.request('INVITE');
    caller.request('INVITE', { callId: 'call2' });
    expect(caller.kinds).toEqual(['503']);
    expect(callee.kinds).toEqual(['INVITE']);
    expect(server.layer.counters.dropped).toBe(1);
  });

  it('of client transactions end a fork with 500', () => {
    const { server, caller, callee } = pair({ limit: 2 });
    const [a, b] = [server.peer('198.51.100.2'), server.peer('198.51.100.3')];
    server.forkTo(callee, a, b);
    caller.request('INVITE');
    expect(b.kinds).toEqual([]);
    callee.answer('INVITE', 503);
    a.answer('INVITE', 503);
    expect(caller.kinds).toEqual(['500']);
  });

  it('of connections do so too', () => {
    const { server, caller, callee } = pair();
    server.network.flowTo(server.listener(), { transport: 'udp', address: caller.address, port: 5060 });
    server.network.full = true;
    caller.request('INVITE');
    expect(caller.kinds).toEqual(['500']);
    expect(callee.kinds).toEqual([]);
    expect(server.layer.counters.clientsInUse).toBe(0);
  });
});
