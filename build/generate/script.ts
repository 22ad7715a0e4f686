/**
 * The install script: the files of sql/ in the order of their numbers, the generated functions as
 * number 40, their grants at the end. It uses plain CREATE only, so that it adopts no object that
 * somebody put in its place, and runs under a search_path that nobody else can write to.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from './bundle';
import { functionSql } from './function_sql';
import { dollarQuote } from './quote';

/** Where the generated part stands among the files. */
const GENERATED = '40_generated';

/** The whole text of ai_runtime--VERSION.sql. */
export function installScript(folder: string, bundle: Bundle, version: string): string {
  const files = readdirSync(folder)
    .filter((file) => /^[0-9]{2}_[a-z0-9_]+\.sql$/.test(file))
    .sort();
  const generated = bundle.functions.map(({ facts }) => functionSql(facts, bundle.global));
  const sections = files.map((file) => ({
    name: file.slice(0, -'.sql'.length),
    text: checkedFile(join(folder, file)),
  }));
  sections.push({
    name: GENERATED,
    text: [loadBundleSql(bundle), ...generated.map(({ create }) => create)].join('\n'),
  });
  sections.sort((a, b) => (a.name < b.name ? -1 : 1));
  sections.push({
    name: 'grants of the generated functions',
    text: generated.map(({ grant }) => grant).join(''),
  });
  return [
    head(version),
    ...sections.map(({ name, text }) => `-- ${name}\n\n${text.trim()}\n`),
  ].join('\n');
}

function head(version: string): string {
  return [
    `-- ai_runtime ${version}: generated from sql/ and src/plv8, not to be edited`,
    '',
    '-- Refuses to run other than by CREATE EXTENSION.',
    '\\echo Use "CREATE EXTENSION ai_runtime CASCADE" to load this file. \\quit',
    '',
    '-- Names in this script mean the built-in ones, whatever else is in the way.',
    'SET LOCAL search_path = pg_catalog, pg_temp;',
    '',
  ].join('\n');
}

/** The function that holds the bundle. */
function loadBundleSql(bundle: Bundle): string {
  return [
    'CREATE FUNCTION ai_runtime._load_bundle() RETURNS void',
    '\tLANGUAGE plv8 VOLATILE PARALLEL RESTRICTED',
    '\tSECURITY INVOKER SET search_path = pg_catalog, pg_temp',
    `\tAS ${dollarQuote(bundle.script)};`,
    'COMMENT ON FUNCTION ai_runtime._load_bundle() IS',
    `\t'The TypeScript of all functions, as ${bundle.global}; each loads it on its first call';`,
    '',
  ].join('\n');
}

/** A hand-written file; its first-install statements must not replace what is there. */
function checkedFile(path: string): string {
  const text = readFileSync(path, 'utf8');
  if (/\bCREATE\s+OR\s+REPLACE\b|\bIF\s+NOT\s+EXISTS\s+[a-z@]/i.test(text.replace(/--.*$/gm, ''))) {
    throw new Error(`${path}: the install script uses plain CREATE`);
  }
  return text;
}
