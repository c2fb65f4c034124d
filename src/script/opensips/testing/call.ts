import { kindOf, read } from '../../../core/proxy/testing/messages.ts';
import {
  calleeDialog,
  callerDialog,
  type Dialog,
  type Peer,
  type RequestOptions,
} from '../../../core/proxy/testing/peer.ts';
import type { CommandParams, Json } from '../frame/command.ts';
import type { ScriptUnderTest } from './script-under-test.ts';

/** A call between two peers through a script that routes it to the second. */
export class Call {
  readonly server: ScriptUnderTest;
  readonly caller: Peer;
  readonly callee: Peer;
  #cseq = 100;

  constructor(server: ScriptUnderTest) {
    this.server = server;
    this.caller = server.peer('192.0.2.7');
    this.callee = server.peer('198.51.100.1');
  }

  /** What the request URI of a call says that goes to the callee. */
  get uri(): string {
    return this.callee.contact;
  }

  invite(options: RequestOptions = {}): string {
    return this.caller.request('INVITE', { requestUri: this.uri, ...options });
  }

  /** From INVITE to ACK. */
  async establish(options: RequestOptions = {}): Promise<this> {
    this.invite(options);
    await this.server.settle();
    this.callee.answer('INVITE', 180);
    this.callee.answer('INVITE', 200);
    await this.server.settle();
    this.caller.inDialog('ACK', this.ofCaller);
    await this.server.settle();
    return this;
  }

  get ofCaller(): Dialog {
    return callerDialog(this.caller.inbox.findLast((text) => isAnswerOfFirst(text))!);
  }

  get ofCallee(): Dialog {
    return calleeDialog(this.callee.inbox.find((text) => kindOf(text) === 'INVITE')!);
  }

  /** A request inside the dialog, with a higher number each. */
  send(method: string, by: 'caller' | 'callee', options: RequestOptions = {}): string {
    const dialog = by === 'caller' ? this.ofCaller : this.ofCallee;
    return this[by].inDialog(method, dialog, { cseq: ++this.#cseq, ...options });
  }

  /** The caller hangs up. */
  async hangUp(): Promise<void> {
    this.send('BYE', 'caller');
    await this.server.settle();
    this.callee.answer('BYE', 200);
    await this.server.settle();
  }
}

function isAnswerOfFirst(text: string): boolean {
  const { status, cseq } = read(text);
  return status > 100 && status < 300 && cseq?.method === 'INVITE' && cseq.number < 100;
}

/** Runs a management command of a loaded module, by its name or an older one. */
export async function command(
  server: ScriptUnderTest,
  name: string,
  params: CommandParams = {},
): Promise<Json> {
  const { program } = server.script;
  for (const module of program.modules) {
    for (const [known, spec] of Object.entries(module.commands ?? {})) {
      if (known !== name && !spec.aliases?.includes(name)) continue;
      return await (spec.run as (state: unknown, params: CommandParams) => Json | Promise<Json>)(
        program.stateOf(module),
        params,
      );
    }
  }
  throw new Error(`there is no command ${name}`);
}
