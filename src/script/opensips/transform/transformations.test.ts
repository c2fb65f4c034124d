import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

/** What transformations make of a text, between bars; `<null>` for NULL. */
async function made(text: string | number, transformations: string, more = ''): Promise<string> {
  const literal = typeof text === 'number' ? String(text) : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
  const script = `route { $var(in) = ${literal}; ${more} xlog("|$(var(in)${transformations})|"); }`;
  await using server = await ScriptUnderTest.run(script);
  server.peer('192.0.2.7').request('OPTIONS');
  await server.settle();
  return server.lines.join('').replaceAll(/^\||\|$/g, '');
}

describe('{s.…}', () => {
  it.each<[string | number, string, string]>([
    ['abc', '{s.len}', '3'],
    ['2868.12 sec', '{s.int}', '2868'],
    ['none', '{s.int}', '0'],
    ['-12x', '{s.int}', '-12'],
    ['abc', '{s.md5}', createHash('md5').update('abc').digest('hex')],
    ['123456789', '{s.crc32}', '3421780262'],
    ['onetwothree', '{s.reverse}', 'eerhtowteno'],
    ['abcd', '{s.substr,1,0}', 'bcd'],
    ['abcd', '{s.substr,0,2}', 'ab'],
    ['abcd', '{s.substr,-2,1}', 'c'],
    ['abcd', '{s.substr,1,-1}', 'bc'],
    ['abcd', '{s.substr,9,1}', '<null>'],
    ['12,34,56', '{s.select,1,,}', '34'],
    ['12,34,56', '{s.select,-2,,}', '34'],
    ['12;34', '{s.select,0,;}', '12'],
    ['12;34', '{s.select,5,;}', '<null>'],
    ['a b', '{s.encode.hexa}', '612062'],
    ['612062', '{s.decode.hexa}', 'a b'],
    ["it's", '{s.escape.common}', "it\\'s"],
    ["it's", '{s.escape.common}{s.unescape.common}', "it's"],
    ['a b@c', '{s.escape.user}', 'a%20b%40c'],
    ['a%20b%40c', '{s.unescape.user}', 'a b@c'],
    ['a;b', '{s.escape.param}', 'a%3bb'],
    ['a%3bb', '{s.unescape.param}', 'a;b'],
    ['AbC', '{s.tolower}', 'abc'],
    ['AbC', '{s.toupper}', 'ABC'],
    ['onetwothreeone', '{s.index,one}', '0'],
    ['onetwothreeone', '{s.index, one, 3}', '11'],
    ['onetwothreeone', '{s.index,one,-11}', '11'],
    ['onetwothreeone', '{s.index,one,-25}', '11'],
    ['onetwothreeone', '{s.index,four}', '<null>'],
    ['onetwothreeone', '{s.rindex,one}', '11'],
    ['onetwothreeone', '{s.rindex,one,-3}', '11'],
    ['onetwothreeone', '{s.rindex,one,11}', '11'],
    ['onetwothreeone', '{s.rindex,one,-4}', '0'],
    ['485', '{s.fill.left,0,3}', '485'],
    ['485', '{s.fill.left,0,6}', '000485'],
    ['485', '{s.fill.left,abc,8}', 'bcabc485'],
    [485, '{s.fill.right,0,6}', '485000'],
    [485, '{s.fill.right,abc,8}', '485abcab'],
    ['transformation', '{s.width,16}', 'transformation  '],
    ['transformation', '{s.width,9}', 'transform'],
    ['  in put  ', '{s.trim}', 'in put'],
    ['  in put  ', '{s.trimr}', '  in put'],
    ['  in put  ', '{s.triml}', 'in put  '],
    [255, '{s.dec2hex}', 'ff'],
    ['ff', '{s.hex2dec}', '255'],
    ['!@#', '{s.b64encode}', 'IUAj'],
    ['IUAj', '{s.b64decode}', '!@#'],
    ['aaaa', '{s.xor,ab}{s.encode.hexa}', '00030003'],
    ['Thu, 13 Jun 2024 12:48:00 GMT', '{s.date2unix}', '1718282880'],
    ['abc', '{s.sha1}', createHash('sha1').update('abc').digest('hex')],
    ['abc', '{s.sha224}', createHash('sha224').update('abc').digest('hex')],
    ['abc', '{s.sha256}', createHash('sha256').update('abc').digest('hex')],
    ['abc', '{s.sha384}', createHash('sha384').update('abc').digest('hex')],
    ['abc', '{s.sha512}', createHash('sha512').update('abc').digest('hex')],
    ['abc', '{s.sha256_hmac,secret}', createHmac('sha256', 'secret').update('abc').digest('hex')],
    ['abc', '{s.sha1_hmac,secret}', createHmac('sha1', 'secret').update('abc').digest('hex')],
  ])('%o%s is %s', async (text, transformations, result) => {
    expect(await made(text, transformations)).toBe(result);
  });

  it('fill in the variables of a text', async () => {
    expect(await made('Hello, $var(who) in $rm!', '{s.eval}', '$var(who) = "client";')).toBe(
      'Hello, client in OPTIONS!',
    );
  });

  it('take variables as arguments', async () => {
    expect(await made('onetwo', '{s.index,$var(what)}', '$var(what) = "two";')).toBe('3');
    expect(await made('abcdef', '{s.substr,$var(n),$(var(n){s.int})}', '$var(n) = 2;')).toBe('cd');
  });

  it('of NULL are NULL', async () => {
    expect(await made('', '{s.len}', '$var(in) = NULL;')).toBe('<null>');
  });
});

