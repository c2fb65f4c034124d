import { nearest } from '../../../base/nearest.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import { KNOWN_SETTINGS } from '../known-settings.ts';
import type {
  LoadModule,
  ModuleParameter,
  RawValue,
  RouteBlock,
  Script,
  Setting,
  SocketLine,
} from './ast.ts';
import type { Faults } from './faults.ts';
import { isRouteWord, ROUTE_WORDS, routeKind, routeTitle } from './route-words.ts';
import { isSetting, readAliases, readSocket } from './socket-line.ts';
import { StatementParser } from './statement-parser.ts';
import type { Token } from './token.ts';
import { shown, Unparsable } from './token-stream.ts';

/** Route blocks that have no name, or may go without. */
const NAMELESS: ReadonlySet<RouteKind> = new Set(['request', 'onreply', 'error', 'local', 'startup']);
const NAMED: ReadonlySet<RouteKind> = new Set(['request', 'onreply', 'failure', 'branch', 'timer', 'event']);
const PARTS = 'here stand settings (name = value), loadmodule, modparam(…) and route blocks';
const SOCKET_WORDS: ReadonlySet<string> = new Set(['socket', 'listen']);
/** Settings whose values are sentences that Viaduct has no use for. */
const SENTENCES: ReadonlySet<string> = new Set(['auto_scaling_profile', 'dst_blacklist']);

/** Reads a whole script; everything wrong is told to `faults`. */
export function parseScript(faults: Faults): Script {
  return new ScriptParser(faults).script();
}

class ScriptParser extends StatementParser {
  readonly #settings: Setting[] = [];
  readonly #sockets: SocketLine[] = [];
  readonly #aliases: RawValue[] = [];
  readonly #modules: LoadModule[] = [];
  readonly #parameters: ModuleParameter[] = [];
  readonly #routes: RouteBlock[] = [];

  script(): Script {
    while (this.peek().kind !== 'end') {
      const before = this.peek().start;
      try {
        this.#part();
      } catch (error) {
        if (!(error instanceof Unparsable)) throw error;
        this.#recover(before);
      }
    }
    return {
      settings: this.#settings,
      sockets: this.#sockets,
      aliases: this.#aliases,
      modules: this.#modules,
      parameters: this.#parameters,
      routes: this.#routes,
    };
  }

  /** Goes on at the next line that begins with a word of the global part. */
  #recover(before: number): void {
    if (this.peek().start === before) this.take();
    for (;;) {
      const token = this.peek();
      if (token.kind === 'end' || (token.kind === 'word' && this.#beginsLine(token) && this.#isPart(token)))
        return;
      this.take();
    }
  }

  #beginsLine({ start }: Token): boolean {
    const { text } = this.faults.source;
    return start === 0 || text[start - 1] === '\n';
  }

