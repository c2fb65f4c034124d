import { describe, expect, it } from 'vitest';
import { values } from '../../../core/proxy/testing/messages.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const MODULES = ['sl', 'tm', 'sipmsgops', 'textops'].map((name) => `loadmodule "${name}.so"`).join('\n');
const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 192.0.2.7',
  's=-',
  'c=IN IP4 192.0.2.7',
  't=0 0',
  'm=audio 4000 RTP/AVP 0 8 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'm=video 4002 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  '',
].join('\r\n');

interface Options {
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly type?: string;
  readonly to?: string;
  readonly uri?: string;
  readonly more?: string;
}

/** What is forwarded to 198.51.100.1, and what the script has logged. */
async function through(body: string, options: Options = {}) {
  const {
    headers = [],
    body: content = '',
    type = 'application/sdp',
    to = '<sip:bob@example.com>',
    more = '',
  } = options;
  const server = await ScriptUnderTest.run(
    `${MODULES}\nroute { ${body} $ru = "sip:one@198.51.100.1"; t_relay(); }\n${more}`,
  );
  const caller = server.peer('192.0.2.7');
  const one = server.peer('198.51.100.1');
  caller.send(
    [
      `INVITE ${options.uri ?? 'sip:bob@example.com'} SIP/2.0`,
      'Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK-1',
      'From: <sip:alice@example.com>;tag=a',
      `To: ${to}`,
      'Call-ID: call',
      'CSeq: 1 INVITE',
      'Contact: <sip:alice@192.0.2.7>',
      'Max-Forwards: 70',
      ...headers,
      ...(content === '' ? [] : [`Content-Type: ${type}`]),
      `Content-Length: ${content.length}`,
      '',
      content,
    ].join('\r\n'),
  );
  await server.settle();
  return {
    server,
    caller,
    one,
    lines: server.lines,
    sent: one.kinds.includes('INVITE') ? one.last('INVITE') : '',
  };
}

function bodyOf(sent: string): string {
  return sent.slice(sent.indexOf('\r\n\r\n') + 4);
}

describe('headers', () => {
  it('are appended, inserted, and put beside others', async () => {
    const { server, sent } = await through(
      'append_hf("X-Last: $rm\\r\\n"); insert_hf("X-First: 1\\r\\n"); insert_hf("X-Before: 2\\r\\n", "From"); append_hf("X-After: 3\\r\\n", "From"); append_urihf("X-Uri: <", ">\\r\\n");',
    );
    await using _ = server;
    const names = sent.split('\r\n').map((line) => line.split(':')[0]);
    expect(names[1]).toBe('Via');
    expect(names.indexOf('X-Before')).toBe(names.indexOf('From') - 1);
    expect(names.indexOf('X-After')).toBe(names.indexOf('From') + 1);
    expect(names.indexOf('X-First')).toBeLessThan(names.indexOf('X-Before'));
    expect(sent).toContain('X-Last: INVITE\r\n');
    expect(sent).toContain('X-Uri: <sip:bob@example.com>\r\n');
  });

  it('are found and removed, by name, expression and pattern', async () => {
    const { server, sent, lines } = await through(
      `if (is_present_hf("s")) xlog("subject");
      if (!is_present_hf("X-None")) xlog("none");
      remove_hf("Subject"); remove_hf_re("^X-R"); remove_hf_glob("X-G*");
      if (!remove_hf("X-None")) xlog("nothing removed");`,
      { headers: ['Subject: a', 'X-R1: 1', 'X-R2: 2', 'X-G1: 1', 'X-Keep: k'] },
    );
    await using _ = server;
    expect(lines).toEqual(['subject', 'none', 'nothing removed']);
    expect(sent).not.toMatch(/Subject|X-R|X-G/);
    expect(sent).toContain('X-Keep: k');
  });

  it('that list options are looked into and changed', async () => {
    const { server, sent, lines } = await through(
      `if (list_hdr_has_option("Supported", "100rel")) xlog("has");
      if (!list_hdr_has_option("Supported", "timer")) xlog("has not");
      list_hdr_add_option("Supported", "path"); list_hdr_remove_option("Supported", "100rel"); list_hdr_add_option("Require", "gruu");`,
      { headers: ['Supported: 100rel, replaces'] },
    );
    await using _ = server;
    expect(lines).toEqual(['has', 'has not']);
    expect(values(sent, H.Supported).join(',').replaceAll(' ', '')).toBe('replaces,path');
    expect(sent).toContain('Require: gruu');
  });

  it('may be several in one text, and are nothing where the text is none', async () => {
    const { server, sent } = await through(
      'append_hf("X-A: 1\\r\\nX-B: 2\\r\\n"); if (!append_hf("nonsense")) xlog("no header");',
    );
    await using _ = server;
    expect(sent).toContain('X-A: 1\r\nX-B: 2\r\n');
    expect(sent).not.toContain('nonsense');
    expect(server.lines).toEqual(['"nonsense" is no header', 'no header']);
  });

  it('for answers are added to all of them', async () => {
    const { server, caller } = await through(
      'append_to_reply("X-Reply: $rU\\r\\n"); append_time(); sl_send_reply(404, "No"); exit;',
    );
    await using _ = server;
    expect(caller.last('404')).toContain('X-Reply: bob\r\n');
    expect(caller.last('404')).toMatch(/\r\nDate: \w{3}, \d\d \w{3} \d{4} /);
  });
});

