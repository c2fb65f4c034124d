import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channels } from '../../../base/channels.ts';
import { Authenticator } from '../../../core/auth/authenticator.ts';
import { computeHa1 } from '../../../core/auth/digest.ts';
import type { Subscriber } from '../../../core/auth/subscriber-store.ts';
import { ProxyUnderTest, type ProxyUnderTestOptions } from '../../../core/proxy/testing/proxy-under-test.ts';
import { Registrar } from '../../../core/registrar/registrar.ts';
import type { OutgoingView } from '../../../core/ua/user-agent-client.ts';
import type { Flow } from '../../../net/flow.ts';
import type { ServerTransaction } from '../../../transaction/server-transaction.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import { toByteString } from '../../../wire/sip/text.ts';
import type { Problem } from '../../script-module.ts';
import { loadScriptProgram } from '../../script-program.ts';
import { convertScript } from '../convert/convert-script.ts';
import type { CommandParams, Json } from '../frame/command.ts';
import { SourceText } from '../language/source-text.ts';
import { compileSource, type LoadedScript } from '../load-script.ts';
import { runLocalRoute } from '../runtime/local-route.ts';
import type { ServerServices } from '../runtime/server-services.ts';
import { type RunningScript, startScript } from '../runtime/start-script.ts';
import { MemoryBindings } from './memory-bindings.ts';

export interface ScriptUnderTestOptions extends ProxyUnderTestOptions {
  /** `user:realm:password` */
  readonly subscribers?: readonly string[];
  /** Replaces or adds services. */
  readonly serverServices?: Partial<ServerServices>;
  /** The server in which this script replaces another one. */
  readonly sharing?: ServerServices;
  /** `typescript` runs what `viaduct convert` makes of the script. */
  readonly form?: 'opensips' | 'typescript' | undefined;
}

/** OpenSIPS does nothing by itself that no script asks for. */
const AS_WRITTEN = { hideInside: false, fixContact: false } as const;

/**
 * A script on a real proxy and a real transaction layer, between peers on a fake network and a fake clock:
 * `await using server = await ScriptUnderTest.run('route { … }')`, then `server.peer('192.0.2.7').request('INVITE')`.
 */
export class ScriptUnderTest extends ProxyUnderTest implements AsyncDisposable {
  readonly location: MemoryBindings = new MemoryBindings();
  readonly registrar: Registrar;
  readonly services: ServerServices;
  readonly notices: Problem[] = [];
  /** Lines that the script has logged. */
  readonly logged: string[] = [];
  #running: RunningScript | undefined;
  readonly #hear = (line: unknown): void => {
    const { area, text, level } = line as { area: string; text: string; level: string };
    if (area === 'script') this.logged.push(`${level}: ${text}`);
  };

  private constructor(options: ScriptUnderTestOptions) {
    super({ ...options, settings: { ...AS_WRITTEN, ...options.settings } });
    const { clock, ids } = this;
    const subscribers = (options.subscribers ?? []).map(subscriber);
    this.registrar = new Registrar({ store: this.location, clock, bootId: 'test' });
    this.services = options.sharing ?? {
      clock,
      wheel: this.wheel,
      ids,
      layer: this.layer,
      environment: this.environment,
      advertise: this.advertise,
      proxy: this.proxy,
      dialogs: this.dialogs,
      registrar: this.registrar,
      location: this.location,
      subscribers: {
        find: (user, realm) => subscribers.find((it) => it.user === user && it.realm === realm),
      },
      authenticator: new Authenticator({
        subscribers: {
          find: (user, realm) => subscribers.find((it) => it.user === user && it.realm === realm),
        },
        key: Buffer.alloc(32, 3),
        clock,
        ids,
        algorithms: ['MD5'],
      }),
      client: this.client,
      realm: 'example.com',
      data: tmpdir(),
      ...options.serverServices,
    };
    channels.log.subscribe(this.#hear);
  }

  /** Compiles and starts a script; modules are loaded by `loadmodule` lines in it. @throws Error with all that is wrong */
  static async run(script: string, options: ScriptUnderTestOptions = {}): Promise<ScriptUnderTest> {
    const server = new ScriptUnderTest(options);
    const source = SourceText.of(toByteString(script), 'test.cfg');
    const result = await compileSource('test.cfg', source);
    if (!result.ok) throw new Error(result.problems.map(problemText).join('\n'));
    server.notices.push(...result.notices);
    const { form } = options;
    const loaded = form === 'typescript' ? await converted(result.loaded) : result.loaded;
    server.#running = await startScript(loaded, server.services);
    return server;
  }

  /** The script that runs. */
  get script(): RunningScript {
    return this.#running!;
  }

  /** What `xlog` and complaints have written, without their levels. */
  get lines(): string[] {
    return this.logged.map((line) => line.slice(line.indexOf(': ') + 2));
  }

  /** Runs an MI command by its name, or by an older one. */
  async command(name: string, params: CommandParams = {}): Promise<Json> {
    const { program } = this.script;
    for (const module of program.modules) {
      for (const [it, spec] of Object.entries(module.commands ?? {})) {
        if (it !== name && !spec.aliases?.includes(name)) continue;
        return await spec.run(program.stateOf<never>(module)!, params);
      }
    }
    throw new Error(`there is no command ${name}`);
  }

  override request(message: SipMessage, flow: Flow): void {
    this.script.user.request(message, flow);
  }

  override ack(message: SipMessage, flow: Flow): void {
    this.script.user.ack(message, flow);
  }

  override cancel(message: SipMessage, flow: Flow, invite: ServerTransaction | undefined): void {
    this.script.user.cancel(message, flow, invite);
  }

  override strayResponse(message: SipMessage, flow: Flow): void {
    this.script.user.strayResponse(message, flow);
  }

  override local(view: OutgoingView): void {
    runLocalRoute(this.script.program, view);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    channels.log.unsubscribe(this.#hear);
    await this.#running?.[Symbol.asyncDispose]();
    await this.dialogs[Symbol.asyncDispose]();
    await this.registrar[Symbol.asyncDispose]();
    await this.layer[Symbol.asyncDispose]();
    this.wheel.close();
  }
}

/** The same script by way of TypeScript. */
async function converted(loaded: LoadedScript): Promise<LoadedScript> {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-converted-'));
  try {
    const file = join(folder, 'test.ts');
    const program = convertScript(loaded);
    writeFileSync(file, program);
    const result = await loadScriptProgram(file);
    if (!result.ok) throw new Error(`${result.problems.map(problemText).join('\n')}\n${program}`);
    return result.loaded;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function problemText({ file, line, column, message, hint }: Problem): string {
  return `${file}:${line}:${column}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
}

function subscriber(text: string): Subscriber {
  const [user = '', realm = '', password = ''] = text.split(':');
  const ha1 = (algorithm: 'MD5' | 'SHA-256' | 'SHA-512-256') => computeHa1(algorithm, user, realm, password);
  return {
    user,
    realm,
    ha1: { MD5: ha1('MD5'), 'SHA-256': ha1('SHA-256'), 'SHA-512-256': ha1('SHA-512-256') },
  };
}
