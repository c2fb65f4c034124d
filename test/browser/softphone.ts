// baresip on UDP with the keys and the connectivity checks that browsers insist on (DTLS-SRTP, ICE).
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// A bridge of its own stands for microphone and loudspeaker: what comes in goes back out.
const CONFIG = `
module_path /usr/lib/baresip/modules
module g711.so
module aubridge.so
module dtls_srtp.so
module ice.so
module uuid.so
module_app account.so
module_app menu.so
audio_player aubridge,loop
audio_source aubridge,loop
audio_alert aubridge,alert
sip_listen 127.0.0.1:0
rtcp_mux yes
`;

export interface SoftphoneOptions {
  readonly folder: string;
  /** The server's UDP port on 127.0.0.1. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Whom to call, a SIP URI; without it, calls are answered. */
  readonly dial?: string;
}

/** A running baresip that has registered. */
export class Softphone implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #said = '';
  #over = false;
  #listeners: (() => void)[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    const hear = (text: Buffer): void => {
      this.#said += text;
      this.#tell();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        this.#over = true;
        this.#tell();
        resolve();
      });
    });
  }

  static async start({ folder, port, user, password, dial }: SoftphoneOptions): Promise<Softphone> {
    await mkdir(folder, { recursive: true });
    const account =
      `<sip:${user}@example.com>;auth_user=${user};auth_pass=${password};outbound="sip:127.0.0.1:${port}";` +
      'answermode=auto;audio_codecs=PCMU;regint=600;mediaenc=dtls_srtp;medianat=ice;rtcp_mux=yes';
    await writeFile(join(folder, 'config'), CONFIG);
    await writeFile(join(folder, 'accounts'), `${account}\n`);
    await writeFile(join(folder, 'contacts'), '');
    const call = dial === undefined ? [] : ['-e', `d ${dial}`];
    const child = spawn('baresip', ['-4', '-f', folder, '-t', '60', ...call], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const phone = new Softphone(child);
    await phone.prints('200 OK');
    return phone;
  }

  /** Waits until the phone has printed `text`. @throws Error with all that it said where it ends before */
  async prints(text: string): Promise<void> {
    while (!this.#said.includes(text)) {
      if (this.#over) throw new Error(`baresip ended before "${text}":\n${this.#said}`);
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }

  #tell(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}
