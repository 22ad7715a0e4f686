/**
 * What the generator makes of a checkout: ai_runtime--VERSION.sql, ai_runtime.control, the bundle
 * and its source map, both named by the bundle's hash. The version stands in package.json and
 * nowhere else. Pure: the same checkout gives the same bytes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildBundle } from './bundle';
import { installScript } from './script';

/** Every file that the generator makes from a checkout, by name. */
export async function generate(root: string): Promise<Map<string, string>> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const bundle = await buildBundle(join(root, 'src/plv8/functions'), root);
  const control = readFileSync(join(root, 'sql/ai_runtime.control.in'), 'utf8');
  return new Map([
    [`ai_runtime--${version}.sql`, installScript(join(root, 'sql'), bundle, version)],
    ['ai_runtime.control', control.replaceAll('@VERSION@', version)],
    [`${bundle.global}.js`, bundle.script],
    [`${bundle.global}.js.map`, bundle.sourceMap],
  ]);
}
