import { ServerError } from '../../base/errors.ts';
import { diagnosticsText } from '../../ops/config/diagnostic.ts';
import type { ServerConfig } from '../../ops/config/server-config.ts';
import { isScriptProgram } from '../../script/loader.ts';
import { SourceText } from '../../script/opensips/language/source-text.ts';
import { compileSource, type LoadedScript } from '../../script/opensips/load-script.ts';
import { loadScriptProgram } from '../../script/script-program.ts';
import { type Portable, pack, unpack } from './portable.ts';

/** A configuration as it gets through to another thread. */
export interface PortableConfig {
  readonly plain: Portable<Omit<ServerConfig, 'script'>>;
  /** Compiled again where it arrives: functions get through nowhere. */
  readonly script?: PortableScript;
}

interface PortableScript {
  readonly file: string;
  readonly text: string;
  readonly stretches: SourceText['stretches'];
  readonly traced: boolean;
}

export function packConfig(config: ServerConfig): PortableConfig {
  const { script, ...plain } = config;
  return { plain: pack(plain), ...(script && { script: packScript(script) }) };
}

/** @throws ServerError CFG_INVALID where a script in TypeScript has been changed, and is wrong now */
export async function unpackConfig({ plain, script }: PortableConfig): Promise<ServerConfig> {
  return { ...unpack(plain), ...(script && { script: await unpackScript(script) }) };
}

function packScript({ file, source, settings }: LoadedScript): PortableScript {
  return { file, text: source.text, stretches: source.stretches, traced: settings.traced === true };
}

/** A script in TypeScript is read again from its file, and one of OpenSIPS from the text that was read. */
async function unpackScript({ file, text, stretches, traced }: PortableScript): Promise<LoadedScript> {
  const result = isScriptProgram(file)
    ? await loadScriptProgram(file)
    : await compileSource(file, new SourceText(text, stretches), { traced });
  if (result.ok) return result.loaded;
  throw new ServerError('CFG_INVALID', diagnosticsText(result.problems));
}
