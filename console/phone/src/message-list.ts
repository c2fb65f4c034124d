import { block, element } from './elements.ts';
import type { Passed } from './sip-socket.ts';

const MOST_MESSAGES = 200;
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** What went over the wire, for those who like to read: start lines, each of which opens to the whole message. */
export class MessageList {
  readonly #list: HTMLOListElement = element('message-list', HTMLOListElement);
  #count = 0;

  constructor() {
    // Where there is room for it, it stands beside the phone.
    element('messages', HTMLDetailsElement).open = matchMedia('(min-width: 60rem)').matches;
  }

  add({ at, sent, text }: Passed): void {
    const row = document.createElement('details');
    const summary = document.createElement('summary');
    summary.append(
      part('span', TIME.format(at), 'time'),
      part('span', sent ? '→' : '←', 'way', sent ? 'sent' : 'received'),
      part('span', shortened(text), 'what'),
    );
    row.append(summary, part('pre', text.trim()));
    const item = document.createElement('li');
    item.className = sent ? 'sent' : 'received';
    item.append(row);
    this.#list.prepend(item);
    if (this.#list.childElementCount > MOST_MESSAGES) this.#list.lastElementChild?.remove();
    block('message-count').textContent = String(++this.#count);
  }
}

function part(tag: string, text: string, name = '', label = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name !== '') made.className = name;
  if (label !== '') made.setAttribute('aria-label', label);
  return made;
}

/** `INVITE sip:bob@example.com`, `200 OK (INVITE)`. */
function shortened(text: string): string {
  const line = text.slice(0, text.indexOf('\r\n'));
  if (!line.startsWith('SIP/2.0 ')) return line.replace(/ SIP\/2\.0$/, '');
  const method = /^CSeq\s*:\s*\d+\s+(\S+)/im.exec(text)?.[1];
  return `${line.slice(8)} (${method ?? '?'})`;
}
