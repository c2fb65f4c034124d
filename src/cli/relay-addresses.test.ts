import { describe, expect, it } from 'vitest';
import { readAddresses } from './relay-addresses.ts';

/** `-l …`, `-6 …` and `-A …` as on the command line. */
function read(line: string, resolve = true) {
  const words = line.split(' ');
  const listen: { text: string; family: 4 | 6 }[] = [];
  let advertised: string | undefined;
  for (let i = 0; i < words.length; i += 2) {
    const text = words[i + 1]!;
    if (words[i] === '-A') advertised = text;
    else listen.push({ text, family: words[i] === '-6' ? 6 : 4 });
  }
  return readAddresses({ listen, advertised, resolve });
}

const INTERNAL = { address: '10.0.0.5', role: 'internal' };
const EXTERNAL = { address: '10.0.1.5', role: 'external' };

describe('readAddresses', () => {
  it.each([
    ['-l 10.0.0.5', [{ address: '10.0.0.5' }]],
    ['-l 10.0.0.5=99.88.44.33', [{ address: '10.0.0.5', advertised: '99.88.44.33' }]],
    ['-l 10.0.0.5 -A 99.88.44.33', [{ address: '10.0.0.5', advertised: '99.88.44.33' }]],
    ['-l 0.0.0.0=99.88.44.33', [{ address: '0.0.0.0', advertised: '99.88.44.33' }]],
    ['-l *', [{ address: '0.0.0.0' }]],
    ['-6 *', [{ address: '::' }]],
    ['-l localhost=relay.Example.com', [{ address: '127.0.0.1', advertised: 'relay.example.com' }]],
    [
      '-l pub@10.0.0.5=99.88.44.33 -l priv@10.0.0.6 -6 six@[2001:DB8::1]',
      [
        { label: 'pub', address: '10.0.0.5', advertised: '99.88.44.33' },
        { label: 'priv', address: '10.0.0.6' },
        { label: 'six', address: '2001:db8::1' },
      ],
    ],
    [
      '-l 10.0.0.5 -6 fd00::5 -A 99.88.44.33/2001:db8::5',
      [
        { address: '10.0.0.5', advertised: '99.88.44.33' },
        { address: 'fd00::5', advertised: '2001:db8::5' },
      ],
    ],
    [
      '-l 10.0.0.5 -6 fd00::5 -A 99.88.44.33',
      [{ address: '10.0.0.5', advertised: '99.88.44.33' }, { address: 'fd00::5' }],
    ],
    ['-l 10.0.0.5/10.0.1.5', [INTERNAL, EXTERNAL]],
    [
      '-l 10.0.0.5/10.0.1.5 -A 10.9.9.9/99.88.44.33',
      [
        { ...INTERNAL, advertised: '10.9.9.9' },
        { ...EXTERNAL, advertised: '99.88.44.33' },
      ],
    ],
    ['-l 10.0.0.5/10.0.1.5=99.88.44.33', [INTERNAL, { ...EXTERNAL, advertised: '99.88.44.33' }]],
    ['-l 10.0.0.5 -6 /2001:db8::1', [INTERNAL, { address: '2001:db8::1', role: 'external' }]],
    ['-l /10.0.1.5 -6 fd00::5', [{ address: 'fd00::5', role: 'internal' }, EXTERNAL]],
    [
      '-6 fd00::5/2001:db8::1',
      [
        { address: 'fd00::5', role: 'internal' },
        { address: '2001:db8::1', role: 'external' },
      ],
    ],
    ['-l 10.0.0.5/10.0.1.5 -l mgmt@10.0.2.5', [INTERNAL, EXTERNAL, { label: 'mgmt', address: '10.0.2.5' }]],
  ])('reads %s', async (line, addresses) => {
    expect(await read(line)).toEqual(addresses);
  });

  it('takes an address of the machine where none is given', async () => {
    const [only, ...others] = await readAddresses({ listen: [], resolve: true });
    expect(others).toEqual([]);
    expect(only?.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(only?.address).not.toBe('0.0.0.0');
  });

  it.each([
    ['-l 2001:db8::1', '-6'],
    ['-6 10.0.0.5', '-l'],
    ['-l @10.0.0.5', '[label@]'],
    ['-l 10.0.0.5=', '[label@]'],
    ['-l a@10.0.0.5 -l a@10.0.0.6', 'label'],
    ['-l /10.0.0.5', 'two addresses'],
    ['-l 10.0.0.5/', 'two addresses'],
    ['-l 10.0.0.5/10.0.1.5 -A 99.88.44.33', 'internal/external'],
    ['-l 10.0.0.5 -A 99.88.44.33/99.88.44.34', 'bridge'],
    ['-l 10.0.0.5 -A 99.88.44.33/', '-A address'],
    ['-l no-such-host.invalid', 'has no IPv4 address'],
  ])('refuses %s', async (line, hint) => {
    await expect(read(line)).rejects.toMatchObject({
      hint: expect.stringContaining(hint),
    });
  });

  it('looks no name up where that is not wanted', async () => {
    await expect(read('-l localhost', false)).rejects.toMatchObject({
      hint: expect.stringContaining('--no_resolve'),
    });
  });
});
