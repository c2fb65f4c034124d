import type { UpdateModifiers } from './modifiers.ts';

/** The streams that a command means: all of a call, or with `;N` behind the tags one medium. Byte strings without blanks. */
export interface StreamKey {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag?: string;
}

/** Who is told when media stops, and by which word. */
export interface Notify {
  /** As written: `unix:/path`, `tcp:host:port`, a bare path. */
  readonly socket: string;
  /** Without escapes. */
  readonly tag: string;
}

/** What stands behind `&&`: it is done when the command has succeeded. */
export type Subcommand =
  /** `M3:1 …` to an instance of a module; 3 hears telephone events. */
  | {
      readonly kind: 'module';
      readonly module: number;
      readonly instance: number;
      readonly args: readonly string[];
    }
  /** `D[w]`: undo the session. */
  | { readonly kind: 'delete'; readonly weak: boolean }
  /** `T[r]n`: seconds without packets until the stream is dropped, of the other direction with `r`. */
  | { readonly kind: 'ttl'; readonly reverse: boolean; readonly seconds: number }
  /** `S[r] ttl=n`, `S[r] tos=n`: changes a stream, that of the other direction with `r`; n is 1 or more. */
  | {
      readonly kind: 'set';
      readonly reverse: boolean;
      readonly parameter: 'ttl' | 'tos';
      readonly value: number;
    }
  /** `L[modifiers] address port` behind `U` with a To tag: the answer of the other party in the same command. */
  | ({ readonly kind: 'lookup' } & RemoteMedia)
  /** `C callid fromtag totag` behind `U` with a To tag: both parties of that session are heard in this one. */
  | {
      readonly kind: 'copy';
      readonly callId: string;
      readonly fromTag: string;
      readonly toTag: string;
    };

/** Where and how a party wants its media. */
export interface RemoteMedia {
  readonly modifiers: UpdateModifiers;
  /** undefined for what is shorter than any address, which says nothing */
  readonly address: string | undefined;
  readonly port: number;
}

/** `U` makes or changes a session, `L` only changes one. */
export interface UpdateCommand extends StreamKey, RemoteMedia {
  readonly kind: 'update' | 'lookup';
  /** Only with `U`. */
  readonly notify?: Notify;
  readonly subcommands: readonly Subcommand[];
}

/** A command of rtpproxy's control protocol. */
export type RtpproxyCommand =
  | UpdateCommand
  | ({ readonly kind: 'delete'; readonly weak: boolean } & StreamKey)
  /** `count` -1 plays for ever. */
  | ({
      readonly kind: 'play';
      readonly count: number;
      readonly prompt: string;
      /** Payload types, or what the session's last command said. */
      readonly codecs: readonly number[] | 'session';
    } & StreamKey)
  | ({ readonly kind: 'stop-play' } & StreamKey)
  | ({ readonly kind: 'record'; readonly singleFile: boolean } & StreamKey)
  /** `destination` is a file's name or `udp:host:port`; `stop` ends it; `replyPort` asks where it is sent from. */
  | ({
      readonly kind: 'copy';
      readonly stop: boolean;
      readonly singleFile: boolean;
      readonly replyPort: boolean;
      readonly destination: string;
    } & StreamKey)
  | ({ readonly kind: 'stop-record'; readonly all: boolean } & StreamKey)
  | ({
      readonly kind: 'query';
      readonly verbose: boolean;
      readonly counters: readonly string[];
      readonly subcommands: readonly Subcommand[];
    } & StreamKey)
  | { readonly kind: 'statistics'; readonly verbose: boolean; readonly counters: readonly string[] }
  | { readonly kind: 'info'; readonly brief: boolean; readonly load: boolean }
  | { readonly kind: 'version' }
  | { readonly kind: 'feature'; readonly feature: string }
  | { readonly kind: 'delete-all' };

/** @returns the tag and, of `tag;N`, the number of the medium, from 1 on; undefined for a tag of all media */
export function splitTag(written: string): { readonly tag: string; readonly media: number | undefined } {
  const semi = written.lastIndexOf(';');
  const digits = written.slice(semi + 1);
  if (semi < 0 || digits.length === 0 || digits.length > 4) return { tag: written, media: undefined };
  for (let i = 0; i < digits.length; i++) {
    const c = digits.charCodeAt(i);
    if (c < 0x30 || c > 0x39) return { tag: written, media: undefined };
  }
  return { tag: written.slice(0, semi), media: Number(digits) };
}
