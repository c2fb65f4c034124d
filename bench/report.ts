// What a bench has to say: for people as tables, for programs as JSON.
import { writeFileSync } from 'node:fs';
import { type Machine, machine } from './machine.ts';
import { type AbsentPeer, isAbsent } from './peers/peer.ts';
import { textTable } from './text-table.ts';

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One who was measured. */
export interface Server {
  readonly name: string;
  readonly version: string;
  readonly flags: string;
}

export interface Report {
  readonly bench: string;
  readonly scenario: string;
  readonly machine: Machine;
  readonly servers: readonly Server[];
  readonly absent: readonly AbsentPeer[];
  /** What could not be measured, and why. */
  readonly failures: readonly string[];
  readonly tables: readonly Table[];
  readonly results: readonly unknown[];
}

/** Collects what a bench finds. */
export class Notebook {
  readonly #servers = new Map<string, Server>();
  readonly #absent = new Map<string, AbsentPeer>();
  readonly failures: string[] = [];
  readonly #only: readonly string[] | undefined;

  /** @param only names of those who are wanted, in small letters with commas between; all where left out */
  constructor(only?: string) {
    this.#only = only?.toLowerCase().split(',');
  }

  isWanted(name: string): boolean {
    return this.#only?.includes(name.toLowerCase()) ?? true;
  }

  /** Those that are wanted and there; the others of the wanted are noted with the reason. */
  present<T extends Server>(candidates: readonly (T | AbsentPeer)[]): T[] {
    const wanted = candidates.filter(({ name }) => this.isWanted(name));
    return wanted.filter((candidate): candidate is T => {
      if (isAbsent(candidate)) this.#absent.set(candidate.name, candidate);
      else {
        const { name, version, flags } = candidate;
        this.#servers.set(name, { name, version, flags });
      }
      return !isAbsent(candidate);
    });
  }

  /** Measures; a failure is noted, and the bench goes on. */
  async attempt<T>(what: string, measure: () => Promise<T>): Promise<T | undefined> {
    try {
      return await measure();
    } catch (error) {
      const said = (error as Error).message.trim();
      this.failures.push(`${what}: ${essence(said)}`);
      console.log(`${what}: ${said}`);
      return undefined;
    }
  }

  report(
    about: Pick<Report, 'bench' | 'scenario'>,
    tables: readonly Table[],
    results: readonly unknown[],
  ): Report {
    return {
      ...about,
      machine: machine(),
      servers: [...this.#servers.values()],
      absent: [...this.#absent.values()],
      failures: this.failures,
      tables: tables.filter(({ rows }) => rows.length > 0),
      results,
    };
  }
}

/** What a log says first of a fault, or last of anything. */
function essence(said: string): string {
  const lines = said.split('\n');
  return (lines.find((line) => /\b(error|critical)\b/i.test(line)) ?? lines.at(-1)!).trim();
}

/** Prints it, and writes it to a file where one is wanted. */
export function publish(report: Report, file: string | undefined): void {
  for (const { title, columns, rows } of report.tables) {
    console.log(`\n${title}\n\n${textTable(columns, rows)}`);
  }
  console.log('');
  for (const { name, version, flags } of report.servers)
    console.log(`${name}: ${version}${flags === '' ? '' : ` (${flags})`}`);
  for (const { name, absent } of report.absent) console.log(`${name} is not measured: ${absent}`);
  for (const failure of report.failures) console.log(`failed: ${failure}`);
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
