import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { kindOf, read, values } from './testing/messages.ts';
import { ProxyUnderTest, type ProxyUnderTestOptions, target } from './testing/proxy-under-test.ts';

const LARGE = [`X-Large: ${'x'.repeat(1300)}`];

function pair(options: ProxyUnderTestOptions = {}) {
  const server = new ProxyUnderTest(options);
  const caller = server.peer('192.0.2.7');
  const callee = server.peer('198.51.100.9');
  const stream = server.peer('198.51.100.9', { transport: 'tcp' });
  server.forkTo(callee);
  return { server, caller, callee, stream };
}

describe('a request too large for UDP (RFC 3261 §18.1.1)', () => {
  it('goes by TCP, with the Via and the Record-Route of TCP', () => {
    const { caller, callee, stream } = pair();
    caller.request('INVITE', { headers: LARGE });
    expect(callee.kinds).toEqual([]);
    const invite = stream.last('INVITE');
    expect(read(invite).topVia?.transport).toBe('TCP');
    expect(values(invite, H.RecordRoute)[0]).toContain(';transport=tcp');
    stream.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['200']);
  });

  it('goes by UDP where TCP is refused, and at once from then on', () => {
    const { server, caller, callee, stream } = pair();
    const connection = { transport: 'tcp', address: '198.51.100.9', port: 5060 } as const;
    const tcp = server.listener('tcp:10.0.0.34:5060');
    caller.request('INVITE', { headers: LARGE });
    server.layer.flowFailed(server.network.flowTo(tcp, connection)!, 'ECONNREFUSED');
    expect(read(callee.last('INVITE')).topVia?.transport).toBe('UDP');
    callee.answer('INVITE', 486);
    expect(caller.kinds.at(-1)).toBe('486');
    caller.request('INVITE', { headers: LARGE, callId: 'call2' });
    expect(stream.kinds).toEqual(['INVITE']);
    expect(callee.inbox.map(kindOf)).toEqual(['INVITE', 'ACK', 'INVITE']);
  });

  it('goes by UDP where nobody speaks on TCP, and is not asked twice after an answer', () => {
    const silent = pair();
    silent.caller.request('INVITE', { headers: LARGE });
    silent.server.advance(6100);
    expect(silent.callee.kinds).toEqual(['INVITE']);
    const busy = pair();
    busy.caller.request('INVITE', { headers: LARGE });
    busy.stream.answer('INVITE', 503);
    expect(busy.callee.kinds).toEqual([]);
    expect(busy.caller.kinds).toEqual(['500']);
  });

  it('stays on UDP below the limit, without a TCP socket beside, and where the table is full', () => {
    const small = pair({ settings: { datagramBytes: 3000 } });
    small.caller.request('INVITE', { headers: LARGE });
    expect(small.callee.kinds).toEqual(['INVITE']);
    const alone = pair({ listeners: ['udp:10.0.0.34:5060', 'tcp:10.0.0.35:5060'] });
    alone.caller.request('INVITE', { headers: LARGE });
    expect(alone.callee.kinds).toEqual(['INVITE']);
  });

  it('stays on UDP to a phone behind a NAT, and from a socket that a script has named', () => {
    const { server, caller, callee, stream } = pair();
    const source = { transport: 'udp', address: '198.51.100.9', port: 5060 } as const;
    server.groups = [[target('sip:ua@192.168.1.9', { source })]];
    caller.request('INVITE', { headers: LARGE });
    server.forkTo(callee).options = { listener: 'udp:10.0.0.34:5060' };
    caller.request('INVITE', { headers: LARGE, callId: 'call2' });
    expect([callee.inbox.length, stream.inbox.length]).toEqual([2, 0]);
  });
});
