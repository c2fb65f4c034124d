import type { OutgoingView } from '../core/ua/user-agent-client.ts';
import { fromByteString } from '../wire/sip/text.ts';
import { AdvertisedView } from './advertised-view.ts';
import type { LocalRequest } from './api/local-request.ts';
import { scriptHeader } from './script-text.ts';

/** A request of the server's own, as a script sees it. */
export class ScriptLocalRequest extends AdvertisedView implements LocalRequest {
  readonly method: string;
  readonly requestUri: string;
  readonly #view: OutgoingView;

  constructor(view: OutgoingView) {
    super(view);
    this.method = view.method;
    this.requestUri = fromByteString(view.requestUri);
    this.#view = view;
  }

  get destination(): LocalRequest['destination'] {
    return this.#view.destination;
  }

  addHeader(name: string, value: string): void {
    this.#view.headers.push(scriptHeader(name, value));
  }
}
