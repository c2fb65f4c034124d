import type { OutgoingView } from '../core/ua/user-agent-client.ts';
import { fromByteString } from '../wire/sip/text.ts';
import type { LocalRequest } from './api/local-request.ts';
import { printedText } from './fork-options.ts';
import { addressParts } from './request-call.ts';
import { scriptHeader } from './script-text.ts';

/** A request of the server's own, as a script sees it. */
export class ScriptLocalRequest implements LocalRequest {
  readonly method: string;
  readonly requestUri: string;
  readonly #view: OutgoingView;

  constructor(view: OutgoingView) {
    this.method = view.method;
    this.requestUri = fromByteString(view.requestUri);
    this.#view = view;
  }

  get destination(): LocalRequest['destination'] {
    return this.#view.destination;
  }

  get advertise(): string | undefined {
    return printedText(this.#view.advertise);
  }

  set advertise(hostPort: string | undefined) {
    this.#view.advertise = hostPort === undefined ? undefined : addressParts(hostPort);
  }

  addHeader(name: string, value: string): void {
    this.#view.headers.push(scriptHeader(name, value));
  }
}
