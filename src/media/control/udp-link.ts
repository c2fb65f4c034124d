import type { IdSource } from '../../base/ids.ts';
import { canonicalHost, type IpFamily, ipFamily } from '../../base/ip.ts';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import type { DatagramIo, DatagramSink, OpenDatagramIo } from '../../net/datagram-io.ts';
import { openDgramIo } from '../../net/dgram-io.ts';
import { byteString } from '../../wire/sip/text.ts';
import {
  type ControlLink,
  type FindAddress,
  type LinkAnswer,
  type LinkPatience,
  linkFailure,
} from './control-link.ts';
import { findAddress } from './find-address.ts';

export interface UdpLinkOptions extends LinkPatience {
  readonly host: string;
  readonly port: number;
  readonly family: IpFamily;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
  readonly open?: OpenDatagramIo | undefined;
  readonly findAddress?: FindAddress | undefined;
}

const WINDOW = 64;
const COOKIE_LENGTH = 16;
const LONGEST_COOKIE = 256;
/** What a UDP datagram holds over IPv4. */
const LONGEST_DATAGRAM = 65_507;

/**
 * Commands in datagrams, each behind a cookie: it is sent again with the same cookie until the answer comes, which the
 * relay gives from its memory where it has executed the command already. Cookies cannot be guessed, and answers count
 * only from the relay's own address and port.
 */
export class UdpLink implements ControlLink, DatagramSink {
  readonly window: number = WINDOW;
  strays = 0;
  readonly #options: UdpLinkOptions;
  readonly #asked = new Map<string, Asked>();
  #io: Promise<DatagramIo | undefined> | undefined;
  #opened: DatagramIo | undefined;
  /** Canonical. */
  #address: string | undefined;
  #closed = false;

  constructor(options: UdpLinkOptions) {
    this.#options = options;
    if (ipFamily(options.host) !== 0) this.#address = canonicalHost(options.host);
  }

  ask(text: string): Promise<LinkAnswer> {
    if (this.#closed) return Promise.resolve(linkFailure('closed', 'the link is closed'));
    const cookie = this.#options.ids.token(COOKIE_LENGTH);
    const bytes = Buffer.from(`${cookie} ${text}`, 'latin1');
    if (bytes.length > LONGEST_DATAGRAM) {
      return Promise.resolve(linkFailure('too-long', `the command has ${bytes.length} bytes`));
    }
    return new Promise((resolve) => {
      const asked: Asked = {
        bytes,
        resolve,
        left: this.#options.tries,
        timer: new WheelTimer(() => this.#again(cookie, asked)),
      };
      this.#asked.set(cookie, asked);
      this.#send(cookie, asked);
    });
  }

  datagram(bytes: Buffer, address: string, port: number): void {
    const blank = bytes.indexOf(0x20);
    const known = port === this.#options.port && canonicalHost(address) === this.#address;
    const cookie = known && blank > 0 && blank <= LONGEST_COOKIE ? byteString(bytes, 0, blank) : '';
    const asked = this.#asked.get(cookie);
    if (!asked) {
      this.strays++;
      return;
    }
    this.#settle(cookie, asked, { ok: true, text: byteString(bytes, blank + 1, bytes.length) });
  }

  sendFailed(): void {
    // The next try may go through; if none does, the wait ends by itself.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const [cookie, asked] of this.#asked) {
      this.#settle(cookie, asked, linkFailure('closed', 'the link was closed'));
    }
    await (await this.#io)?.close();
  }

  #again(cookie: string, asked: Asked): void {
    if (asked.left > 0) {
      this.#send(cookie, asked);
      return;
    }
    const { host, port, timeoutMs, tries } = this.#options;
    // A name may lead elsewhere by now.
    if (ipFamily(host) === 0) this.#address = undefined;
    const known = this.#opened === undefined ? ' (no socket)' : '';
    const reason = `no answer from ${host}:${port} in ${tries} × ${timeoutMs} ms${known}`;
    this.#settle(cookie, asked, linkFailure('timeout', reason));
  }

  #send(cookie: string, asked: Asked): void {
    asked.left--;
    this.#options.wheel.arm(asked.timer, this.#options.timeoutMs);
    if (this.#opened !== undefined && this.#address !== undefined) {
      this.#opened.send(asked.bytes, this.#address, this.#options.port);
      return;
    }
    void this.#ready().then((reason) => {
      if (this.#asked.get(cookie) !== asked) return;
      if (reason !== undefined) this.#settle(cookie, asked, linkFailure('unreachable', reason));
      else this.#opened!.send(asked.bytes, this.#address!, this.#options.port);
    });
  }

  /** @returns why there is no way to the relay, or undefined once there is */
  async #ready(): Promise<string | undefined> {
    const { host, family } = this.#options;
    this.#address ??= await (this.#options.findAddress ?? findAddress)(host, family).then(
      (address) => address && canonicalHost(address),
    );
    if (this.#address === undefined) return `no IPv${family} address is found for ${host}`;
    if (this.#closed) return 'the link was closed';
    this.#io ??= this.#open();
    this.#opened = await this.#io;
    if (this.#opened !== undefined) return undefined;
    this.#io = undefined;
    return 'no UDP socket can be opened';
  }

  async #open(): Promise<DatagramIo | undefined> {
    const { family, open = openDgramIo } = this.#options;
    try {
      return await open({ address: family === 4 ? '0.0.0.0' : '::', port: 0, family }, this);
    } catch {
      return undefined;
    }
  }

  #settle(cookie: string, asked: Asked, answer: LinkAnswer): void {
    this.#options.wheel.cancel(asked.timer);
    this.#asked.delete(cookie);
    asked.resolve(answer);
  }
}

interface Asked {
  readonly bytes: Buffer;
  readonly resolve: (answer: LinkAnswer) => void;
  readonly timer: WheelTimer;
  /** How often it may still be sent. */
  left: number;
}
