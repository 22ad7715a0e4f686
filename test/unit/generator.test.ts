/** The generator: the SQL that it writes, what it refuses, and that it writes the same twice. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { buildBundle } from '../../build/generate/bundle';
import { coreName, functionSql } from '../../build/generate/function_sql';
import { generate } from '../../build/generate/generate';
import { dollarQuote, identifier, literal } from '../../build/generate/quote';
import type { FunctionFacts } from '../../src/plv8/lib/define';

const root = path.resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(path.join(tmpdir(), 'ai-generator-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const facts: FunctionFacts = {
  name: 'ai_sample',
  args: { model: 'text', threshold: { type: 'float8', default: '0.5' } },
  returns: 'text',
  volatility: 'stable',
  parallel: 'safe',
  strict: true,
  security: 'definer',
  cost: 100,
  comment: "A sample's comment",
  grants: ['ai_runtime_predictor'],
};

describe('the whole script', () => {
  it('is the same when it is made twice', async () => {
    const [first, second] = [await generate(root), await generate(root)];
    expect([...second]).toEqual([...first]);
  });

  it('refuses to run outside CREATE EXTENSION and creates everything plainly', async () => {
    const files = await generate(root);
    const [name, script = ''] = [...files].find(([file]) => file.endsWith('.sql')) ?? [];
    expect(name).toMatch(/^ai_runtime--[0-9.]+\.sql$/);
    expect(script).toContain('\\echo Use "CREATE EXTENSION ai_runtime CASCADE"');
    expect(script).not.toMatch(/^(CREATE OR REPLACE|DROP )/m);
    expect(script.indexOf('-- 10_tables')).toBeLessThan(script.indexOf('-- 40_generated'));
    expect(script.indexOf('-- 40_generated')).toBeLessThan(script.indexOf('-- 90_privileges'));
  });

  it('says the version of package.json in the control file', async () => {
    const files = await generate(root);
    const version = [...files.keys()][0]?.match(/--(.*)\.sql/)?.[1];
    expect(files.get('ai_runtime.control')).toContain(`default_version = '${version}'`);
  });

  it('is ASCII, in lines that fit a CONTEXT', async () => {
    const script = [...(await generate(root))].find(([file]) => file.endsWith('.js'))?.[1] ?? '';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is that of ASCII.
    expect(script).toMatch(/^[\x00-\x7f]*$/);
  });
});

describe('the bundle', () => {
  it('sets one frozen global that is named by its content', async () => {
    const bundle = await buildBundle(path.join(root, 'src/plv8/functions'));
    const context: Record<string, unknown> = {};
    runInNewContext(bundle.script, context);
    const published = context[bundle.global] as Record<string, unknown>;
    expect(Object.isFrozen(published)).toBe(true);
    expect(Object.keys(published)).toEqual(bundle.functions.map((one) => one.facts.name));
  });

  it.each([
    ['async code', 'async () => null', /async/],
    ['an async generator', 'async function* () {}', /async/],
  ])('refuses %s', async (_case, code, message) => {
    await expect(bundleOf(`{ name: 'ai_sample' }, ${code}`)).rejects.toThrow(message);
  });

  it('refuses a file whose function has another name', async () => {
    await expect(bundleOf(`{ name: 'ai_other' }, () => null`)).rejects.toThrow(/must agree/);
  });

  it('refuses a module that needs plv8 to load', async () => {
    await expect(bundleOf(`{ name: plv8.version }, () => null`)).rejects.toThrow(/plv8/);
  });
});

describe('the SQL of a function', () => {
  const { create, grant } = functionSql(facts, 'ai_runtime_0');

  it('has a stub that loads the bundle of its release, unless it started with it', () => {
    const body = create
      .split(/\$ai_[0-9a-f]{8}\$/)[1]
      ?.trim()
      .split('\n');
    expect(body).toEqual([
      `'plv8 bundle ai_runtime_0';`,
      `if (!globalThis.ai_runtime_0) plv8.find_function('ai_runtime._load_bundle')();`,
      'return globalThis.ai_runtime_0.ai_sample({ model, threshold });',
    ]);
  });

  it('carries attributes, defaults, a safe search_path and the comment', () => {
    expect(create).toContain('threshold pg_catalog.float8 DEFAULT 0.5');
    expect(create).toContain('LANGUAGE plv8 STABLE STRICT PARALLEL SAFE COST 100');
    expect(create).toContain('SECURITY DEFINER SET search_path = pg_catalog, pg_temp');
    expect(create).toContain(`IS\n\t'A sample''s comment';`);
  });

  it('takes the right from PUBLIC and gives it to the roles it names', () => {
    expect(grant).toContain('REVOKE ALL ON FUNCTION @extschema@.ai_sample(');
    expect(grant).toContain('TO ai_runtime_predictor;');
    expect(functionSql({ ...facts, grants: [] }, 'ai_runtime_0').grant).not.toContain('GRANT');
  });

  it('is a wrapper and a core where arguments pass through SQL first', () => {
    const core = { sha256: { type: 'bytea', from: 'ai_runtime._store_model(model)' } } as const;
    const made = functionSql({ ...facts, args: { model: 'bytea' }, core }, 'ai_runtime_0');
    expect(made.create).toContain('CREATE FUNCTION ai_runtime._sample(sha256 pg_catalog.bytea)');
    expect(made.create).toContain('RETURN ai_runtime._sample(ai_runtime._store_model(model));');
    expect(made.grant.match(/GRANT EXECUTE/g)).toHaveLength(2);
  });

  it('hands a numeric to JavaScript as text', () => {
    const made = functionSql({ ...facts, args: { amount: 'numeric' } }, 'ai_runtime_0');
    expect(made.create).toContain('RETURN ai_runtime._sample(amount::pg_catalog.text);');
  });

  it('returns sets as TABLE and SETOF', () => {
    const table = { table: { name: 'text', ok: 'bool' } } as const;
    expect(functionSql({ ...facts, returns: table }, 'g').create).toContain(
      'RETURNS TABLE(name pg_catalog.text, ok pg_catalog.bool)',
    );
    expect(functionSql({ ...facts, returns: { setof: 'int8' } }, 'g').create).toContain(
      'RETURNS SETOF pg_catalog.int8',
    );
  });

  it.each<[string, Partial<FunctionFacts>, RegExp]>([
    ['a name in capitals', { name: 'aiSample' }, /plain SQL identifier/],
    ['an internal outside our schema', { name: '_sample' }, /lives in schema ai_runtime/],
    ['a missing comment', { comment: '' }, /comment/],
    ['an argument that JavaScript reserves', { args: { new: 'text' } }, /cannot name/],
    [
      'a default before none',
      { args: { a: { type: 'text', default: `''` }, b: 'text' } },
      /default/,
    ],
  ])('refuses %s', (_case, change, message) => {
    expect(() => functionSql({ ...facts, ...change }, 'g')).toThrow(message);
  });
});

describe('quoting', () => {
  it('ends a body only where it ends', () => {
    const inner = dollarQuote('x');
    const quoted = dollarQuote(inner + inner);
    const tag = quoted.match(/^\$ai_[0-9a-f]{8}\$/)?.[0] ?? '';
    expect(quoted.split(tag)).toEqual(['', inner + inner, '']);
  });

  it('writes literals and identifiers as PostgreSQL reads them', () => {
    expect(literal("it's")).toBe("'it''s'");
    expect(['model', 'user', 'A"b'].map(identifier)).toEqual(['model', '"user"', '"A""b"']);
  });

  it('names cores as internals', () => {
    expect(['ai_create_model', 'sample'].map(coreName)).toEqual(['_create_model', '_sample']);
  });
});

/** The bundle of one function file, written for the test. */
async function bundleOf(definition: string) {
  const define = path.join(root, 'src/plv8/lib/define');
  const text = `import { defineFunction } from ${JSON.stringify(define)};
    export default defineFunction(${definition});`;
  writeFileSync(path.join(scratch, 'ai_sample.ts'), text);
  return buildBundle(scratch);
}
