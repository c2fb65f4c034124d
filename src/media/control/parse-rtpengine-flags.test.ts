import { describe, expect, it } from 'vitest';
import { parseRtpengineFlags } from './parse-rtpengine-flags.ts';

describe('flags of rtpengine functions', () => {
  it.each<[string, object]>([
    ['', { fields: {} }],
    ['trust-address  record-call', { fields: { flags: ['trust-address', 'record-call'] } }],
    ['RTP/SAVPF', { fields: { 'transport-protocol': 'RTP/SAVPF' } }],
    ['SRTP AVPF', { fields: { 'transport-protocol': 'RTP/SAVPF' } }],
    ['UDP/TLS/RTP/SAVPF RTP', { fields: { 'transport-protocol': 'RTP/AVP' } }],
    ['AVP RTP/AVPF', { fields: { 'transport-protocol': 'RTP/AVP' } }],
    [
      'replace-origin replace-session-connection replace-SDP-version replace-zero-address',
      { fields: { replace: ['origin', 'session-connection', 'SDP version', 'zero address'] } },
    ],
    ['rtcp-mux-demux rtcp-mux-offer', { fields: { 'rtcp-mux': ['demux', 'offer'] } }],
    ['in-iface=priv out-iface=pub', { fields: { direction: ['priv', 'pub'] } }],
    ['direction=priv direction=pub', { fields: { direction: ['priv', 'pub'] } }],
    ['internal external', { fields: { direction: ['internal', 'external'] } }],
    ['ICE=force DTLS=passive', { fields: { ICE: 'force', DTLS: 'passive' } }],
    ['address-family=IP6', { fields: { 'address family': 'IP6' } }],
    ['media-address=99.88.44.33', { fields: { 'media-address': '99.88.44.33' } }],
    ['repacketize=20 ptime=30 TOS=-1', { fields: { repacketize: 20, ptime: 30, TOS: -1 } }],
    ['T.38=decode T.38=no-ECM', { fields: { 'T.38': ['decode', 'no-ECM'] } }],
    ['transcode-opus codec-strip-G729', { fields: { flags: ['transcode-opus', 'codec-strip-G729'] } }],
    [
      'call-id=a from-tag=b to-tag=c via-branch=auto received-from=192.0.2.1',
      { fields: {}, callId: 'a', fromTag: 'b', toTag: 'c', viaBranch: 'auto', receivedFrom: '192.0.2.1' },
    ],
    ['to-tag force-answer', { fields: {}, toTag: '', forceAnswer: true }],
    ['via-branch-param=x', { fields: {}, viaBranch: { value: 'x' } }],
    [
      'codec=[strip=[all] transcode=[PCMU PCMA]]',
      { fields: { codec: { strip: ['all'], transcode: ['PCMU', 'PCMA'] } } },
    ],
    [
      'sdp-attr=[audio=[add=[ptime:20 a..b--c]]]',
      { fields: { 'sdp-attr': { audio: { add: ['ptime:20', 'a b=c'] } } } },
    ],
    ['x=[[a b] [c]]', { fields: { x: [['a', 'b'], ['c']] } }],
    ['x=[]', { fields: { x: [] } }],
    ['__proto__=x', { fields: JSON.parse('{"__proto__":"x"}') }],
  ])('%s', (text, flags) => {
    const result = parseRtpengineFlags(text);
    expect(JSON.parse(JSON.stringify(result))).toEqual({ ok: true, flags });
  });

  it.each<[string, number, string]>([
    ['in-iface=priv', 13, 'belong together'],
    ['direction=a direction=b direction=c', 35, 'two interfaces'],
    ['internal', 8, 'two interfaces'],
    ['a via-branch=3', 2, 'one of 1, 2, auto, extra'],
    ['via-branch', 0, 'wants a value'],
    ['call-id', 0, 'wants a value'],
    ['call-id=', 0, 'has no value'],
    ['=x', 0, 'no name'],
    ['address-family=IP5', 0, 'IP4 or IP6'],
    ['media-address=example.com', 0, 'no IP address'],
    ['received-from=here', 0, 'no IP address'],
    ['repacketize=0', 0, 'milliseconds'],
    ['ptime=soon', 0, 'no number'],
    ['a codec=[strip=[all]', 2, 'not closed'],
    ['codec=[strip=a bare]', 0, 'no key with a value'],
    ['codec=[strip=]', 0, 'no key with a value'],
    [`x=${'['.repeat(9)}${']'.repeat(9)}`, 0, 'cannot be read'],
    [`x=[${'a'.repeat(5000)}]`, 0, 'longer than'],
  ])('%.30j is refused', (text, at, reason) => {
    expect(parseRtpengineFlags(text)).toMatchObject({
      ok: false,
      at,
      reason: expect.stringContaining(reason),
    });
  });
});
