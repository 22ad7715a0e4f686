/**
 * The bundle: every function of src/plv8/functions with all that they import, as one script for
 * ai_runtime._load_bundle(). Its hash names the global that it sets, so a connection that has an
 * older bundle loaded never answers for a newer one.
 *
 * Built for V8 10.2 (es2022), in ASCII, in short lines: plv8 puts the line of an error into its
 * CONTEXT. The same input gives the same bytes, wherever and whenever it is built.
 */
import { readdirSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import type { SqlFunction } from '../../src/plv8/lib/define';
import { shortHash } from './quote';

export interface Bundle {
  /** The script: sets the global, returns nothing. */
  readonly script: string;
  /** Its source map, for a debugger; the database does not need it. */
  readonly sourceMap: string;
  /** The global that it sets: an object of functions by SQL name. */
  readonly global: string;
  readonly functions: readonly SqlFunction[];
}

/** Builds the bundle of a folder of function files. */
export async function buildBundle(folder: string): Promise<Bundle> {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
  const result = await build({
    stdin: { contents: entry(names), resolveDir: folder, sourcefile: 'bundle.ts', loader: 'ts' },
    bundle: true,
    write: false,
    outfile: 'bundle.js',
    absWorkingDir: folder,
    format: 'iife',
    globalName: 'bundle',
    target: 'es2022',
    platform: 'neutral',
    charset: 'ascii',
    minify: true,
    keepNames: true,
    lineLimit: 120,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: true,
    tsconfigRaw: '{}',
    logLevel: 'silent',
  });
  const code = textOf(result.outputFiles, '.js');
  const functions = evaluate(code);
  for (const [i, name] of names.entries()) {
    checkFile(name, functions[i]);
  }
  const global = `ai_runtime_${shortHash(code + publish(''))}`;
  return {
    script: `${code.trimEnd()}\n${publish(global)}\n`,
    sourceMap: textOf(result.outputFiles, '.map'),
    global,
    functions,
  };
}

/** The entry that esbuild starts from: all definitions, in the order of their names. */
function entry(names: readonly string[]): string {
  const imports = names.map((name, i) => `import f${i} from './${name}';`);
  const all = names.map((_, i) => `f${i}`);
  return `${imports.join('\n')}\nexport const all = [${all.join(', ')}];\n`;
}

/** Freezes the functions under their global; nobody can replace one by assignment. */
function publish(global: string): string {
  return [
    `Object.defineProperty(globalThis, '${global}', {`,
    '  value: Object.freeze(Object.fromEntries(',
    '    bundle.all.map((one) => [one.facts.name, one.invoke]))),',
    '});',
  ].join('\n');
}

/** Loads the bundle here, where there is no plv8: a module may not touch it before it is called. */
function evaluate(code: string): SqlFunction[] {
  return runInNewContext(`${code}; bundle.all`, {}, { timeout: 10_000 }) as SqlFunction[];
}

/** Refuses a file without a definition of its own name, and async code. */
function checkFile(name: string, found: SqlFunction | undefined): void {
  if (found?.facts === undefined) {
    throw new Error(`functions/${name}.ts: the default export must be a defineFunction()`);
  }
  if (found.facts.name !== name) {
    throw new Error(`functions/${name}.ts defines ${found.facts.name}(): file and name must agree`);
  }
  if (found.async) {
    throw new Error(`functions/${name}.ts: the code is async; plv8 awaits no Promise`);
  }
}

function textOf(files: readonly { path: string; text: string }[], ending: string): string {
  const file = files.find((one) => one.path.endsWith(ending));
  if (file === undefined) {
    throw new Error(`esbuild wrote no ${ending} file`);
  }
  return file.text;
}