const URI =
  'sip:alice:pw@example.com:5070;transport=tcp;user=phone;ttl=4;maddr=10.0.0.1;method=INFO;lr;r2=on?X=1&Y=2';

describe('{uri.…}', () => {
  it.each([
    ['{uri.user}', 'alice'],
    ['{uri.host}', 'example.com'],
    ['{uri.domain}', 'example.com'],
    ['{uri.passwd}', 'pw'],
    ['{uri.port}', '5070'],
    ['{uri.params}', 'transport=tcp;user=phone;ttl=4;maddr=10.0.0.1;method=INFO;lr;r2=on'],
    ['{uri.param,user}', 'phone'],
    ['{uri.param,none}', '<null>'],
    ['{uri.headers}', 'X=1&Y=2'],
    ['{uri.transport}', 'tcp'],
    ['{uri.ttl}', '4'],
    ['{uri.uparam}', 'phone'],
    ['{uri.maddr}', '10.0.0.1'],
    ['{uri.method}', 'INFO'],
    ['{uri.r2}', 'on'],
    ['{uri.schema}', 'sip'],
    ['{URI.User}{s.len}', '5'],
  ])('%s', async (transformation, result) => {
    expect(await made(URI, transformation)).toBe(result);
  });

  it('of what is no URI is NULL', async () => {
    expect(await made('no uri', '{uri.user}')).toBe('<null>');
    expect(await made('sip:example.com', '{uri.user}')).toBe('<null>');
  });
});

describe('{via.…}', () => {
  it.each([
    ['{via.name}', 'SIP'],
    ['{via.version}', '2.0'],
    ['{via.transport}', 'UDP'],
    ['{via.host}', '192.0.2.1'],
    ['{via.domain}', '192.0.2.1'],
    ['{via.port}', '5071'],
    ['{via.params}', 'branch=z9hG4bK1;received=203.0.113.9;rport=4000'],
    ['{via.param,branch}', 'z9hG4bK1'],
    ['{via.branch}', 'z9hG4bK1'],
    ['{via.received}', '203.0.113.9'],
    ['{via.rport}', '4000'],
    ['{via.comment}', '<null>'],
  ])('%s', async (transformation, result) => {
    const via = 'SIP/2.0/UDP 192.0.2.1:5071;branch=z9hG4bK1;received=203.0.113.9;rport=4000';
    expect(await made(via, transformation)).toBe(result);
  });
});

describe('{param.…}, {nameaddr.…} and {csv.…}', () => {
  it.each([
    ['a=1;b=2;c=3', '{param.value,c}', '3'],
    ['a=0;b=2;ob;c=3', '{param.exist,ob}', '1'],
    ['a=0;b=2;ob;c=3', '{param.exist,foo}', '0'],
    ['a=1;b=2;c=3', '{param.valueat,1}', '2'],
    ['a=1;b=2;c=3', '{param.valueat,-1}', '3'],
    ['a=1;b=2;c=3', '{param.name,1}', 'b'],
    ['a=1;b=2;c=3', '{param.count}', '3'],
    ['a=1;b=22;c=333', '{param.value,$(var(in){param.name,1})}{s.len}', '2'],
    ['"test" <sip:test@opensips.org>', '{nameaddr.name}', '"test"'],
    ['"test" <sip:test@opensips.org>', '{nameaddr.uri}', 'sip:test@opensips.org'],
    ['"test" <sip:test@opensips.org>;tag=dat43h', '{nameaddr.param,tag}', 'dat43h'],
    ['"test" <sip:test@opensips.org>;tag=dat43h;private=yes', '{nameaddr.params}', 'tag=dat43h;private=yes'],
    ['"first" <sip:first@o.org>, "second" <sip:second@o.org>', '{nameaddr.0.uri}', 'sip:first@o.org'],
    ['"first" <sip:first@o.org>, "second" <sip:second@o.org>', '{nameaddr.1.uri}', 'sip:second@o.org'],
    ['"first" <sip:first@o.org>, "second" <sip:second@o.org>', '{nameaddr.-1.uri}', 'sip:second@o.org'],
    ['a,b,c', '{csv.count}', '3'],
    ['a,b,c', '{csv.value,2}', 'c'],
    ['a,b,c', '{csv.value,-3}', 'a'],
    ['a,b,c', '{csv.value,3}', '<null>'],
  ])('%s%s is %s', async (text, transformation, result) => {
    expect(await made(text, transformation)).toBe(result);
  });
});

