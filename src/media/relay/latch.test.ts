import { describe, expect, it } from 'vitest';
import { writeRtpHeader } from '../../wire/rtp/rtp-header.ts';
import { Latch, type Verdict } from './latch.ts';
import type { Endpoint } from './packet-path.ts';
import type { LearnSettings } from './relay-settings.ts';

const PHONE: Endpoint = { address: '203.0.113.5', port: 4000 };
const MAPPED: Endpoint = { address: '203.0.113.5', port: 61_234 };
const STRANGER: Endpoint = { address: '198.51.100.66', port: 4000 };
const OTHER_STRANGER: Endpoint = { address: '198.51.100.67', port: 9999 };
const HOME: Endpoint = { address: '192.168.1.10', port: 4000 };
const HOLD: Endpoint = { address: '0.0.0.0', port: 4000 };
const LEARN: LearnSettings = { windowMs: 3000, packets: 5, otherAddresses: true };

interface Stream {
  readonly ssrc?: number;
  readonly type?: number;
  /** Milliseconds between packets. */
  readonly every?: number;
}

/** A latch with a clock beside it; packets come every 20 ms unless a test says otherwise. */
class Scene {
  readonly latch: Latch;
  now = 1000;
  #sequence = 100;

  /** @param signalled null for an address that is not told yet */
  constructor(signalled: Endpoint | null = PHONE, learn: Partial<LearnSettings> = {}) {
    this.latch = new Latch({ ...LEARN, ...learn });
    this.latch.signal(signalled ?? undefined, this.now);
  }

  signal(endpoint: Endpoint): void {
    this.latch.signal(endpoint, this.now);
  }

  wait(ms: number): void {
    this.now += ms;
  }

  packet(source: Endpoint, { ssrc = 7, type = 0 }: Stream = {}, sequenceNumber = this.#sequence++): Verdict {
    const bytes = Buffer.alloc(12);
    writeRtpHeader(bytes, { payloadType: type, sequenceNumber, timestamp: 0, ssrc });
    return this.latch.rtp(bytes, { ...source }, this.now);
  }

  /** @returns how each of the packets was judged, runs of one verdict told once */
  stream(source: Endpoint, count: number, how: Stream = {}): string {
    const verdicts: Verdict[] = [];
    for (let i = 0; i < count; i++) {
      verdicts.push(this.packet(source, how));
      this.wait(how.every ?? 20);
    }
    return verdicts.filter((it, i) => it !== verdicts[i - 1]).join(' ');
  }
}

describe('the signalled source', () => {
  it('is believed at once, and locked with its SSRC', () => {
    const scene = new Scene();
    expect(scene.latch.remote).toEqual(PHONE);
    expect(scene.packet(PHONE)).toBe('pass');
    expect(scene.latch).toMatchObject({ locked: true, ssrc: 7, source: PHONE, remote: PHONE });
  });

  it('shuts out everybody else from then on, whatever their SSRC', () => {
    const scene = new Scene();
    scene.stream(PHONE, 10);
    expect(scene.stream(STRANGER, 300)).toBe('refuse');
    expect(scene.stream(STRANGER, 300, { ssrc: 8 })).toBe('refuse');
    scene.wait(60_000);
    expect(scene.stream(STRANGER, 300)).toBe('refuse');
    expect(scene.latch.remote).toEqual(PHONE);
  });

  it('settles when nothing is learned any more', () => {
    const scene = new Scene();
    expect(scene.latch.settled(scene.now)).toBe(false);
    scene.packet(PHONE);
    expect(scene.latch.settled(scene.now)).toBe(true);
    scene.signal(PHONE);
    expect(scene.latch.settled(scene.now)).toBe(false);
    scene.wait(3000);
    const { version } = scene.latch;
    scene.packet(PHONE);
    expect(scene.latch.settled(scene.now)).toBe(true);
    expect(scene.latch.version).toBeGreaterThan(version);
  });

  it('is believed although a stranger came before', () => {
    const scene = new Scene();
    expect(scene.stream(STRANGER, 100)).toBe('watch');
    expect(scene.latch.remote).toEqual(PHONE);
    expect(scene.packet(PHONE)).toBe('pass');
    expect(scene.stream(STRANGER, 100)).toBe('refuse');
  });
});

