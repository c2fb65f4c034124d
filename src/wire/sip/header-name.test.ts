import { describe, expect, it } from 'vitest';
import { H, headerId, headerIdAt, headerName } from './header-name.ts';

function idAt(name: string): number {
  const bytes = Buffer.from(`x${name}:`, 'latin1');
  return headerIdAt(bytes, 1, 1 + name.length);
}

describe('header names', () => {
  it('have their own ids, in the table and by key', () => {
    const ids = Object.values(H).filter((id) => id !== H.Other);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [key, id] of Object.entries(H)) {
      if (id !== H.Other) expect(headerName(id).replaceAll('-', '').toLowerCase()).toBe(key.toLowerCase());
    }
  });

  it('are found in any case, as text and as bytes', () => {
    for (const id of Object.values(H).filter((id) => id !== H.Other)) {
      const name = headerName(id);
      for (const form of [name, name.toLowerCase(), name.toUpperCase()]) {
        expect([form, headerId(form), idAt(form)]).toEqual([form, id, id]);
      }
    }
  });

  it.each([
    ['v', H.Via],
    ['F', H.From],
    ['t', H.To],
    ['I', H.CallId],
    ['m', H.Contact],
    ['l', H.ContentLength],
    ['c', H.ContentType],
    ['e', H.ContentEncoding],
    ['k', H.Supported],
    ['s', H.Subject],
    ['o', H.Event],
    ['u', H.AllowEvents],
    ['r', H.ReferTo],
    ['b', H.ReferredBy],
    ['x', H.SessionExpires],
    ['d', H.RequestDisposition],
    ['a', H.AcceptContact],
    ['j', H.RejectContact],
    ['y', H.Identity],
  ])('have the compact form %s', (form, id) => {
    expect([headerId(form), idAt(form)]).toEqual([id, id]);
  });

  it.each([
    '',
    'Vi',
    'Viaa',
    'z',
    'Call_ID',
    'Call\rID',
    'Tm',
    '\x14o',
    '__proto__',
    'constructor',
    'C%6Fntact',
  ])('do not include %j', (name) => {
    expect([headerId(name), idAt(name)]).toEqual([H.Other, H.Other]);
  });
});
