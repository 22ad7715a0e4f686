/**
 * The bundle: every function of src/plv8/functions with all that they import, as one script for
 * ai_runtime._load_bundle(). Its hash names the global that it sets, so a connection that has an
 * older bundle loaded never answers for a newer one. The same name is that of the file from which
 * our plv8 makes its start-up snapshot, and of the source map that its last line points to.
 *
 * Built for V8 10.2 (es2022), in ASCII, in short lines: upstream's plv8 puts the line of an error
 * into its CONTEXT. The same input gives the same bytes, wherever and whenever it is built.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import type { SqlFunction } from '../../src/plv8/lib/define';
import { shortHash } from './quote';

export interface Bundle {
  /** The script: sets the global, returns nothing. */
  readonly script: string;
  /** Its source map, without the sources' text: our plv8 maps stacks through it. */
  readonly sourceMap: string;
  /** The global that it sets, an object of functions by SQL name; also the bundle's name. */
  readonly global: string;
  readonly functions: readonly SqlFunction[];
}

/** Sources whose frames say nothing of where an error comes from. */
const IGNORED_SOURCES = ['src/plv8/lib/define.ts', 'src/plv8/functions/bundle.ts'];

/** Builds the bundle of a folder of function files; its map names sources relative to `root`. */
export async function buildBundle(folder: string, root = folder): Promise<Bundle> {
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
    sourcesContent: false,
    tsconfigRaw: '{}',
    logLevel: 'silent',
  });
  const code = textOf(result.outputFiles, '.js');
  const functions = evaluate(code);
  for (const [i, name] of names.entries()) {
    checkFile(name, functions[i]);
  }
  const sourceMap = namedFrom(textOf(result.outputFiles, '.map'), folder, root);
  const global = `ai_runtime_${shortHash(code + sourceMap + publish(''))}`;
  const link = `//# sourceMappingURL=${global}.js.map`;
  return {
    script: `${code.trimEnd()}\n${publish(global)}\n${link}\n`,
    sourceMap,
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

/** A source map with sources relative to the checkout, and those named that are in the way. */
function namedFrom(text: string, folder: string, root: string): string {
  const {
    sources,
    names: _names,
    ...map
  } = JSON.parse(text) as {
    sources: string[];
    names: string[];
  };
  const named = sources.map((source) => path.relative(root, path.join(folder, source)));
  const ignoreList = [...named.keys()].filter((i) => IGNORED_SOURCES.includes(named[i] ?? ''));
  return `${JSON.stringify({ ...map, sources: named, names: [], ignoreList })}\n`;
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