describe('{ip.…}', () => {
  it.each([
    ['194.168.4.134', '{ip.pton}{s.encode.hexa}', 'c2a80486'],
    ['194.168.4.134', '{ip.pton}{ip.ntop}', '194.168.4.134'],
    ['2001:db8::1', '{ip.pton}{ip.family}', 'INET6'],
    ['194.168.4.134', '{ip.pton}{ip.family}', 'INET'],
    ['194.168.4.134', '{ip.isip}', '1'],
    ['194.168.4.134.1', '{ip.isip}', '0'],
    ['194.168.4.134', '{ip.isip4}', '1'],
    ['194.168.4.134', '{ip.isip6}', '0'],
    ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '{ip.isip6}', '1'],
    ['10.10.0.77', '{ip.matches,10.10.0.1/24}', '1'],
    ['10.10.1.77', '{ip.matches,10.10.0.1/24}', '0'],
    ['10.10.1.77', '{ip.matches,2001:db8::/32}', '<null>'],
    ['10.1.1.1', '{ip.isprivate}', '1'],
    ['100.64.0.1', '{ip.isprivate}', '1'],
    ['8.8.8.8', '{ip.isprivate}', '0'],
    ['8.8.8.8', '{ip.resolve}', '8.8.8.8'],
    ['opensips.org', '{ip.resolve}', '<null>'],
  ])('%s%s is %s', async (text, transformation, result) => {
    expect(await made(text, transformation)).toBe(result);
  });
});

describe('{sdp.…} and {re.subst}', () => {
  const SDP =
    'v=0\\r\\ns=-\\r\\na=x\\r\\nm=audio 1 RTP/AVP 0\\r\\na=one\\r\\nm=video 2 RTP/AVP 99\\r\\na=two\\r\\n';
  const ofSdp = async (transformation: string) =>
    (await made('', transformation, `$var(in) = "${SDP}";`)).trimEnd();

  it.each([
    ['{sdp.line,m}', 'm=audio 1 RTP/AVP 0'],
    ['{sdp.line,a,1}', 'a=one'],
    ['{sdp.line,z}', '<null>'],
    ['{sdp.stream,0}', 'm=audio 1 RTP/AVP 0\r\na=one'],
    ['{sdp.stream,-1}', 'm=video 2 RTP/AVP 99\r\na=two'],
    ['{sdp.stream,video}', 'm=video 2 RTP/AVP 99\r\na=two'],
    ['{sdp.stream-delete,0}', 'v=0\r\ns=-\r\na=x\r\nm=video 2 RTP/AVP 99\r\na=two'],
    ['{sdp.stream-delete,video}', 'v=0\r\ns=-\r\na=x\r\nm=audio 1 RTP/AVP 0\r\na=one'],
  ])('%s', async (transformation, result) => {
    expect(await ofSdp(transformation)).toBe(result);
  });

  it.each([
    ['abcabc', '{re.subst,/a/A/g}', 'AbcAbc'],
    ['abcabc', '{re.subst,/a/A/}', 'Abcabc'],
    ['ABC', '{re.subst,/b/x/i}', 'AxC'],
    ['+15551234', '{re.subst,/^\\+([0-9]+)$/00\\1/}', '0015551234'],
    ['abc', '{re.subst,/x/y/}', 'abc'],
  ])('%s%s is %s', async (text, transformation, result) => {
    expect(await made(text, transformation)).toBe(result);
  });

  it('take the expression from a variable', async () => {
    expect(await made('abc', '{re.subst,$var(reg)}', '$var(reg) = "/a/A/g";')).toBe('Abc');
  });
});
