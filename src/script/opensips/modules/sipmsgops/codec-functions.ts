import { optional, regex, text } from '../../frame/argument.ts';
import type { FunctionSpec } from '../../frame/function.ts';
import { moduleParts } from '../../frame/module.ts';
import { WITH_MESSAGE } from '../../frame/route-kind.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { sdpText, setSdp } from './sdp-text.ts';

const { fn } = moduleParts<undefined>();

/** Codecs that need no rtpmap (RFC 3551 §6). */
const STATIC: Readonly<Record<string, string>> = {
  0: 'PCMU/8000',
  3: 'GSM/8000',
  4: 'G723/8000',
  5: 'DVI4/8000',
  6: 'DVI4/16000',
  7: 'LPC/8000',
  8: 'PCMA/8000',
  9: 'G722/8000',
  10: 'L16/44100',
  11: 'L16/44100',
  12: 'QCELP/8000',
  13: 'CN/8000',
  14: 'MPA/90000',
  15: 'G728/8000',
  18: 'G729/8000',
  26: 'JPEG/90000',
  31: 'H261/90000',
  32: 'MPV/90000',
  34: 'H263/90000',
};

/** `name/clock` */
type Chosen = (codec: string) => boolean;

/** The blocks of a description: the session first, then each medium with its lines. */
function blocks(sdp: string): string[][] {
  const found: string[][] = [[]];
  for (const line of sdp.split(/\r?\n/)) {
    if (line === '') continue;
    if (line.startsWith('m=')) found.push([line]);
    else found.at(-1)!.push(line);
  }
  return found;
}

function joined(of: readonly (readonly string[])[]): string {
  return of
    .flat()
    .map((line) => `${line}\r\n`)
    .join('');
}

/** The formats of a medium with the codec of each. */
function formats(block: readonly string[]): {
  readonly head: string;
  readonly list: readonly string[];
  codecOf(format: string): string;
} {
  const words = block[0]!.split(' ');
  return {
    head: words.slice(0, 3).join(' '),
    list: words.slice(3).filter((format) => format !== ''),
    codecOf: (format) => {
      const map = block.find((line) => line.startsWith(`a=rtpmap:${format} `));
      const named = map
        ?.slice(map.indexOf(' ') + 1)
        .trim()
        .split('/')
        .slice(0, 2)
        .join('/');
      return named ?? STATIC[format] ?? '';
    },
  };
}

function byName(name: string, clock: string | undefined): Chosen {
  const wanted = name.toLowerCase();
  return (codec) => {
    const [its, rate = ''] = codec.toLowerCase().split('/');
    return its === wanted && (clock === undefined || rate === clock);
  };
}

function exists(m: ScriptMessage, chosen: Chosen): boolean {
  return blocks(sdpText(m) ?? '')
    .slice(1)
    .some((block) => {
      const { list, codecOf } = formats(block);
      return list.some((format) => chosen(codecOf(format)));
    });
}

/** Works on each medium. @returns whether any was changed */
function change(m: ScriptMessage, work: (block: string[]) => string[] | undefined): boolean {
  const sdp = sdpText(m);
  if (sdp === undefined) return false;
  const [session = [], ...media] = blocks(sdp);
  let changed = false;
  const after = media.map((block) => {
    const other = work(block);
    changed ||= other !== undefined;
    return other ?? block;
  });
  if (changed) setSdp(m, joined([session, ...after]));
  return changed;
}

/** Takes codecs out of the m= line with their attributes; a medium that has no other is refused by port 0. */
function remove(block: string[], chosen: Chosen): string[] | undefined {
  const { head, list, codecOf } = formats(block);
  const gone = list.filter((format) => chosen(codecOf(format)));
  if (gone.length === 0) return undefined;
  const left = list.filter((format) => !gone.includes(format));
  const lines = block.slice(1).filter((line) => {
    const format = /^a=(?:rtpmap|fmtp|rtcp-fb):(\S+)/.exec(line)?.[1];
    return format === undefined || !gone.includes(format);
  });
  if (left.length === 0) return [`${head.replace(/^(m=\S+) \S+/, '$1 0')} ${list[0]}`, ...lines];
  return [`${head} ${left.join(' ')}`, ...lines];
}

function move(block: string[], chosen: Chosen, up: boolean): string[] | undefined {
  const { head, list, codecOf } = formats(block);
  const moved = list.filter((format) => chosen(codecOf(format)));
  if (moved.length === 0) return undefined;
  const rest = list.filter((format) => !moved.includes(format));
  return [`${head} ${(up ? [...moved, ...rest] : [...rest, ...moved]).join(' ')}`, ...block.slice(1)];
}

const name = text('name');
const clock = optional(text('clock'));

function named(describe: string, act: (m: ScriptMessage, chosen: Chosen) => boolean) {
  return fn({
    args: [name, clock],
    routes: WITH_MESSAGE,
    describe,
    run: (m, _s, codec, rate) => act(m, byName(codec, rate)),
  });
}

function matching(describe: string, act: (m: ScriptMessage, chosen: Chosen) => boolean) {
  return fn({
    args: [regex('regexp')],
    routes: WITH_MESSAGE,
    describe,
    run: (m, _s, pattern) => act(m, (codec) => pattern.matcher(codec.split('/')[0]!).find()),
  });
}

const drop = (m: ScriptMessage, chosen: Chosen) => change(m, (block) => remove(block, chosen));
const keep = (m: ScriptMessage, chosen: Chosen) =>
  change(m, (block) => remove(block, (codec) => !chosen(codec)));
const moveUp = (m: ScriptMessage, chosen: Chosen) => change(m, (block) => move(block, chosen, true));
const moveDown = (m: ScriptMessage, chosen: Chosen) => change(m, (block) => move(block, chosen, false));

/** The kind of a medium, as `audio`. */
function kindOf(block: readonly string[]): string {
  return block[0]!.slice(2).split(' ')[0]!;
}

export const codecFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  codec_exists: named('Whether the description offers a codec.', exists),
  codec_exists_re: matching('As codec_exists, by an expression on the name.', exists),
  codec_delete: named('Takes a codec out of the description.', drop),
  codec_delete_re: matching('As codec_delete, by an expression on the name.', drop),
  codec_delete_except_re: matching('Takes all codecs out whose names do not match.', keep),
  codec_move_up: named('Puts a codec before all others.', moveUp),
  codec_move_up_re: matching('As codec_move_up, by an expression on the name.', moveUp),
  codec_move_down: named('Puts a codec behind all others.', moveDown),
  codec_move_down_re: matching('As codec_move_down, by an expression on the name.', moveDown),
  stream_exists: fn({
    args: [regex('regexp')],
    routes: WITH_MESSAGE,
    describe: 'Whether the description has a medium whose kind matches.',
    run: (m, _s, pattern) =>
      blocks(sdpText(m) ?? '')
        .slice(1)
        .some((block) => pattern.matcher(kindOf(block)).find()),
  }),
  stream_delete: fn({
    args: [regex('regexp')],
    routes: WITH_MESSAGE,
    describe: 'Takes media out of the description whose kinds match.',
    run: (m, _s, pattern) => change(m, (block) => (pattern.matcher(kindOf(block)).find() ? [] : undefined)),
  }),
};
