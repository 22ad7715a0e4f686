/**
 * The house rules that a machine can hold: sizes, doors, names, and facts that stand in two places.
 * Looks at the tracked files only.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { trackedFiles } from './tracked_files';

const MAX_FILE_LINES = 500;
const MAX_FUNCTION_LINES = 70;
const MAX_COLUMNS = 100;
const TAB_COLUMNS = 4;

const root = path.resolve(import.meta.dirname, '../..');
const tracked = trackedFiles(root);

const texts = new Map<string, string>();

function read(name: string): string {
  let text = texts.get(name);
  if (text === undefined) {
    text = readFileSync(path.join(root, name), 'utf8');
    texts.set(name, text);
  }
  return text;
}

const linesOf = (name: string): string[] => read(name).replace(/\n$/, '').split('\n');

/** Tracked files with one of these endings, without what a generator wrote. */
function files(...endings: string[]): string[] {
  return tracked.filter(
    (name) => endings.some((ending) => name.endsWith(ending)) && !name.endsWith('onnx_pb.ts'),
  );
}

const native = files('.c', '.h', '.cc');
const scripts = files('.ts', '.mjs');
const code = [...native, ...scripts, ...files('.sql', '.pl', '.pm', '.spec', 'Makefile', '.gyp')];
const documents = files('.md');

/** The named groups of every match in a text. */
function groups(text: string, pattern: RegExp): Record<string, string>[] {
  return [...text.matchAll(pattern)].map((match) => match.groups ?? {});
}