describe('another port of the signalled address (a NAT)', () => {
  it('is believed at once, and locked after a few packets', () => {
    const scene = new Scene();
    expect(scene.packet(MAPPED)).toBe('pass');
    expect(scene.latch).toMatchObject({ locked: false, remote: MAPPED });
    scene.stream(MAPPED, 4);
    expect(scene.latch).toMatchObject({ locked: true, remote: MAPPED });
  });

  it('is locked after the window, where packets are few', () => {
    const scene = new Scene();
    scene.packet(MAPPED);
    scene.wait(3000);
    scene.packet(MAPPED);
    expect(scene.latch.locked).toBe(true);
  });

  it('gives way to the signalled port until it is locked', () => {
    const scene = new Scene();
    scene.stream(MAPPED, 2);
    expect(scene.packet(PHONE, { ssrc: 9 })).toBe('pass');
    expect(scene.latch).toMatchObject({ remote: PHONE, ssrc: 9, locked: true });
    expect(scene.packet(MAPPED)).toBe('refuse');
  });

  it('is one port: a neighbour behind the same NAT does not get in', () => {
    const scene = new Scene();
    scene.stream(MAPPED, 1);
    expect(scene.stream({ ...MAPPED, port: 61_235 }, 10)).toBe('refuse');
    scene.stream(MAPPED, 5);
    expect(scene.stream({ ...MAPPED, port: 61_235 }, 100)).toBe('refuse');
  });

  it('has to send what one of the parties spoke of', () => {
    const scene = new Scene();
    scene.latch.types = new Uint8Array(128);
    scene.latch.types[8] = 1;
    expect(scene.packet(MAPPED, { type: 0 })).toBe('refuse');
    expect(scene.packet(MAPPED, { type: 8 })).toBe('pass');
  });
});

describe('another address', () => {
  it('is watched for a window before it is believed, and nothing is sent to it meanwhile', () => {
    const scene = new Scene();
    expect(scene.stream(STRANGER, 149)).toBe('watch');
    expect(scene.latch).toMatchObject({ source: undefined, remote: PHONE });
    expect(scene.stream(STRANGER, 3)).toBe('watch pass');
    expect(scene.latch).toMatchObject({ locked: true, remote: STRANGER, ssrc: 7 });
  });

  it('is believed after a few packets where the signalled address is a private one', () => {
    const scene = new Scene(HOME);
    expect(scene.stream(PHONE, 4)).toBe('watch');
    expect(scene.packet(PHONE)).toBe('pass');
    expect(scene.latch).toMatchObject({ locked: true, remote: PHONE });
  });

  it('is never believed before an address was signalled', () => {
    const scene = new Scene(null);
    expect(scene.stream(PHONE, 1000)).toBe('watch');
    expect(scene.latch.remote).toBeUndefined();
    scene.signal(PHONE);
    expect(scene.packet(PHONE)).toBe('pass');
  });

  it('is not believed for a burst', () => {
    const scene = new Scene(HOME);
    expect(scene.stream(STRANGER, 1000, { every: 0.1 })).toMatch(/^watch/);
    const burst = new Scene(HOME);
    expect(burst.stream(STRANGER, 1000, { every: 0 })).toBe('watch');
  });

  it('gives way to the signalled one, however late', () => {
    const scene = new Scene();
    scene.stream(STRANGER, 200);
    expect(scene.latch.remote).toEqual(STRANGER);
    scene.wait(20_000);
    expect(scene.packet(PHONE)).toBe('pass');
    expect(scene.latch.remote).toEqual(PHONE);
    expect(scene.packet(STRANGER)).toBe('refuse');
  });

  it('gives way to another port of the signalled address', () => {
    const scene = new Scene();
    scene.stream(STRANGER, 200);
    expect(scene.packet(MAPPED)).toBe('pass');
    expect(scene.latch.remote).toEqual(MAPPED);
  });

  it('must outnumber other strangers by far', () => {
    const scene = new Scene(HOME);
    const verdicts = new Set<string>();
    for (let i = 0; i < 1000; i++) {
      verdicts.add(scene.stream(STRANGER, 1));
      verdicts.add(scene.stream(OTHER_STRANGER, 1, { ssrc: 8 }));
    }
    expect([...verdicts]).toEqual(['watch']);
    expect(scene.latch.remote).toEqual(HOME);
  });

  it('prevails over a spray', () => {
    const scene = new Scene(HOME);
    scene.packet(STRANGER);
    scene.packet(OTHER_STRANGER);
    for (let i = 0; i < 20; i++) {
      scene.stream(PHONE, 25);
      scene.packet({ ...STRANGER, port: 1000 + i });
    }
    expect(scene.latch.remote).toEqual(PHONE);
  });

  it('is never believed where that is switched off', () => {
    for (const signalled of [PHONE, HOME, null]) {
      const scene = new Scene(signalled, { otherAddresses: false });
      expect(scene.stream(STRANGER, 500)).toBe('refuse');
    }
  });

  it.each([64, 72, 95])('has to send a payload type that RTP may have: not %i', (type) => {
    expect(new Scene(HOME).stream(STRANGER, 300, { type })).toBe('refuse');
  });

  it('has to stay with one SSRC', () => {
    const scene = new Scene(HOME);
    const verdicts = Array.from({ length: 500 }, (_, ssrc) => scene.stream(STRANGER, 1, { ssrc }));
    expect(new Set(verdicts)).toEqual(new Set(['watch']));
  });
});

