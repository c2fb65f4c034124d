import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const BODY = [
  'v=0',
  'o=alice 1 1 IN IP4 10.9.8.7',
  's=-',
  'c=IN IP4 10.9.8.7',
  't=0 0',
  'm=audio 4000 RTP/AVP 0 8',
  'a=sendrecv',
  '',
].join('\r\n');

const INVITE = [
  'INVITE sip:bob:secret@example.com:5080;transport=tcp;a=1 SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK-1;rport',
  'Via: SIP/2.0/TCP 198.51.100.77;branch=z9hG4bK-0',
  'Max-Forwards: 70',
  'From: "Alice A" <sip:alice@home.example:5070>;tag=from1',
  'To: Bob <sip:bob%20b@example.com>',
  'Call-ID: call-77@host',
  'CSeq: 42 INVITE',
  'Contact: "A" <sip:alice@192.0.2.7:5060>;q=0.5;expires=60, <sip:alice@198.51.100.7>;methods="INVITE"',
  'X-One: first',
  'X-One: second',
  'P-Asserted-Identity: "A" <sip:+15551234@gw.example>',
  'P-Preferred-Identity: <sip:pref@example.org>',
  'Remote-Party-ID: <sip:rpid@example.org>;party=calling',
  'Diversion: <sip:div@example.org>;reason=user-busy;privacy=full',
  'Refer-To: <sip:carol@example.net>',
  'User-Agent: Phone 1.0',
  'Subject: Lunch',
  'Path: <sip:edge.example;lr>',
  'Proxy-Authorization: Digest username="alice@realm.example", realm="realm.example", nonce="n1", uri="sip:example.com", response="0123456789abcdef0123456789abcdef", algorithm=MD5, cnonce="c1", opaque="o1", qop=auth, nc=00000001',
  'Content-Type: application/sdp',
  `Content-Length: ${BODY.length}`,
  '',
  BODY,
].join('\r\n');

async function shown(expression: string, before = ''): Promise<string> {
  const script = `route { ${before} xlog("=${expression}"); exit; }`;
  await using server = await ScriptUnderTest.run(script);
  server.peer('192.0.2.7').send(INVITE);
  await server.settle();
  return server.lines.findLast((line) => line.startsWith('='))?.slice(1) ?? `(${server.lines.join('; ')})`;
}

describe('variables of the message', () => {
  it.each([
    ['$rm', 'INVITE'],
    ['$ci', 'call-77@host'],
    ['$cs', '42'],
    ['$cl', String(BODY.length)],
    ['$ml', String(INVITE.length)],
    ['$fu', 'sip:alice@home.example:5070'],
    ['$fU', 'alice'],
    ['$fd', 'home.example'],
    ['$fn', '"Alice A"'],
    ['$ft', 'from1'],
    ['$from', 'sip:alice@home.example:5070'],
    ['$tu', 'sip:bob%20b@example.com'],
    ['$tU', 'bob%20b'],
    ['$td', 'example.com'],
    ['$tn', 'Bob'],
    ['$tt', '<null>'],
    ['$si', '192.0.2.7'],
    ['$sp', '5060'],
    ['$ua', 'Phone 1.0'],
    ['$ai', 'sip:+15551234@gw.example'],
    ['$pu', 'sip:pref@example.org'],
    ['$pU', 'pref'],
    ['$pd', 'example.org'],
    ['$re', 'sip:rpid@example.org'],
    ['$di', 'sip:div@example.org'],
    ['$dir', 'user-busy'],
    ['$dip', 'full'],
    ['$rt', 'sip:carol@example.net'],
    ['$path', '<sip:edge.example;lr>'],
    ['$hdr(X-One)', 'first'],
    ['$(hdr(x-one)[1])', 'second'],
    ['$(hdr(X-One)[-1])', 'second'],
    ['$(hdr(X-One)[2])', '<null>'],
    ['$(hdr(X-One)[*])', 'first,second'],
    ['$hdr(X-None)', '<null>'],
    ['$hdrcnt(X-One)', '2'],
    ['$hdrcnt(Via)', '2'],
    ['$hdrcnt(X-None)', '0'],
    ['$(hdr_name[0])', 'Via'],
    ['$(hdr_name[-1])', 'Content-Length'],
    ['$ct.fields(uri)', 'sip:alice@192.0.2.7:5060'],
    ['$ct.fields(q)', '0.5'],
    ['$ct.fields(expires)', '60'],
    ['$(ct.fields(uri)[1])', 'sip:alice@198.51.100.7'],
    ['$(ct.fields(methods)[1])', '"INVITE"'],
    ['$cT', 'application/sdp'],
    ['$msg.is_request', '1'],
    ['$msg.type', 'request'],
    ['$rs', '<null>'],
    ['$rr', '<null>'],
  ])('%s is %s', async (variable, value) => {
    expect(await shown(variable)).toBe(value);
  });

  it('are bodies, whole and in parts', async () => {
    expect(await shown('$rb')).toBe(BODY.trimEnd());
    expect(await shown('$sdp')).toBe(BODY.trimEnd());
    expect(await shown('$(rb{sdp.line,m})')).toBe('m=audio 4000 RTP/AVP 0 8');
    expect(await shown('$rb(application/sdp)')).toBe(BODY.trimEnd());
    expect(await shown('$rb(text/plain)')).toBe('<null>');
  });
});

