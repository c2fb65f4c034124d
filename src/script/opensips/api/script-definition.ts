import type { Message } from './message.ts';

/** What a route comes to: a return code, where one is wanted; 0 ends the script. */
// biome-ignore lint/suspicious/noConfusingVoidType: routes that fall off their end return nothing
export type Outcome = number | void;
export type Route = (m: Message) => Outcome | Promise<Outcome>;
type Routes = Readonly<Record<string, Route>>;

/** What `socket=` says. */
export interface Socket {
  /** `udp:10.0.0.34:5060` */
  readonly address: string;
  readonly as?: string;
  readonly tag?: string;
  readonly acceptSubdomain?: boolean;
}

/** An OpenSIPS script in TypeScript; names mean what they mean there. */
export interface ScriptParts {
  readonly sockets?: readonly (string | Socket)[];
  readonly aliases?: readonly string[];
  /** `log_level`, `advertised_address`, … */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Modules in the order in which they are loaded, without `.so`. */
  readonly modules?: readonly string[];
  /** By module, or by several with `|` between; a list for what is given more than once. */
  readonly parameters?: Readonly<
    Record<string, Readonly<Record<string, string | number | readonly (string | number)[]>>>
  >;
  /** Runs for each request. */
  readonly request?: Route;
  /** Those that `m.route(NAME)` calls. */
  readonly routes?: Routes;
  readonly failure?: Routes;
  readonly branch?: Routes;
  /** `''` for the one that sees every reply. */
  readonly onreply?: Routes;
  readonly error?: Route;
  readonly local?: Route;
  readonly startup?: Route;
  readonly timer?: Readonly<Record<string, { readonly seconds: number; readonly run: Route }>>;
  readonly event?: Routes;
}

export interface ScriptDefinition {
  readonly kind: 'opensips';
  readonly parts: ScriptParts;
}

/** `export default script({ … })`: an OpenSIPS script in TypeScript. */
export function script(parts: ScriptParts): ScriptDefinition {
  return { kind: 'opensips', parts };
}