describe('a new SSRC of the same source', () => {
  it('does not get in between the packets of the old one', () => {
    const scene = new Scene();
    scene.stream(PHONE, 200);
    const verdicts = new Set<Verdict>();
    for (let i = 0; i < 100; i++) {
      scene.stream(PHONE, 1);
      verdicts.add(scene.packet(PHONE, { ssrc: 99 }, 5000 + i));
    }
    expect([...verdicts]).toEqual(['watch']);
    expect(scene.latch.ssrc).toBe(7);
  });

  it('follows the old one when that has ceased', () => {
    const scene = new Scene();
    scene.stream(PHONE, 200);
    expect(scene.stream(PHONE, 5, { ssrc: 99 })).toBe('watch pass');
    expect(scene.latch.ssrc).toBe(99);
    expect(scene.stream(PHONE, 5, { ssrc: 7 })).toBe('watch pass');
  });

  it('has to go on in sequence', () => {
    const scene = new Scene();
    scene.stream(PHONE, 200);
    scene.wait(1000);
    const verdicts = [1, 7, 3, 9, 5].map((sequence) => scene.packet(PHONE, { ssrc: 99 }, sequence));
    expect(verdicts).toEqual(Array(5).fill('watch'));
  });

  it('unsettles the source until it is decided', () => {
    const scene = new Scene();
    scene.stream(PHONE, 200);
    expect(scene.latch.settled(scene.now)).toBe(true);
    scene.packet(PHONE, { ssrc: 99 }, 1);
    expect(scene.latch.settled(scene.now)).toBe(false);
    scene.stream(PHONE, 60);
    expect(scene.latch.settled(scene.now)).toBe(true);
  });

  it('is believed at once in a re-INVITE', () => {
    const scene = new Scene();
    scene.stream(PHONE, 200);
    scene.signal(PHONE);
    scene.packet(PHONE, { ssrc: 99 }, 1);
    expect(scene.packet(PHONE, { ssrc: 99 }, 2)).toBe('pass');
  });
});

describe('a re-INVITE', () => {
  const MOVED: Endpoint = { address: '203.0.113.99', port: 5000 };

  it('with the same address changes nothing', () => {
    const scene = new Scene();
    scene.stream(MAPPED, 200);
    scene.signal(PHONE);
    expect(scene.latch.remote).toEqual(MAPPED);
    expect(scene.stream(MAPPED, 5)).toBe('pass');
    expect(scene.stream(STRANGER, 500)).toBe('refuse');
  });

  it('with the same address lets the port move that a NAT has changed', () => {
    const scene = new Scene();
    scene.stream(MAPPED, 200);
    const after = { ...MAPPED, port: 61_300 };
    expect(scene.packet(after)).toBe('refuse');
    scene.signal(PHONE);
    expect(scene.stream(after, 5)).toBe('refuse pass');
    expect(scene.latch.remote).toEqual(after);
  });

  it('with the same address lets nobody in while the old source goes on', () => {
    const scene = new Scene();
    scene.stream(MAPPED, 200);
    scene.signal(PHONE);
    for (let i = 0; i < 100; i++) {
      expect(scene.stream(MAPPED, 1)).toBe('pass');
      expect(scene.packet({ ...MAPPED, port: 61_300 })).toBe('refuse');
    }
  });

  it('with another address learns it, and takes the old one until then', () => {
    const scene = new Scene();
    scene.stream(PHONE, 200);
    scene.signal(MOVED);
    expect(scene.latch).toMatchObject({ locked: false, remote: MOVED });
    expect(scene.stream(PHONE, 3)).toBe('pass');
    expect(scene.latch.remote).toEqual(MOVED);
    expect(scene.packet(MOVED, { ssrc: 50 })).toBe('pass');
    expect(scene.packet(PHONE)).toBe('refuse');
  });

  it('with another address lets no stranger in, while the old source goes on or the new one has come', () => {
    const scene = new Scene();
    scene.stream(PHONE, 200);
    scene.signal(MOVED);
    for (let i = 0; i < 500; i++) {
      scene.stream(PHONE, 1);
      expect(scene.packet(STRANGER)).toMatch(/watch|refuse/);
    }
    scene.signal(PHONE);
    scene.signal(MOVED);
    expect(scene.stream(STRANGER, 10)).toBe('watch');
    scene.packet(MOVED);
    expect(scene.stream(STRANGER, 500)).toBe('refuse');
  });

  it('with another address stays with the old source, where the new one never comes', () => {
    const scene = new Scene();
    scene.stream(PHONE, 200);
    scene.signal(MOVED);
    expect(scene.stream(PHONE, 200)).toBe('pass');
    expect(scene.latch).toMatchObject({ locked: true, remote: PHONE });
  });

  it('with another port behind a NAT sends to the known one until the new one is', () => {
    const scene = new Scene();
    scene.stream(MAPPED, 200);
    scene.signal({ ...PHONE, port: 4002 });
    expect(scene.latch.remote).toEqual(MAPPED);
    const after = { ...MAPPED, port: 61_300 };
    expect(scene.packet(after)).toBe('pass');
    expect(scene.latch.remote).toEqual(after);
  });

  it('with the address that is believed already locks it', () => {
    const scene = new Scene();
    scene.stream(MAPPED, 200);
    scene.signal(MAPPED);
    expect(scene.latch).toMatchObject({ locked: true, remote: MAPPED });
  });
});