describe('variables of the Request-URI and the next hop', () => {
  it.each([
    ['$ru', 'sip:bob:secret@example.com:5080;transport=tcp;a=1'],
    ['$rU', 'bob'],
    ['$rd', 'example.com'],
    ['$rp', '5080'],
    ['$rP', 'tcp'],
    ['$ou', 'sip:bob:secret@example.com:5080;transport=tcp;a=1'],
    ['$oU', 'bob'],
    ['$du', '<null>'],
    ['$ru_q', '-1'],
  ])('%s is %s', async (variable, value) => {
    expect(await shown(variable)).toBe(value);
  });

  it.each([
    ['$rU = "carol";', '$ru', 'sip:carol:secret@example.com:5080;transport=tcp;a=1'],
    ['$rd = "other.example";', '$ru', 'sip:bob:secret@other.example:5080;transport=tcp;a=1'],
    ['$rp = 5090;', '$ru', 'sip:bob:secret@example.com:5090;transport=tcp;a=1'],
    [
      '$ru = "sip:x@y.example";',
      '$ru $rU $rd $rp $ou',
      'sip:x@y.example x y.example 5060 sip:bob:secret@example.com:5080;transport=tcp;a=1',
    ],
    ['$ru = "tls:nonsense";', '$ru', 'tls:nonsense'],
    [
      '$du = "sip:10.0.0.9:5070;transport=tcp";',
      '$du $dd $dp $dP',
      'sip:10.0.0.9:5070;transport=tcp 10.0.0.9 5070 tcp',
    ],
    ['$du = "sip:10.0.0.9"; $dd = "10.0.0.10"; $dp = 5099;', '$du', 'sip:10.0.0.10:5099'],
    ['$du = "sip:10.0.0.9"; $du = NULL;', '$du', '<null>'],
    ['$ru_q = 500;', '$ru_q', '500'],
    ['$rU = NULL;', '$ru', 'sip:example.com:5080;transport=tcp;a=1'],
  ])('after %s %s is %s', async (before, variable, value) => {
    expect(await shown(variable, before)).toBe(value);
  });
});

describe('variables of credentials', () => {
  it.each([
    ['$au', 'alice'],
    ['$ad', 'realm.example'],
    ['$aU', 'alice@realm.example'],
    ['$ar', 'realm.example'],
    ['$an', 'n1'],
    ['$adu', 'sip:example.com'],
    ['$Au', 'alice'],
    ['$auth.resp', '0123456789abcdef0123456789abcdef'],
    ['$auth.nonce', 'n1'],
    ['$auth.alg', 'MD5'],
    ['$auth.cnonce', 'c1'],
    ['$auth.opaque', 'o1'],
    ['$auth.qop', 'auth'],
    ['$auth.nc', '00000001'],
  ])('%s is %s', async (variable, value) => {
    expect(await shown(variable)).toBe(value);
  });
});

