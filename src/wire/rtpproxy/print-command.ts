import { ServerError } from '../../base/errors.ts';
import type { RtpproxyCommand, StreamKey, Subcommand, UpdateCommand } from './command.ts';
import { printModifiers } from './modifiers.ts';
import { escapeTag } from './notify-tag.ts';
import { isWord } from './words.ts';

/**
 * Prints a command of rtpproxy's control protocol, without cookie and line end.
 * @throws ServerError SIP_BAD_FIELD for a Call-ID, tag or name that is no single word
 */
export function printCommand(command: RtpproxyCommand): string {
  const words = wordsOf(command);
  for (const word of words) {
    if (!isWord(word)) {
      throw new ServerError('SIP_BAD_FIELD', `relay command: "${word}" is not one word`, {
        hint: 'blanks and line breaks would make another command of it',
      });
    }
  }
  const subcommands = 'subcommands' in command ? command.subcommands : [];
  return [words.join(' '), ...subcommands.map(printSubcommand)].join(' && ');
}

function wordsOf(command: RtpproxyCommand): string[] {
  switch (command.kind) {
    case 'update':
    case 'lookup':
      return updateWords(command);
    case 'delete':
      return [command.weak ? 'Dw' : 'D', command.callId, ...tags(command)];
    case 'play': {
      const codecs = command.codecs === 'session' ? 'session' : command.codecs.join(',');
      return [`P${command.count}`, command.callId, command.prompt, codecs, ...tags(command)];
    }
    case 'stop-play':
      return ['S', command.callId, ...tags(command)];
    case 'record':
      return [command.singleFile ? 'Rs' : 'R', command.callId, ...tags(command)];
    case 'copy': {
      const letter = `C${command.stop ? '-' : ''}${command.singleFile ? 's' : ''}${command.replyPort ? 'p' : ''}`;
      return [letter, command.callId, command.destination, ...tags(command)];
    }
    case 'stop-record':
      return [command.all ? 'Na' : 'N', command.callId, ...tags(command)];
    case 'query': {
      const { toTag, counters } = command;
      // Counters stand behind the To tag, whose place has to be filled.
      const streams = toTag === undefined && counters.length > 0 ? [command.fromTag, '0'] : tags(command);
      return [command.verbose ? 'Qv' : 'Q', command.callId, ...streams, ...counters];
    }
    case 'statistics':
      return [command.verbose ? 'Gv' : 'G', ...command.counters];
    case 'info':
      return [`I${command.brief ? 'b' : ''}${command.load ? 'l' : ''}`];
    case 'version':
      return ['V'];
    case 'feature':
      return ['VF', command.feature];
    case 'delete-all':
      return ['X'];
  }
}

function updateWords(command: UpdateCommand): string[] {
  const { kind, modifiers, callId, address, port, notify } = command;
  const words = [
    `${kind === 'update' ? 'U' : 'L'}${printModifiers(modifiers)}`,
    callId,
    address ?? '-',
    String(port),
    ...tags(command),
  ];
  if (notify) words.push(notify.socket, escapeTag(notify.tag));
  return words;
}

function printSubcommand(subcommand: Subcommand): string {
  const words = subcommandWords(subcommand);
  const bad = words.find((word) => !isWord(word));
  if (bad !== undefined) throw new ServerError('SIP_BAD_FIELD', `relay command: "${bad}" is not one word`);
  return words.join(' ');
}

function subcommandWords(subcommand: Subcommand): string[] {
  switch (subcommand.kind) {
    case 'module':
      return [`M${subcommand.module}:${subcommand.instance}`, ...subcommand.args];
    case 'delete':
      return [subcommand.weak ? 'Dw' : 'D'];
    case 'ttl':
      return [`T${subcommand.reverse ? 'r' : ''}${subcommand.seconds}`];
    case 'set':
      return [subcommand.reverse ? 'Sr' : 'S', `${subcommand.parameter}=${subcommand.value}`];
    case 'lookup': {
      const { modifiers, address, port } = subcommand;
      return [`L${printModifiers(modifiers)}`, address ?? '-', String(port)];
    }
    case 'copy':
      return ['C', subcommand.callId, subcommand.fromTag, subcommand.toTag];
  }
}

function tags({ fromTag, toTag }: StreamKey): string[] {
  return toTag === undefined ? [fromTag] : [fromTag, toTag];
}