describe('hold', () => {
  it('stops what is sent, keeps who is known, and lets nobody in', () => {
    const scene = new Scene();
    scene.stream(MAPPED, 200);
    scene.signal(HOLD);
    expect(scene.latch).toMatchObject({ held: true, remote: undefined, signalled: PHONE });
    expect(scene.stream(MAPPED, 5)).toBe('pass');
    expect(scene.stream(STRANGER, 500)).toBe('refuse');
    scene.signal(PHONE);
    expect(scene.latch.remote).toEqual(MAPPED);
  });

  it('from the beginning lets nobody in', () => {
    const scene = new Scene(HOLD);
    expect(scene.stream(STRANGER, 500)).toBe('refuse');
    expect(scene.latch.remote).toBeUndefined();
    scene.signal(PHONE);
    expect(scene.packet(PHONE)).toBe('pass');
  });
});

describe('an asymmetric party', () => {
  it('is sent to where it was signalled, and heard from another port', () => {
    const scene = new Scene();
    scene.latch.asymmetric = true;
    expect(scene.stream(MAPPED, 10)).toBe('pass');
    expect(scene.latch).toMatchObject({ locked: true, remote: PHONE, source: MAPPED });
    expect(scene.stream(STRANGER, 300)).toBe('refuse');
  });
});

describe('what is no RTP', () => {
  const opaque = (scene: Scene, source: Endpoint) => scene.latch.opaque(source, scene.now);

  it('passes from the signalled address, and from who is known', () => {
    const scene = new Scene();
    expect(opaque(scene, STRANGER)).toBe('refuse');
    expect(opaque(scene, MAPPED)).toBe('pass');
    expect(scene.latch).toMatchObject({ remote: MAPPED, ssrc: undefined });
    expect(opaque(scene, PHONE)).toBe('refuse');
    expect(opaque(scene, STRANGER)).toBe('refuse');
  });

  it('gives way to RTP', () => {
    const scene = new Scene();
    opaque(scene, MAPPED);
    const sound = { ...MAPPED, port: 62_000 };
    expect(scene.packet(sound)).toBe('pass');
    expect(scene.latch).toMatchObject({ remote: sound, ssrc: 7 });
    expect(opaque(scene, MAPPED)).toBe('refuse');
  });

  it('never settles, but locks', () => {
    const scene = new Scene();
    for (let i = 0; i < 10; i++) opaque(scene, MAPPED);
    expect(scene.latch.locked).toBe(true);
    scene.wait(10_000);
    expect(scene.latch.settled(scene.now)).toBe(false);
  });

  it('brings nobody in who was watched', () => {
    const scene = new Scene(HOME);
    scene.stream(STRANGER, 3);
    for (let i = 0; i < 500; i++) expect(opaque(scene, STRANGER)).toBe('refuse');
  });
});
