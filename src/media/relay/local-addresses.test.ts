import { describe, expect, it } from 'vitest';
import type { MediaAddress } from './relay-settings.ts';
import { RelayScene } from './testing/relay-scene.ts';

const A = '10.0.0.1';
const B = '198.51.100.1';
const BRIDGE: readonly MediaAddress[] = [
  { address: A, role: 'internal' },
  { address: B, role: 'external' },
];

const addressOf = (answer: string) => answer.split(' ').slice(1).join(' ');

describe('a bridge of two networks', () => {
  // Measured on rtpproxy 3.2: what U and L answer.
  it.each([
    ['', A, A],
    ['I', A, A],
    ['II', A, A],
    ['EI', A, B],
    ['IE', B, A],
    ['EE', B, B],
    ['E', A, B],
  ])('answers U%s with %s, and L with %s', async (letters, toCallee, toCaller) => {
    const scene = new RelayScene({ addresses: BRIDGE });
    expect(addressOf(await scene.command(`U${letters} call 192.0.2.10 8000 f`))).toBe(toCallee);
    expect(addressOf(await scene.command('L call 192.0.2.20 9000 f t'))).toBe(toCaller);
    expect(addressOf(await scene.command('LEI call 192.0.2.20 9000 f t'))).toBe(toCaller);
  });

  it('goes to the other network with a new port and two letters', async () => {
    const scene = new RelayScene({ addresses: BRIDGE });
    await scene.command('UIE call 192.0.2.10 8000 f');
    expect(addressOf(await scene.command('UEI call 192.0.2.10 8000 f'))).toBe(B);
    expect(addressOf(await scene.command('UNEI call 192.0.2.10 8000 f'))).toBe(A);
  });

  it('joins IPv4 and IPv6', async () => {
    const addresses = [BRIDGE[0]!, { address: '2001:db8::1', role: 'external' } as const];
    const scene = new RelayScene({ addresses });
    expect(addressOf(await scene.command('UIE call 192.0.2.10 8000 f'))).toBe('2001:db8::1 6');
    expect(addressOf(await scene.command('L6 call 2001:db8::20 9000 f t'))).toBe(A);
  });

  it.each([
    ['UE', 'E11'],
    ['UIE', 'E12'],
    ['LI', 'E12'],
  ])('is not where there is one network: %s', async (command, error) => {
    const scene = new RelayScene();
    await scene.command('U call 192.0.2.10 8000 f');
    expect(await scene.command(`${command} call 192.0.2.10 8000 f t`)).toBe(error);
  });
});

describe('labelled addresses', () => {
  const addresses = [
    { label: 'pub', address: '10.0.0.5', advertised: '203.0.113.4' },
    { label: 'priv', address: '10.0.0.6' },
  ];

  it('are chosen by label or address, for both sides', async () => {
    const scene = new RelayScene({ addresses });
    expect(addressOf(await scene.command('U one 192.0.2.10 8000 f'))).toBe('203.0.113.4');
    expect(addressOf(await scene.command('Ul{priv} two 192.0.2.10 8000 f'))).toBe('10.0.0.6');
    expect(addressOf(await scene.command('L two 192.0.2.20 9000 f t'))).toBe('10.0.0.6');
    expect(addressOf(await scene.command('Ul10.0.0.6 three 192.0.2.10 8000 f'))).toBe('10.0.0.6');
  });

  it('may be chosen for the side of an answer, and stay', async () => {
    const scene = new RelayScene({ addresses });
    await scene.command('U call 192.0.2.10 8000 f');
    const answer = await scene.command('Ll{priv} call 192.0.2.20 9000 f t');
    expect(addressOf(answer)).toBe('10.0.0.6');
    expect(await scene.command('Ll{pub} call 192.0.2.20 9000 f t')).toBe(answer);
    expect(addressOf(await scene.command('LNl{pub} call 192.0.2.20 9000 f t'))).toBe('203.0.113.4');
  });

  it('have to be there', async () => {
    const scene = new RelayScene({ addresses });
    expect(await scene.command('Ul{lost} call 192.0.2.10 8000 f')).toBe('E31');
  });
});

describe('an address of the machine', () => {
  it('may be named although the relay was not given it, and has to exist', async () => {
    const scene = new RelayScene();
    expect(addressOf(await scene.command('Ul198.51.100.9 call 192.0.2.10 8000 f'))).toBe('198.51.100.9');
    scene.path.missing.add('198.51.100.10');
    expect(await scene.command('Ul198.51.100.10 two 192.0.2.10 8000 f')).toBe('E72');
    expect(scene.relay.pool.counters.failed).toBe(1);
  });

  it('is found by the way to somebody', async () => {
    const scene = new RelayScene({ addresses: [{ address: B }, { address: '127.0.0.1' }] });
    expect(addressOf(await scene.command('UR127.0.0.2 call 192.0.2.10 8000 f'))).toBe('127.0.0.1');
    expect(await scene.command('U6R255.255.255.255 two 2001:db8::1 8000 f')).toBe('E32');
  });
});

describe('families', () => {
  const addresses = [{ address: B }, { address: '2001:db8::1' }];

  it('are those of the party that offers', async () => {
    const scene = new RelayScene({ addresses });
    expect(addressOf(await scene.command('U6 call 2001:db8::10 8000 f'))).toBe('2001:db8::1 6');
    expect(addressOf(await scene.command('L6 call 2001:db8::20 9000 f t'))).toBe('2001:db8::1 6');
  });

  it('are bridged where the other one is named', async () => {
    const scene = new RelayScene({ addresses });
    expect(addressOf(await scene.command(`U6R127.0.0.1 call 2001:db8::10 8000 f`))).toBe('127.0.0.1');
    expect(addressOf(await scene.command('L call 192.0.2.20 9000 f t'))).toBe('2001:db8::1 6');
  });

  it('have to be there', async () => {
    const scene = new RelayScene();
    expect(await scene.command('U6 call 2001:db8::10 8000 f')).toBe('E36');
  });
});

describe('an address that stands for all', () => {
  it('is not told, but what is advertised is', async () => {
    const any = new RelayScene({ addresses: [{ address: '0.0.0.0' }] });
    expect(await any.command('U call 192.0.2.10 8000 f')).toMatch(/^\d+$/);
    const advertised = new RelayScene({ addresses: [{ address: '0.0.0.0', advertised: '203.0.113.4' }] });
    expect(addressOf(await advertised.command('U call 192.0.2.10 8000 f'))).toBe('203.0.113.4');
  });
});
