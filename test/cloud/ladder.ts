// Prints captured messages as a ladder: who sent what to whom and when, and which addresses stood in it.
import { body, headers, methodOf, type SeenMessage, startLine } from './seen-message.ts';
import { ADDRESS } from './topology.ts';

interface Lifeline {
  readonly title: string;
  readonly addresses: readonly string[];
}

const LIFELINES: readonly Lifeline[] = [
  { title: 'home phone', addresses: [ADDRESS.homegw, ADDRESS.home] },
  { title: 'Viaduct', addresses: [ADDRESS.serverPublic, ADDRESS.server] },
  { title: 'VPC phone', addresses: [ADDRESS.vpcphone] },
];
const LEAD = 9;
const GAP = 46;
const COLUMNS = LIFELINES.map((_, index) => LEAD + 6 + index * GAP);
const WIDTH = COLUMNS.at(-1)! + 8;

const PRINTED: readonly [name: string, title: string][] = [
  ['via', 'Via'],
  ['record-route', 'Record-Route'],
  ['route', 'Route'],
  ['contact', 'Contact'],
];

function lifelineOf(address: string): number {
  return LIFELINES.findIndex(({ addresses }) => addresses.includes(address));
}

/** A line with the lifelines drawn and `text` laid over it at `column`. */
function line(lead: string, column = 0, text = ''): string {
  const cells = lead.padEnd(WIDTH).split('');
  for (const at of COLUMNS) cells[at] = '│';
  return (cells.slice(0, column).join('') + text + cells.slice(column + text.length).join('')).trimEnd();
}

function arrow(message: SeenMessage, began: number): string {
  const from = COLUMNS[lifelineOf(message.source)]!;
  const to = COLUMNS[lifelineOf(message.destination)]!;
  const left = Math.min(from, to) + 1;
  const room = Math.abs(to - from) - 1;
  const what = startLine(message)
    .replace(/^SIP\/2\.0 /, '')
    .replace(/ SIP\/2\.0$/, '');
  const label = ` ${what.length > room - 6 ? `${what.slice(0, room - 7)}…` : what} `;
  const shaft = label.padStart(label.length + 2, '─').padEnd(room - 1, '─');
  const drawn = from < to ? `${shaft}▶` : `◀${shaft}`;
  return line(`${(message.time - began).toFixed(3).padStart(LEAD - 1)}s`, left, drawn);
}

function details(message: SeenMessage): string[] {
  const { source, sourcePort, destination, destinationPort, transport } = message;
  const way = `${source}:${sourcePort} → ${destination}:${destinationPort} ${transport}`;
  const printed = PRINTED.flatMap(([name, title]) =>
    headers(message, name).map((value) => `${title}: ${value.replace(/;branch=[^;]*/, '')}`),
  );
  const address = /^c=IN IP[46] (\S+)/m.exec(body(message))?.[1];
  const port = /^m=audio (\d+)/m.exec(body(message))?.[1];
  const media = address === undefined ? [] : [`Media: ${address} port ${port}`];
  return [way, ...printed, ...media].map((text) => line('', COLUMNS[0]! + 3, text));
}

/** The messages between the phones and the server, each on the link where it is seen as its phone sees it. */
export function ladder(messages: readonly SeenMessage[]): string {
  const shown = messages.filter(({ link, source, destination }) =>
    link === 'vpc'
      ? [source, destination].includes(ADDRESS.vpcphone)
      : lifelineOf(source) >= 0 && lifelineOf(destination) >= 0,
  );
  const began = shown[0]?.time ?? 0;
  const titles = LIFELINES.map(({ title }, index) => ({
    title,
    at: COLUMNS[index]! - Math.floor(title.length / 2),
  }));
  const heading = titles.reduce((text, { title, at }) => text.padEnd(at) + title, '');
  const addresses = LIFELINES.map(({ addresses }) => addresses.toReversed().join(' / '));
  const under = addresses.reduce((text, words, index) => {
    return text.padEnd(COLUMNS[index]! - Math.floor(words.length / 2)) + words;
  }, '');
  const rows = shown.flatMap((message) => [
    arrow(message, began),
    ...(methodOf(message) === undefined && startLine(message).startsWith('SIP/2.0 100')
      ? []
      : details(message)),
  ]);
  return [heading, under, line(''), ...rows, line('')].join('\n');
}