  #isPart(token: Token): boolean {
    if (token.text === 'loadmodule' || token.text === 'modparam') return true;
    this.take();
    const route = isRouteWord(token.text) && (this.is('[') || this.is('{'));
    const part = route || this.is('=');
    this.moveTo(token.start);
    return part;
  }

  #part(): void {
    const token = this.peek();
    if (this.accept(';')) return;
    if (token.kind !== 'word') {
      this.faults.error(token.start, `${shown(token)} is not expected here`, PARTS);
      if (this.accept('}')) return;
      throw new Unparsable();
    }
    if (token.text === 'loadmodule') this.#loadModule();
    else if (token.text === 'modparam') this.#modparam();
    else if (isRouteWord(token.text)) this.#route();
    else this.#setting();
  }

  #loadModule(): void {
    const { start } = this.take();
    const token = this.take();
    if (token.kind !== 'string') {
      this.fail('the name of the module stands in quotes', 'write loadmodule "tm.so"', token.start);
    }
    const name = token.text.slice(token.text.lastIndexOf('/') + 1).replace(/\.so$/, '');
    if (name === '') this.fail('a module without a name', undefined, token.start);
    if (this.#modules.some((it) => it.name === name)) {
      this.faults.notice(start, `the module ${name} is loaded twice`);
      return;
    }
    this.#modules.push({ name, start: token.start });
  }

  #modparam(): void {
    const { start } = this.take();
    this.expect('(', 'the arguments of modparam', 'write modparam("module", "parameter", value)');
    const modules = this.#quoted('the name of the module');
    this.expect(',', 'the arguments of modparam');
    const name = this.#quoted('the name of the parameter');
    this.expect(',', 'the arguments of modparam');
    const valueStart = this.peek().start;
    const operand = this.operand();
    if (operand.kind !== 'string' && operand.kind !== 'number') {
      this.fail('the value of a parameter is a string or a number', undefined, valueStart);
    }
    this.expect(')', 'the arguments of modparam are not closed');
    this.#parameters.push({
      modules: modules.text,
      modulesStart: modules.start,
      name: name.text,
      nameStart: name.start,
      value: operand.kind === 'string' ? operand.text : operand.number,
      valueStart,
      start,
    });
  }

  #quoted(what: string): Token {
    const token = this.peek();
    if (token.kind !== 'string') this.fail(`${what} stands in quotes`);
    return this.take();
  }

  #route(): void {
    const word = this.take();
    const kind = routeKind(word.text)!;
    const { name, interval } = this.#routeHead(word, kind);
    const known = this.#routes.find((it) => it.kind === kind && it.name === name && kind !== 'timer');
    if (known) {
      const { line } = this.faults.source.place(known.start);
      this.faults.error(word.start, `${routeTitle(kind, name)} is there already, from line ${line}`);
    }
    const open = this.peek().start;
    const body = this.block(routeTitle(kind, name));
    if (body.length === 0 && !this.faults.failed) {
      this.faults.error(open, `${routeTitle(kind, name)} is empty`, 'write at least one statement, as exit;');
    }
    if (!known) this.#routes.push({ kind, name, interval, body, start: word.start });
  }

  #routeHead(word: Token, kind: RouteKind): { name: string; interval: number } {
    if (!this.accept('[')) {
      if (!NAMELESS.has(kind)) {
        this.fail(`${word.text} needs a name`, `write ${word.text}[NAME] { … }`, word.start);
      }
      return { name: '', interval: 0 };
    }
    if (!NAMED.has(kind)) this.fail(`${word.text} has no name`, `write ${word.text} { … }`, word.start);
    const token = this.take();
    if (token.kind !== 'word' && token.kind !== 'number' && token.kind !== 'string') {
      this.fail(`a name is missing before ${shown(token)}`, undefined, token.start);
    }
    let interval = 0;
    if (kind === 'timer') {
      this.expect(',', 'the interval of a timer_route', 'write timer_route[NAME, SECONDS] { … }');
      const seconds = this.number();
      interval = seconds.kind === 'number' ? seconds.number : 0;
      if (interval <= 0)
        this.fail('the interval of a timer_route is a number of seconds', undefined, seconds.start);
    }
    this.expect(']', `the name of this ${word.text} is not closed`);
    const main = (kind === 'request' || kind === 'onreply') && token.text === '0';
    return { name: main ? '' : token.text, interval };
  }

  #setting(): void {
    const name = this.take();
    // `mem-group` is one word.
    const text = name.text === 'mem' && this.accept('-') ? `mem-${this.take().text}` : name.text;
    if (!this.is('=')) {
      if (Object.hasOwn(KNOWN_SETTINGS, text) || SOCKET_WORDS.has(text) || text === 'alias') {
        this.fail(`"=" is missing behind ${text}`, `write ${text} = …`, name.end);
      }
      const near = nearest(text, [...ROUTE_WORDS, 'loadmodule', 'modparam', 'include_file']);
      const hint = this.is('(')
        ? 'functions are called inside of a route'
        : near === undefined
          ? PARTS
          : `did you mean ${near}?`;
      this.fail(`"${text}" is not expected here`, hint, name.start);
    }
    const equals = this.take();
    this.moveTo(equals.end);
    if (SOCKET_WORDS.has(text)) {
      if (text === 'listen') this.faults.notice(name.start, 'an older spelling', 'write socket = …');
      const line = readSocket(this.scanner, this.faults, name.start);
      if (line) this.#sockets.push(line);
      this.moveTo(this.scanner.position);
    } else if (text === 'alias') {
      this.#aliases.push(...readAliases(this.scanner, this.faults, name.start));
      this.moveTo(this.scanner.position);
    } else if (SENTENCES.has(text) || text === 'mem-group') {
      this.#skipSentence(equals.end);
      this.#settings.push({
        name: text,
        value: '',
        valueStart: equals.end,
        quoted: false,
        start: name.start,
      });
    } else {
      this.#settings.push(this.#value(text, name, equals));
    }
  }

  #value(name: string, { start }: Token, equals: Token): Setting {
    const token = this.peek();
    const valueStart = token.start;
    const signed = token.kind === 'mark' && (token.text === '-' || token.text === '+');
    if (token.kind === 'number' || signed) {
      const number = this.number();
      // `advertised_address = 5.6.7.8` is an address; a number that goes on is a word: 10k, 0-9.
      if (number.kind === 'number') return { name, value: number.number, valueStart, quoted: false, start };
    }
    if (token.kind === 'string') {
      const value = this.operand();
      if (value.kind === 'string') {
        while (name === 'mpath' && this.accept(':')) this.take();
        return { name, value: value.text, valueStart, quoted: true, start };
      }
    }
    this.moveTo(equals.end);
    const raw = this.scanner.raw();
    if (raw !== undefined && isSetting(this.scanner)) {
      this.moveTo(raw.start);
      this.faults.error(start, `the value of ${name} is missing`);
      throw new Unparsable();
    }
    this.moveTo(this.scanner.position);
    if (raw === undefined) this.fail(`the value of ${name} is missing`, undefined, start);
    return { name, value: raw.text, valueStart: raw.start, quoted: false, start };
  }

  /** Up to the next line that begins a part of its own. */
  #skipSentence(from: number): void {
    this.moveTo(from);
    let first = true;
    for (;;) {
      const token = this.peek();
      if (token.kind === 'end') return;
      if (!first && token.kind === 'word' && this.#beginsLine(token) && this.#isPart(token)) {
        this.moveTo(token.start);
        return;
      }
      first = false;
      this.take();
    }
  }
}