describe('variables of the server and the script', () => {
  it.each([
    ['$socket_in', 'udp:10.0.0.34:5060'],
    ['$socket_in(ip)', '10.0.0.34'],
    ['$socket_in(port)', '5060'],
    ['$socket_in(proto)', 'UDP'],
    ['$socket_in(advertised_ip)', '99.88.44.33'],
    ['$socket_in(af)', 'INET'],
    ['$Ri:$Rp $pr $af', '10.0.0.34:5060 UDP INET'],
    ['$socket_out', 'udp:10.0.0.34:5060'],
    ['$socket_out(forced)', '<null>'],
    ['$cfg_line', '1'],
    ['$cfg_file', 'test.cfg'],
    ['$pp', String(process.pid)],
    ['$$', '$'],
    ['$route', 'route'],
  ])('%s is %s', async (variable, value) => {
    expect(await shown(variable)).toBe(value);
  });

  it('know the time', async () => {
    expect(await shown('$Ts')).toMatch(/^\d{9,10}$/);
    expect(await shown('$Tsm')).toMatch(/^\d{1,6}$/);
    expect(await shown('$TS')).toMatch(/^\d{9,10}$/);
    expect(await shown('$time(%Y-%m-%d)')).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(await shown('$Tf')).toMatch(/^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/);
  });

  it('choose the socket that the request leaves by', async () => {
    expect(await shown('$socket_out $socket_out(proto)', '$socket_out = "tcp:10.0.0.34:5060";')).toBe(
      'tcp:10.0.0.34:5060 TCP',
    );
    expect(await shown('$fs', '$fs = "tcp:10.0.0.34:5060";')).toBe('tcp:10.0.0.34:5060');
    expect(await shown('$socket_out', '$socket_out = "tcp:10.0.0.99:5060";')).toBe('udp:10.0.0.34:5060');
  });
});

describe('variables of flags and branches', () => {
  it.each([
    ['setflag(A); setflag(B); setflag(A);', '$mf', 'A B'],
    ['setflag(A); resetflag(A);', '$mf', ''],
    ['$msg.flag(X) = 1;', '$mf $msg.flag(X) $msg.flag(Y)', 'X 1 0'],
    ['setbflag(F); setbflag(G);', '$(msg.branch.flags[0])', 'F G'],
    [
      '$msg.branch = "sip:b1@example.org"; $msg.branch = "sip:b2@example.org";',
      '$(msg.branch.uri[1]) $(msg.branch.uri[2]) $msg.branch.last_idx',
      'sip:b1@example.org sip:b2@example.org 2',
    ],
    ['$msg.branch = "sip:b1@example.org"; $(msg.branch.q[1]) = 300;', '$(msg.branch.q[1])', '300'],
    [
      '$msg.branch = "sip:b1@example.org"; $(msg.branch.duri[1]) = "sip:10.1.1.1";',
      '$(msg.branch.duri[1])',
      'sip:10.1.1.1',
    ],
    [
      'append_branch("sip:b1@example.org", "0.3");',
      '$(msg.branch.uri[*])',
      'sip:bob:secret@example.com:5080;transport=tcp;a=1,sip:b1@example.org',
    ],
    ['$(msg.branch.attr(k)[0]) = "v";', '$(msg.branch.attr(k)[0])', 'v'],
    ['setbflag(F); ', '$bf', 'F'],
  ])('after %s %s is %s', async (before, variable, value) => {
    expect(await shown(variable, before)).toBe(value);
  });

  it('list all branches as a Contact does', async () => {
    const before = '$ru_q = 700; append_branch("sip:b1@example.org", "0.3");';
    expect(await shown('$ds', before)).toBe(
      'Contact: <sip:bob:secret@example.com:5080;transport=tcp;a=1>;q=0.7, <sip:b1@example.org>;q=0.3',
    );
  });
});