describe('questions about the message', () => {
  it.each<[string, string, Options]>([
    ['is_method("INVITE")', 'yes', {}],
    ['is_method("BYE|INVITE|INFO")', 'yes', {}],
    ['is_method("BYE")', 'no', {}],
    ['has_totag()', 'no', {}],
    ['has_totag()', 'yes', { to: '<sip:bob@example.com>;tag=b' }],
    ['has_body()', 'no', {}],
    ['has_body()', 'yes', { body: SDP }],
    ['has_body("application/sdp")', 'yes', { body: SDP }],
    ['has_body_part("text/plain")', 'no', { body: SDP }],
    ['is_audio_on_hold()', 'no', { body: SDP }],
    ['is_audio_on_hold()', 'yes', { body: SDP.replace('c=IN IP4 192.0.2.7', 'c=IN IP4 0.0.0.0') }],
    ['is_privacy("id")', 'yes', { headers: ['Privacy: id; critical'] }],
    ['is_privacy("user")', 'no', { headers: ['Privacy: id'] }],
    ['is_uri_user_e164("$ru")', 'yes', { uri: 'sip:+15551234@example.com' }],
    ['is_uri_user_e164("$ru")', 'no', { uri: 'sip:bob@example.com' }],
    ['compare_uri("sip:a@B.example;x=1", "sip:a@b.example;x=1")', 'yes', {}],
    ['compare_uri("sip:a@b.example", "sip:A@b.example")', 'no', {}],
    ['ruri_has_param("user", "phone")', 'yes', { uri: 'sip:1@example.com;user=phone' }],
    ['ruri_has_param("user", "ip")', 'no', { uri: 'sip:1@example.com;user=phone' }],
    ['codec_exists("PCMA")', 'yes', { body: SDP }],
    ['codec_exists("pcma", "8000")', 'yes', { body: SDP }],
    ['codec_exists("G729")', 'no', { body: SDP }],
    ['codec_exists_re("^H26")', 'yes', { body: SDP }],
    ['stream_exists("video")', 'yes', { body: SDP }],
    ['stream_exists("text")', 'no', { body: SDP }],
    ['sipmsg_validate()', 'yes', {}],
  ])('%s: %s', async (question, answer, options) => {
    const { server, lines } = await through(`if (${question}) xlog("yes"); else xlog("no");`, options);
    await using _ = server;
    expect(lines).toEqual([answer]);
  });
});

