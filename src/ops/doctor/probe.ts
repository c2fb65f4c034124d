/** What one probe found. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'failed';
  readonly text: string;
  readonly hint?: string | undefined;
}

/** One thing that is looked at; never throws. */
export interface Probe {
  readonly name: string;
  run(): Promise<readonly Finding[]>;
}

export function ok(text: string): Finding {
  return { level: 'ok', text };
}

export function warning(text: string, hint?: string): Finding {
  return { level: 'warning', text, hint };
}

export function failed(text: string, hint?: string): Finding {
  return { level: 'failed', text, hint };
}
