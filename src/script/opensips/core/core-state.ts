import type { ModuleContext } from '../runtime/module-context.ts';
import type { Statistic, StatisticSource } from '../runtime/statistics.ts';

/** What the commands and statistics of the core work on. */
export class CoreState implements StatisticSource {
  readonly context: ModuleContext;

  constructor(context: ModuleContext) {
    this.context = context;
  }

  /** The server's own counters, under its own names. */
  *statistics(): Generator<Statistic> {
    const { server } = this.context.services;
    for (const [group, counters] of Object.entries(server?.statistics() ?? {})) {
      for (const name of Object.keys(counters)) {
        yield { group, name, read: () => server?.statistics()[group]?.[name] ?? 0 };
      }
    }
  }
}
