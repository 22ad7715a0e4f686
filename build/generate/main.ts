/**
 * Writes the extension's SQL to build/out/sql. Run by `npm run build:sql`, or as
 *
 *   node build/run.mjs build/generate/main.ts
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from './generate';

const root = process.cwd();
const folder = join(root, 'build/out/sql');
const files = await generate(root);
mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder)) {
  if (file.startsWith('ai_runtime') && !files.has(file)) {
    rmSync(join(folder, file));
  }
}
for (const [file, text] of files) {
  writeFileSync(join(folder, file), text);
}
console.log(`build/out/sql: ${[...files.keys()].join(', ')}`);