describe('sizes', () => {
  it('keeps every file within its lines', () => {
    expect(code.filter((name) => linesOf(name).length > MAX_FILE_LINES)).toEqual([]);
  });

  it('keeps every line within its columns', () => {
    const wide = code.flatMap((name) =>
      linesOf(name).flatMap((line, i) => {
        const columns = [...line.replaceAll('\t', ' '.repeat(TAB_COLUMNS))].length;
        return columns > MAX_COLUMNS ? [`${name}:${i + 1}: ${columns}`] : [];
      }),
    );
    expect(wide).toEqual([]);
  });

  it('keeps every function within its lines', () => {
    const opens: Readonly<Record<string, RegExp>> = {
      '.c': /^\{$/,
      '.cc': /^(?!namespace|class|struct|enum|union|extern)\S.*\{$/,
      '.ts': /^(export )?(default )?(async )?function\b/,
      '.mjs': /^(export )?(default )?(async )?function\b/,
    };
    const long: string[] = [];
    for (const name of [...native, ...scripts]) {
      const open = opens[path.extname(name)];
      let start = -1;
      for (const [i, line] of linesOf(name).entries()) {
        if (start < 0 && open?.test(line)) start = i;
        if (start < 0 || !/^\}/.test(line)) continue;
        if (i - start + 1 > MAX_FUNCTION_LINES) long.push(`${name}:${start + 1}: ${i - start + 1}`);
        start = -1;
      }
    }
    expect(long).toEqual([]);
  });
});

describe('names and leftovers', () => {
  it('names no file after nothing in particular', () => {
    const banned = /(^|[_.-])(utils?|managers?|helpers?|misc|common)([_.-]|$)/i;
    expect(tracked.filter((name) => banned.test(path.basename(name)))).toEqual([]);
  });

  it('leaves no note of unfinished work', () => {
    // In parts, so that this line is not one.
    const note = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
    expect(code.filter((name) => note.test(read(name)))).toEqual([]);
  });

  it('tracks nothing that a build makes', () => {
    expect(tracked.filter((name) => /^(build\/out|node_modules)\//.test(name))).toEqual([]);
  });

  it('exports no C symbol without a prefix of ours', () => {
    const exported = groups(read('native/extension/exports.map'), /^\t\t(?<symbol>\S+);/gm);
    const symbols = exported.map(({ symbol = '' }) => symbol).filter((symbol) => symbol !== '*');
    expect(symbols.length).toBeGreaterThan(5);
    expect(
      symbols.filter((symbol) => !/^(ai_|pg_finfo_ai_|_PG_init$|Pg_magic)/.test(symbol)),
    ).toEqual([]);
  });
});

describe('doors', () => {
  /** A foreign API, where it may be used, and among which files it is looked for. */
  const doors: readonly { api: RegExp; door: RegExp; among: RegExp }[] = [
    { api: /#include [<"]napi\.h/, door: /server\/src\/addon\.cc$/, among: /^native\// },
    {
      api: /#include [<"]onnxruntime/,
      door: /server\/src\/(model_session\.cc|onnx_values\.h)$/,
      among: /^native\//,
    },
    { api: /#include <sys\/epoll\.h>/, door: /server\/src\/event_loop\.cc$/, among: /^native\// },
    { api: /\bPG_VERSION_NUM\b/, door: /extension\/compat\.h$/, among: /^native\/extension\// },
    { api: /\bplanner_hook\b/, door: /extension\/planner\.c$/, among: /^native\/extension\// },
    { api: /#include [<"]v8[-.a-z]*h/, door: /^native\/plv8\//, among: /^native\// },
    { api: /#include [<"]postgres\.h/, door: /^native\/(extension|plv8)\//, among: /^native\// },
    { api: /#include [<"](node_api|node|uv)\.h/, door: /^$/, among: /^native\/extension\// },
    { api: /\bplv8\.[a-z_]+[(<]/, door: /lib\/sql\.ts$/, among: /^src\/plv8\/.*\.ts$/ },
  ];

  it.each(doors)('keeps $api behind its door', ({ api, door, among }) => {
    const users = [...native, ...scripts].filter(
      (name) => among.test(name) && api.test(withoutComments(read(name))),
    );
    expect(users.filter((name) => !door.test(name))).toEqual([]);
  });

  it('imports nothing from one program of src into another', () => {
    const crossing = scripts
      .filter((name) => /^src\/(plv8|server)\//.test(name))
      .flatMap((name) =>
        importsOf(name)
          .filter((target) => target.startsWith('src/') && !target.startsWith('src/shared/'))
          .filter((target) => target.split('/')[1] !== name.split('/')[1])
          .map((target) => `${name} -> ${target}`),
      );
    expect(crossing).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

/** The files of this repository that a script imports. */
function importsOf(name: string): string[] {
  return groups(read(name), /\bfrom '(?<target>\.[^']*)'|import\('(?<late>\.[^']*)'\)/g)
    .map(({ target, late }) => path.join(path.dirname(name), target ?? late ?? ''))
    .map((found) => found.replace(/\.js$/, ''))
    .map((found) => [found, `${found}.ts`].find((at) => tracked.includes(at)))
    .filter((found) => found !== undefined);
}

describe('every file is reached', () => {
  it('compiles every file of the extension', () => {
    const objects = groups(read('native/extension/Makefile'), /\b(?<object>[a-z_0-9]+)\.o\b/g);
    const named = new Set(objects.map(({ object }) => `native/extension/${object}.c`));
    const sources = native.filter((name) => /^native\/extension\/.*\.c$/.test(name));
    expect(sources.filter((name) => !named.has(name))).toEqual([]);
  });

  it('includes every header', () => {
    const included = new Set(
      native.flatMap((name) =>
        groups(read(name), /#include "(?<header>[^"]+)"/g).map(({ header = '' }) =>
          path.basename(header),
        ),
      ),
    );
    const headers = native.filter((name) => name.endsWith('.h'));
    expect(headers.filter((name) => !included.has(path.basename(name)))).toEqual([]);
  });

  it('imports every script that is no program', () => {
    const imported = new Set(scripts.flatMap(importsOf));
    const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = Object.values(manifest.scripts).join(' ');
    const texts = [commands, ...scripts.filter((name) => name.startsWith('build/')).map(read)];
    const unreached = scripts.filter(
      (name) =>
        !imported.has(name) &&
        !/\.test\.ts$|\.d\.ts$|^src\/plv8\/functions\//.test(name) &&
        !texts.some((text) => text.includes(name)) &&
        // TAP programs name what they start.
        !files('.pl').some((program) => read(program).includes(path.basename(name))) &&
        !linesOf(name).some((line) => line.includes(`node build/run.mjs ${name}`)),
    );
    expect(unreached).toEqual([]);
  });
});

describe('facts that stand in two places', () => {
  it('describes every setting in the README, with its default', () => {
    const readme = read('README.md');
    const defined = groups(
      read('native/extension/guc.c'),
      /Define\w+Variable\("(?<name>ai_runtime\.\w+)"/g,
    );
    expect(defined.length).toBeGreaterThan(10);
    expect(defined.filter(({ name }) => !readme.includes(`| \`${name}\` |`))).toEqual([]);
    const described = groups(readme, /^\| `(?<name>ai_runtime\.\w+)` \|/gm);
    expect(described.map(({ name }) => name).sort()).toEqual(
      defined.map(({ name }) => name).sort(),
    );
  });

  it('numbers the messages in the document of the protocol as in its header', () => {
    const header = groups(
      read('native/protocol/protocol.h'),
      /^\s*AI_(?<name>\w+)_REQUEST = (?<number>\d+),/gm,
    );
    const document = groups(
      read('native/protocol/README.md'),
      /^\| (?<number>\d+)\/\d+ \| (?<name>\w+) \|/gm,
    );
    expect(header.length).toBeGreaterThan(5);
    expect(document).toEqual(header.map(({ number, name }) => ({ number, name })));
  });

  it('has every public function in the README and in a regress test', () => {
    const fromSql = files('.sql')
      .filter((name) => /^sql\/\d/.test(name))
      .flatMap((name) =>
        groups(read(name), /^CREATE FUNCTION (?:@extschema@\.)?(?<name>ai_\w+)\(/gm),
      );
    const fromScripts = scripts
      .filter((name) => name.startsWith('src/plv8/functions/'))
      .map((name) => ({ name: path.basename(name, '.ts') }));
    const names = [...new Set([...fromSql, ...fromScripts].map(({ name = '' }) => name))];
    const tests = files('.sql')
      .filter((name) => name.startsWith('test/sql/'))
      .map(read)
      .join('\n');
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\(`).test(tests))).toEqual([]);
    expect(names.filter((name) => !read('README.md').includes(`\`${name}(`))).toEqual([]);
  });

  it('has a result for every regress test, and a test for every result', () => {
    const names = (folder: string, ending: string): string[] =>
      tracked
        .filter((name) => path.dirname(name) === folder && name.endsWith(ending))
        .map((name) => path.basename(name, ending).replace(/_[0-9]$/, ''))
        .sort();
    for (const [inputs, results, ending] of [
      ['test/sql', 'test/expected', '.sql'],
      ['test/isolation/specs', 'test/isolation/expected', '.spec'],
      ['native/plv8/test/sql', 'native/plv8/test/expected', '.sql'],
    ] as const) {
      expect([...new Set(names(results, '.out'))]).toEqual(names(inputs, ending));
    }
  });

  it('gives every document one title', () => {
    const titles = (name: string): number =>
      read(name)
        .replace(/^```[\s\S]*?^```/gm, '')
        .match(/^# /gm)?.length ?? 0;
    expect(documents.filter((name) => titles(name) !== 1)).toEqual([]);
  });
});
