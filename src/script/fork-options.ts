import { ServerError } from '../base/errors.ts';
import type {
  BranchView,
  ForkOptions as ProxyOptions,
  ReplyView,
  RequestEdit,
} from '../core/proxy/fork-options.ts';
import type { Hook } from '../core/proxy/hook.ts';
import type { MaybePromise } from '../core/registrar/location-store.ts';
import { toByteString } from '../wire/sip/text.ts';
import { Uri } from '../wire/sip/uri.ts';
import { AdvertisedView } from './advertised-view.ts';
import type { Branch, BranchReply, ForkOptions } from './api/call.ts';
import { milliseconds } from './api/duration.ts';
import type { RequestCall } from './request-call.ts';
import { addressParts } from './request-call.ts';
import { checkWritable, scriptHeader, scriptHeaders } from './script-text.ts';

/** Whoever runs what a script has given to be called. */
export interface CallbackGuard {
  guard(callback: () => MaybePromise<void>): MaybePromise<void>;
}

const NOTHING_ASKED: ProxyOptions = Object.freeze({});

/**
 * A script's wishes in the proxy's words, all checked.
 * @param script runs its callbacks, so that what they throw harms nobody
 * @throws ServerError SIP_BAD_FIELD for what cannot stand in a message
 */
export function proxyOptions(call: RequestCall, options: ForkOptions, script: CallbackGuard): ProxyOptions {
  const { headers } = call;
  if (call.override === undefined && !headers.changed && asksNothing(options)) return NOTHING_ASKED;
  const { timeout, recordRoute, path, listener, onBranch, onReply } = options;
  const override =
    options.advertise === undefined || options.advertise === 'by-destination'
      ? options.advertise
      : addressParts(options.advertise);
  const advertise = override ?? call.override;
  return {
    ...(timeout === undefined ? {} : { timeoutMs: milliseconds(timeout) }),
    ...(advertise === undefined ? {} : { advertise }),
    ...(recordRoute === undefined ? {} : { recordRoute }),
    ...(path === undefined ? {} : { path }),
    ...(listener === undefined ? {} : { listener }),
    ...(options.headers === undefined ? {} : { headers: scriptHeaders(options.headers) }),
    ...(headers.changed ? { edit: editOf(headers) } : {}),
    ...(onBranch ? { onBranch: branchHook(onBranch, script) } : {}),
    ...(onReply ? { onReply: replyHook(onReply, script) } : {}),
  };
}

// Each for itself, for functions of one scope hold together what any of them uses: answers outlive the request.

function editOf(headers: RequestCall['headers']): RequestEdit {
  return (edit) => headers.apply(edit);
}

function branchHook(onBranch: NonNullable<ForkOptions['onBranch']>, script: CallbackGuard): Hook<BranchView> {
  return (view) => script.guard(() => onBranch(new ScriptBranch(view)));
}

function replyHook(onReply: NonNullable<ForkOptions['onReply']>, script: CallbackGuard): Hook<ReplyView> {
  return (view) => script.guard(() => onReply(new ScriptReply(view)));
}

/** Most forks are plain ones: nothing is made for those. */
function asksNothing(options: ForkOptions): boolean {
  for (const name in options) if (options[name as keyof ForkOptions] !== undefined) return false;
  return true;
}

class ScriptBranch extends AdvertisedView implements Branch {
  readonly #view: BranchView;

  constructor(view: BranchView) {
    super(view);
    this.#view = view;
  }

  get target(): Branch['target'] {
    return this.#view.target;
  }

  get requestUri(): string {
    return this.#view.requestUri;
  }

  set requestUri(uri: string) {
    const text = toByteString(uri);
    if (!Uri.parse(text))
      throw new ServerError('SIP_BAD_FIELD', `requestUri: ${JSON.stringify(uri)} is no URI`);
    this.#view.requestUri = text;
  }

  addHeader(name: string, value: string): void {
    this.#view.headers.push(scriptHeader(name, value));
  }
}

class ScriptReply extends AdvertisedView implements BranchReply {
  readonly #view: ReplyView;

  constructor(view: ReplyView) {
    super(view);
    this.#view = view;
  }

  get status(): number {
    return this.#view.response.status;
  }

  get reason(): string {
    return this.#view.response.reason;
  }

  get response(): BranchReply['response'] {
    return this.#view.response;
  }

  addHeader(name: string, value: string): void {
    this.#view.edit.append(...scriptHeader(name, value));
  }

  removeHeader(name: string): void {
    checkWritable(name);
    this.#view.edit.removeAll(name);
  }
}