describe('the Request-URI', () => {
  it('gets and loses parameters, and becomes sip', async () => {
    const { server, lines } = await through(
      'ruri_add_param("a=1"); xlog("$ru"); ruri_del_param("x"); xlog("$ru"); $ru = "tel:+15551234"; ruri_tel2sip(); xlog("$ru");',
      { uri: 'sip:bob@example.com;x=y' },
    );
    await using _ = server;
    expect(lines).toEqual([
      'sip:bob@example.com;x=y;a=1',
      'sip:bob@example.com;a=1',
      'sip:+15551234@example.com;user=phone',
    ]);
  });
});

describe('codecs and streams', () => {
  it.each([
    ['codec_delete("PCMA");', 'm=audio 4000 RTP/AVP 0 101', ['a=rtpmap:8 PCMA/8000']],
    ['codec_delete_re("telephone");', 'm=audio 4000 RTP/AVP 0 8', ['a=rtpmap:101', 'a=fmtp:101']],
    ['codec_delete_except_re("PCMU|telephone-event");', 'm=audio 4000 RTP/AVP 0 101', ['a=rtpmap:8']],
    ['codec_move_up("PCMA");', 'm=audio 4000 RTP/AVP 8 0 101', []],
    ['codec_move_down("PCMU");', 'm=audio 4000 RTP/AVP 8 101 0', []],
    ['codec_move_up_re("^telephone");', 'm=audio 4000 RTP/AVP 101 0 8', []],
    ['stream_delete("video");', 'm=audio 4000 RTP/AVP 0 8 101', ['m=video', 'a=rtpmap:96']],
  ])('%s', async (body, line, gone) => {
    const { server, sent } = await through(body, { body: SDP });
    await using _ = server;
    expect(bodyOf(sent)).toContain(`${line}\r\n`);
    for (const text of gone) expect(bodyOf(sent)).not.toContain(text);
    expect(sent).toContain(`Content-Length: ${bodyOf(sent).length}\r\n`);
  });
});

describe('body parts', () => {
  it('are added, removed and read', async () => {
    const { server, sent, lines } = await through(
      `add_body_part("<note/>", "application/xml", "X-Part: 1\\r\\n");
      get_updated_body_part("application/xml", $var(part)); xlog("$var(part)");`,
      { body: SDP },
    );
    await using _ = server;
    expect(lines).toEqual(['<note/>']);
    expect(sent).toMatch(/Content-Type: multipart\/mixed;\s*boundary=/);
    expect(bodyOf(sent)).toContain('X-Part: 1\r\n');
    expect(bodyOf(sent)).toContain('m=audio 4000');

    const bare = await through('remove_body_part();', { body: SDP });
    await using _bare = bare.server;
    expect(bodyOf(bare.sent)).toBe('');
    expect(bare.sent).not.toContain('Content-Type');
  });

  it('are taken out of a multipart body', async () => {
    const body = [
      '--x',
      'Content-Type: application/sdp',
      '',
      'v=0',
      '--x',
      'Content-Type: text/plain',
      '',
      'hello',
      '--x--',
      '',
    ].join('\r\n');
    const { server, sent } = await through('remove_body_part("text/plain");', {
      body,
      type: 'multipart/mixed;boundary=x',
    });
    await using _ = server;
    expect(sent).toContain('v=0');
    expect(sent).not.toContain('hello');
  });
});

describe('change_reply_status', () => {
  it('gives a reply another status of its class', async () => {
    const { server, caller, one } = await through('t_on_reply("r");', {
      more: 'onreply_route[r] { if ($rs == 183) change_reply_status(180, "Just Ringing"); }',
    });
    await using _ = server;
    one.answer('INVITE', 183);
    expect(caller.last('180')).toMatch(/^SIP\/2\.0 180 Just Ringing\r\n/);
  });
});
