import type { RouteKind } from '../frame/route-kind.ts';

/** Every piece of a script knows where it begins in the source text. */
interface Placed {
  readonly start: number;
}

/** A whole script. */
export interface Script {
  readonly settings: readonly Setting[];
  readonly sockets: readonly SocketLine[];
  readonly aliases: readonly RawValue[];
  readonly modules: readonly LoadModule[];
  readonly parameters: readonly ModuleParameter[];
  readonly routes: readonly RouteBlock[];
}

/** `name = value` of the global part. */
export interface Setting extends Placed {
  readonly name: string;
  readonly value: string | number;
  readonly valueStart: number;
  /** Whether the value was written in quotes. */
  readonly quoted: boolean;
}

/** A word or string of the global part with its place. */
export interface RawValue extends Placed {
  readonly text: string;
}

/** One `socket=` or `listen=` in its own words, without what Viaduct has no use for. */
export interface SocketLine extends Placed {
  /** `PROTO:HOST[:PORTS]`, or as much of it as was written. */
  readonly address: string;
  /** What follows `as`. */
  readonly advertised: string | undefined;
  readonly tag: string | undefined;
  readonly acceptSubdomain: boolean;
}

export interface LoadModule extends Placed {
  readonly name: string;
}

export interface ModuleParameter extends Placed {
  /** Names with `|` between, as written. */
  readonly modules: string;
  readonly modulesStart: number;
  readonly name: string;
  readonly nameStart: number;
  readonly value: string | number;
  readonly valueStart: number;
}

export interface RouteBlock extends Placed {
  readonly kind: RouteKind;
  /** '' for the nameless ones. */
  readonly name: string;
  /** Of a timer route, in seconds. */
  readonly interval: number;
  readonly body: readonly Statement[];
}

export type Statement =
  | Call
  | RouteCall
  | Assignment
  | If
  | While
  | ForEach
  | Switch
  | Return
  | Assert
  | Async
  | (Placed & { readonly kind: 'exit' | 'drop' | 'break' | 'empty' })
  | Block;

/** Statements in braces of their own. */
export interface Block extends Placed {
  readonly kind: 'block';
  readonly body: readonly Statement[];
}

/** A call of a function of the core or of a module. */
export interface Call extends Placed {
  readonly kind: 'call';
  readonly name: string;
  /** Undefined for an argument that was left out between commas. */
  readonly args: readonly (Operand | undefined)[];
  readonly end: number;
}

/** `route(name, …)` */
export interface RouteCall extends Placed {
  readonly kind: 'route';
  readonly name: Operand;
  readonly args: readonly Operand[];
}

export interface Assignment extends Placed {
  readonly kind: 'assign';
  readonly target: VariableText;
  readonly operator: string;
  readonly value: Expression;
}

export interface If extends Placed {
  readonly kind: 'if';
  readonly test: Expression;
  readonly then: readonly Statement[];
  readonly otherwise: readonly Statement[] | undefined;
}

export interface While extends Placed {
  readonly kind: 'while';
  readonly test: Expression;
  readonly body: readonly Statement[];
}

export interface ForEach extends Placed {
  readonly kind: 'for';
  readonly item: VariableText;
  readonly list: VariableText;
  readonly body: readonly Statement[];
}

export interface Switch extends Placed {
  readonly kind: 'switch';
  readonly subject: VariableText;
  readonly cases: readonly Case[];
}

export interface Case extends Placed {
  /** Undefined for `default`. */
  readonly value: string | number | undefined;
  readonly body: readonly Statement[];
}

export interface Return extends Placed {
  readonly kind: 'return';
  readonly code: Operand | undefined;
  readonly values: readonly Operand[];
}

export interface Assert extends Placed {
  readonly kind: 'assert';
  readonly test: Expression;
  readonly text: string | undefined;
}

/** `async(call, route[, timeout])` or `launch(call[, route[, text]])` */
export interface Async extends Placed {
  readonly kind: 'async' | 'launch';
  readonly call: Call;
  readonly route: RawValue | undefined;
  /** Seconds. */
  readonly timeout: number;
  readonly text: StringText | undefined;
}

/** What may stand as an argument. */
export type Operand = StringText | NumberText | VariableText | NullText;

export interface StringText extends Placed {
  readonly kind: 'string';
  readonly text: string;
  /** It was written without quotes. */
  readonly bare?: boolean;
}

export interface NumberText extends Placed {
  readonly kind: 'number';
  readonly number: number;
  /** As written, for `010` and the like. */
  readonly text: string;
}

export interface VariableText extends Placed {
  readonly kind: 'variable';
  /** `$name…`, whole. */
  readonly text: string;
}

export interface NullText extends Placed {
  readonly kind: 'null';
}

/** Conditions and values; which of them may stand where, the parser knows. */
export type Expression =
  | Operand
  | Call
  | RouteCall
  | Assignment
  | If
  | Block
  | Compare
  | Logic
  | Not
  | Test
  | Arithmetic
  | Complement
  | NetText;

export interface NetText extends Placed {
  readonly kind: 'net';
  /** `address[/mask]` */
  readonly text: string;
}

/** `$left op right` */
export interface Compare extends Placed {
  readonly kind: 'compare';
  readonly operator: string;
  readonly left: VariableText;
  readonly right: Operand | NetText;
}

/** `&&` and `||` */
export interface Logic extends Placed {
  readonly kind: 'logic';
  readonly operator: '&&' | '||';
  readonly left: Expression;
  readonly right: Expression;
}

export interface Not extends Placed {
  readonly kind: 'not';
  readonly operand: Expression;
}

/** `[ value ]`: whether a value is true. */
export interface Test extends Placed {
  readonly kind: 'test';
  readonly operand: Expression;
}

export interface Arithmetic extends Placed {
  readonly kind: 'arithmetic';
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
}

/** `~ value` */
export interface Complement extends Placed {
  readonly kind: 'complement';
  readonly operand: Expression;
}
