import { WheelTimer } from '../../../base/timer-wheel.ts';
import type { FrontDoor, Refusal } from '../../../core/front-door/front-door.ts';
import type { OutgoingView } from '../../../core/ua/user-agent-client.ts';
import type { Flow } from '../../../net/flow.ts';
import type { ServerTransaction } from '../../../transaction/server-transaction.ts';
import type { TransactionUser } from '../../../transaction/transaction-user.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import { faultPosition } from '../../fault-position.ts';
import { publishRefused, refuse } from '../../refuse.ts';
import type { RuntimeCounters } from '../../runtime.ts';
import { CODE_FILE } from '../compile/script-compiler.ts';
import type { LoadedScript } from '../load-script.ts';
import { runLocalRoute } from './local-route.ts';
import type { ServerServices } from './server-services.ts';
import { type RunningScript, startScript } from './start-script.ts';

/** How often a script that was replaced is looked at, whether its last request is done. */
const LOOK_MS = 5000;
/** No request rings longer. */
const LONGEST_MS = 600_000;

/** Runs an OpenSIPS script as the element above the transactions. */
export class ScriptRuntime implements TransactionUser, AsyncDisposable {
  readonly #services: ServerServices;
  readonly #frontDoor: FrontDoor;
  readonly #retired = new Set<RunningScript>();
  #running: RunningScript;

  private constructor(running: RunningScript, services: ServerServices, frontDoor: FrontDoor) {
    this.#running = running;
    this.#services = services;
    this.#frontDoor = frontDoor;
  }

  /** Throws as `startScript` does. */
  static async start(
    loaded: LoadedScript,
    services: ServerServices,
    frontDoor: FrontDoor,
  ): Promise<ScriptRuntime> {
    return new ScriptRuntime(await startScript(loaded, services), services, frontDoor);
  }

  get running(): RunningScript {
    return this.#running;
  }

  get counters(): RuntimeCounters {
    const { user, program } = this.#running;
    return { handled: user.handled, faults: program.faults, timeouts: 0, overloaded: user.overloaded };
  }

  get pending(): number {
    return this.#running.user.pending;
  }

  /** Puts another script in force; requests that are under way end with the one that began them. */
  async replace(loaded: LoadedScript): Promise<void> {
    const before = this.#running;
    this.#running = await startScript(loaded, this.#services);
    this.#retire(before);
  }

  #retire(script: RunningScript): void {
    this.#retired.add(script);
    script.stopTimers();
    let waited = 0;
    const timer = new WheelTimer(() => {
      waited += LOOK_MS;
      if (script.user.pending > 0 && waited < LONGEST_MS) this.#services.wheel.arm(timer, LOOK_MS);
      else void this.#dispose(script);
    });
    this.#services.wheel.arm(timer, LOOK_MS);
  }

  async #dispose(script: RunningScript): Promise<void> {
    if (this.#retired.delete(script)) await script[Symbol.asyncDispose]();
  }

  request(message: SipMessage, flow: Flow): void {
    const refusal = this.#frontDoor.admitScripted(message, flow);
    if (refusal) this.#refuse(message, flow, refusal);
    else this.#running.user.request(message, flow);
  }

  ack(message: SipMessage, flow: Flow): void {
    const refusal = this.#frontDoor.admitScripted(message, flow);
    if (refusal) publishRefused(refusal.reason, flow);
    else this.#running.user.ack(message, flow);
  }

  cancel(message: SipMessage, flow: Flow, invite: ServerTransaction | undefined): void {
    const refusal = this.#frontDoor.admitCancel(message, flow);
    if (refusal) this.#refuse(message, flow, refusal);
    else this.#running.user.cancel(message, flow, invite);
  }

  strayResponse(message: SipMessage, flow: Flow): void {
    this.#running.user.strayResponse(message, flow);
  }

  malformed(reason: string, flow: Flow): void {
    this.#frontDoor.counters.malformed++;
    publishRefused(reason, flow);
  }

  connectionClosed({ connectionId }: Flow): void {
    this.#services.registrar.connectionClosed(connectionId);
    this.#running.program.connectionClosed(connectionId);
  }

  /** Shows the local_route a request of the server's own. */
  local(view: OutgoingView): void {
    runLocalRoute(this.#running.program, view);
  }

  isScriptFault(error: unknown): boolean {
    return faultPosition(error, [CODE_FILE]) !== undefined;
  }

  strayFault(error: unknown): void {
    this.#running.program.faulted(error, undefined);
  }

  #refuse(message: SipMessage, flow: Flow, refusal: Refusal): void {
    const taken =
      refusal.kind === 'answer' && this.#running.user.broken(message, flow, refusal.status, refusal.reason);
    if (!taken) refuse(message, flow, refusal, this.#services.layer, this.#services.advertise);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const script of this.#retired) await this.#dispose(script);
    await this.#running[Symbol.asyncDispose]();
  }
}
