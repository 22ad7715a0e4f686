/**
 * CREATE FUNCTION, COMMENT and GRANT from the facts of a definition.
 *
 * The function in plv8 is two lines: load the bundle if this connection has not, call the code. The
 * directive ahead of them has our plv8 begin with the bundle loaded. A definition with a core makes
 * two functions, a wrapper in SQL with the public signature and the plv8 one as an internal; so
 * does one with a numeric argument, which JavaScript gets as text.
 */
import type { CoreArguments, FunctionFacts, Returns } from '../../src/plv8/lib/define';
import { dollarQuote, identifier, literal } from './quote';

interface Part {
  readonly name: string;
  readonly type: string;
  readonly default?: string;
}

/** The SQL of one definition: what creates it, and what grants the rights to it. */
export interface FunctionSql {
  readonly create: string;
  readonly grant: string;
}

const searchPath = 'SET search_path = pg_catalog, pg_temp';

/** The SQL of a definition whose code stands in this global. */
export function functionSql(facts: FunctionFacts, global: string): FunctionSql {
  checkFacts(facts);
  const args = parts(facts.args);
  const core = coreOf(facts);
  const target = qualified(facts.schema ?? 'extension', facts.name);
  if (core === undefined) {
    return functionOf(facts, target, args, stub(facts, global, args));
  }
  const inner = qualified('ai_runtime', facts.coreName ?? coreName(facts.name));
  const coreArgs = parts(core);
  const made = functionOf(facts, inner, coreArgs, stub(facts, global, coreArgs), {
    comment: `Core of ${facts.name}(): ${facts.comment}`,
  });
  const call = `${inner}(${coreArgs.map(({ name }) => fromOf(core, name)).join(', ')})`;
  const outer = functionOf(facts, target, args, wrapper(facts, call));
  return {
    create: `${made.create}\n${outer.create}`,
    grant: `${made.grant}${outer.grant}`,
  };
}

/** The name of a core: its function's as an internal. */
export function coreName(name: string): string {
  return name.replace(/^(ai)?_?/, '_');
}

/** The core that a definition gives, or the one that its numeric arguments need. */
function coreOf(facts: FunctionFacts): CoreArguments | undefined {
  if (facts.core !== undefined) {
    return facts.core;
  }
  const args = parts(facts.args);
  if (!args.some(({ type }) => type === 'numeric')) {
    return undefined;
  }
  const asText = ({ name, type }: Part) =>
    type === 'numeric'
      ? { type: 'text' as const, from: `${identifier(name)}::pg_catalog.text` }
      : { type: type as 'text', from: identifier(name) };
  return Object.fromEntries(args.map((part) => [part.name, asText(part)]));
}

function fromOf(core: CoreArguments, name: string): string {
  const argument = core[name];
  return typeof argument === 'object' ? argument.from : identifier(name);
}

function parts(args: Readonly<Record<string, string | object>>): Part[] {
  return Object.entries(args).map(([name, argument]) =>
    typeof argument === 'string'
      ? { name, type: argument }
      : { name, ...(argument as { type: string; default?: string }) },
  );
}

function qualified(schema: 'extension' | 'ai_runtime', name: string): string {
  return `${schema === 'extension' ? '@extschema@' : 'ai_runtime'}.${identifier(name)}`;
}

/** The language and body of the function in plv8. */
function stub(facts: FunctionFacts, global: string, args: readonly Part[]): string {
  const names = args.map(({ name }) => name).join(', ');
  const set = typeof facts.returns === 'object' && facts.rows ? ` ROWS ${facts.rows}` : '';
  const body = [
    '',
    `'plv8 bundle ${global}';`,
    `if (!globalThis.${global}) plv8.find_function('ai_runtime._load_bundle')();`,
    `return globalThis.${global}.${facts.name}(${names === '' ? '' : `{ ${names} }`});`,
    '',
  ].join('\n');
  return [
    `\tLANGUAGE plv8 ${attributes(facts)}${set}`,
    `\tSECURITY ${facts.security.toUpperCase()} ${searchPath}`,
    `\tAS ${dollarQuote(body)}`,
  ].join('\n');
}

