import { expect, it } from 'vitest';
import { Refusals } from './refusals.ts';

const at = (refusals: Refusals, hash: number) => refusals.known[hash & (refusals.known.length - 1)];

it('counts what is known, and forgets it again', () => {
  const refusals = new Refusals();
  refusals.know(-5);
  refusals.know(-5);
  refusals.forget(-5);
  expect(at(refusals, -5)).toBe(1);
  refusals.forget(-5);
  refusals.forget(-5);
  expect(at(refusals, -5)).toBe(0);
});

it('never forgets a place that so many share that nobody knows how many', () => {
  const refusals = new Refusals();
  for (let i = 0; i < 300; i++) refusals.know(7);
  for (let i = 0; i < 300; i++) refusals.forget(7);
  expect(at(refusals, 7)).toBe(255);
});

it('has one place for each source of IPv4, as long as no other has it', () => {
  const refusals = new Refusals();
  expect(refusals.allow('192.0.2.1', 5)).toBe(true);
  expect(refusals.allow('192.0.2.1', Infinity)).toBe(true);
  expect(refusals.allow('2001:db8::1', 5)).toBe(false);
  const others = Array.from({ length: 5000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
  const given = others.filter((address) => refusals.allow(address, 5));
  expect(given.length).toBeGreaterThan(900);
  expect(given.length).toBeLessThan(1024);
  refusals.disallow();
  expect(refusals.sources.every((word) => word === 0)).toBe(true);
});

it('takes names of scanners as long as there is room', () => {
  const refusals = new Refusals();
  expect(refusals.passOn(['a', 'bc'])).toBe(true);
  expect(Buffer.from(refusals.scanners.subarray(0, 6)).toString()).toBe('a\0bc\0\0');
  expect(refusals.passOn(Array.from({ length: 300 }, (_, n) => `scanner-${n}`))).toBe(false);
  expect(refusals.passOn([])).toBe(true);
  expect(refusals.scanners[0]).toBe(0);
});

it('lets in the share that it is told, of all hashes there are', () => {
  const refusals = new Refusals();
  for (const share of [0, 0.25, 1]) {
    refusals.refuse(share);
    expect(refusals.active).toBe(true);
    expect(refusals.words[1]).toBe(Math.max(0, share * 2 ** 32 - 1));
  }
  refusals.refuse(undefined);
  expect(refusals.active).toBe(false);
});
