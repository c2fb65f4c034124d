import type { OutgoingView } from '../../../core/ua/user-agent-client.ts';
import { buildRequest } from '../../../wire/sip/build.ts';
import { MessageEdit } from '../../../wire/sip/edit.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import { dummyFlow, parsed } from './dummy-request.ts';
import { RequestContext } from './request-context.ts';
import { ScriptMessage } from './script-message.ts';
import type { ScriptProgram } from './script-program.ts';

/** Runs the local_route on a request of the server's own: what it appends, and what it prints, goes out with it. */
export function runLocalRoute(program: ScriptProgram, view: OutgoingView): void {
  if (!program.hasRoute('local', '')) return;
  const { method, requestUri, destination, identity, given, body, headers } = view;
  const request = parsed(
    buildRequest({
      method,
      requestUri,
      headers: [
        ['Via', `SIP/2.0/${destination.transport.toUpperCase()} localhost;branch=z9hG4bK-local`],
        ...identity,
        ...given,
        ...headers,
      ],
      ...(body && { body }),
    }),
  );
  const flow = dummyFlow(program.services.environment.network.listeners);
  const context = new RequestContext(program, request, flow, undefined);
  context.advertise = view.advertise;
  const { changes, target } = context;
  const m = new ScriptMessage(context, 'local', '', { message: request, flow, changes, target });
  // It is sent as soon as this returns: what a route does after it has waited comes too late.
  void program.run(m);
  view.advertise = context.advertise;
  if (changes.empty) return;
  const edit = new MessageEdit(request);
  changes.apply(edit);
  for (const entry of added(request, parsed(edit.toBuffer()))) headers.push(entry);
}

/** The header lines that a message has and another has not. */
function added(before: SipMessage, after: SipMessage): [string, string][] {
  const known = new Set(Array.from({ length: before.lineCount }, (_, line) => before.rawLine(line)));
  const found: [string, string][] = [];
  for (let line = 0; line < after.lineCount; line++) {
    if (!known.has(after.rawLine(line))) found.push([after.nameAt(line), after.valueAt(line)]);
  }
  return found;
}