/** The language and body of a wrapper: parsed once, so no search_path can change what it calls. */
function wrapper(facts: FunctionFacts, call: string): string {
  const head = `\tLANGUAGE sql ${attributes(facts)}`;
  return typeof facts.returns === 'object'
    ? `${head}\n\tBEGIN ATOMIC SELECT * FROM ${call}; END`
    : `${head}\n\tRETURN ${call}`;
}

function attributes(facts: FunctionFacts): string {
  const strict = facts.strict ? ' STRICT' : '';
  const cost = facts.cost === undefined ? '' : ` COST ${facts.cost}`;
  const volatility = facts.volatility.toUpperCase();
  return `${volatility}${strict} PARALLEL ${facts.parallel.toUpperCase()}${cost}`;
}

function functionOf(
  facts: FunctionFacts,
  name: string,
  args: readonly Part[],
  body: string,
  { comment = facts.comment }: { comment?: string } = {},
): FunctionSql {
  const list = args.map(
    (arg) =>
      `${identifier(arg.name)} ${sqlType(arg.type)}` +
      (arg.default === undefined ? '' : ` DEFAULT ${arg.default}`),
  );
  const signature = `${name}(${args.map(({ type }) => sqlType(type)).join(', ')})`;
  const grants = facts.grants.map((role) => (role === 'PUBLIC' ? role : identifier(role)));
  return {
    create:
      `CREATE FUNCTION ${name}(${list.join(', ')})\n` +
      `\tRETURNS ${returnsSql(facts.returns)}\n${body};\n` +
      `COMMENT ON FUNCTION ${signature} IS\n\t${literal(comment)};\n`,
    grant:
      `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC;\n` +
      (grants.length === 0
        ? ''
        : `GRANT EXECUTE ON FUNCTION ${signature}\n\tTO ${grants.join(', ')};\n`),
  };
}

function returnsSql(returns: Returns): string {
  if (typeof returns === 'string') {
    return sqlType(returns);
  }
  if ('setof' in returns) {
    return `SETOF ${sqlType(returns.setof)}`;
  }
  const columns = Object.entries(returns.table).map(
    ([name, type]) => `${identifier(name)} ${sqlType(type)}`,
  );
  return `TABLE(${columns.join(', ')})`;
}

function sqlType(type: string): string {
  return `pg_catalog.${type}`;
}

/** Refuses what PostgreSQL or JavaScript would refuse later, or would not refuse at all. */
function checkFacts(facts: FunctionFacts): void {
  const refuse = (reason: string): never => {
    throw new Error(`${facts.name}(): ${reason}`);
  };
  if (!/^_?[a-z][a-z0-9_]*$/.test(facts.name) || facts.name.length > 62) {
    refuse('the name must be a plain SQL identifier');
  }
  if (facts.name.startsWith('_') !== (facts.schema === 'ai_runtime')) {
    refuse('an internal starts with "_" and lives in schema ai_runtime, and nothing else does');
  }
  if (facts.comment.trim() === '' || facts.comment.endsWith('.')) {
    refuse('the comment must be there, without a full stop');
  }
  const args = parts(facts.args);
  for (const name of [...args, ...parts(facts.core ?? {})].map((part) => part.name)) {
    if (!/^[a-z][a-z0-9_]*$/.test(name) || !isBindable(name)) {
      refuse(`"${name}" cannot name an argument in SQL and JavaScript`);
    }
  }
  const first = args.findIndex((arg) => arg.default !== undefined);
  if (first >= 0 && args.slice(first).some((arg) => arg.default === undefined)) {
    refuse('after an argument with a default, all have one');
  }
}

/** Whether JavaScript takes a name as a variable. */
function isBindable(name: string): boolean {
  try {
    return new Function(name, '"use strict";') instanceof Function;
  } catch {
    return false;
  }
}
