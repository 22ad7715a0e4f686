/** What the set-up reads from apt's files, and what the test runner reads from its rings. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLines, parseStanzas, sourceFor } from '../../build/setup/apt_source';
import { isLocked, rootLine } from '../../build/setup/packages';
import { countGtest } from '../../build/test/native';
import { countRegress } from '../../build/test/pg_regress';
import { countClosing } from '../../build/test/programs';
import { atLeastOneFailure, closingLine } from '../../build/test/ring';
import { stopClusters } from '../../build/test/sources';
import { countVitest } from '../../build/test/static';
import { countTap } from '../../build/test/tap';
import { filesNotIgnored, trackedFiles } from './tracked_files';

const counts = (passed: number, failed: number, skipped = 0) => ({ passed, failed, skipped });

describe('the line for root', () => {
  it('brings the lists up to date before it installs', () => {
    expect(rootLine(['make', 'g++'], false)).toBe(
      'apt-get update && apt-get install -y --no-install-recommends make g++',
    );
  });

  it('keeps a new server package from making a cluster, unless Debian was told before', () => {
    expect(rootLine(['postgresql-15'], false)).toMatch(
      /^mkdir -p .* && echo 'create_main_cluster = false' > .* && apt-get update && DEBIAN_FRONT/,
    );
    expect(rootLine(['postgresql-15'], true)).toMatch(/^apt-get update && apt-get install/);
  });
});

describe('sources of apt', () => {
  const stanzas = `# made by hand
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/some.gpg

Types: deb
URIs: http://other.example
Suites: bookworm
Components: main
Enabled: no
`;

  it('reads stanzas, and leaves out those that are off', () => {
    expect(parseStanzas(stanzas)).toEqual([
      {
        uri: 'http://mirror.example/debian',
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        signedBy: '/usr/share/keyrings/some.gpg',
      },
    ]);
  });

  it('reads lines with and without options, and no comments', () => {
    const text = `# deb http://no.example bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian bookworm main non-free # ours
deb-src http://b.example bookworm main
deb http://c.example bookworm main
`;
    expect(parseLines(text)).toEqual([
      {
        uri: 'http://a.example/debian',
        suites: ['bookworm'],
        components: ['main', 'non-free'],
        signedBy: '/k.gpg',
      },
      { uri: 'http://c.example', suites: ['bookworm'], components: ['main'] },
    ]);
  });

  it('makes a source for another suite on the mirror of this release', () => {
    const source = sourceFor('trixie', 'bookworm', parseStanzas(stanzas));
    expect(source).toContain('URIs: http://mirror.example/debian\nSuites: trixie\n');
    expect(source).toContain('Signed-By: /usr/share/keyrings/some.gpg\n');
    expect(sourceFor('trixie', 'bullseye', parseStanzas(stanzas))).toBeUndefined();
    const forSource = sourceFor('bookworm', 'bookworm', parseStanzas(stanzas), 'deb-src');
    expect(forSource).toContain('Types: deb-src\n');
  });
});

describe('counts of a ring', () => {
  it('closes with skipped tests only where there are some', () => {
    expect(closingLine(counts(3, 0))).toBe('3 passed, 0 failed');
    expect(closingLine(counts(3, 1, 2))).toBe('3 passed, 1 failed, 2 skipped');
  });

  it('takes a bad end that nobody counted for a failure', () => {
    expect(atLeastOneFailure(counts(3, 0), false)).toEqual(counts(3, 1));
    expect(atLeastOneFailure(counts(3, 2), false)).toEqual(counts(3, 2));
    expect(atLeastOneFailure(counts(3, 0), true)).toEqual(counts(3, 0));
  });

  it('reads pg_regress, and misses what it does not tell of', () => {
    const output = `test one                          ... ok           12 ms
test two                          ... FAILED       80 ms
     three                        ... ok            1 ms`;
    expect(countRegress(output, 3)).toEqual(counts(2, 1));
    expect(countRegress(output, 5)).toEqual(counts(2, 3));
  });

  it('reads TAP, its plan and its end', () => {
    const output = 'ok 1 - a\nnot ok 2 - b\n# why\n    ok 1 - within\nok 3 # skip no need\n1..3\n';
    expect(countTap(output, false)).toEqual(counts(1, 1, 1));
    expect(countTap('ok 1\n1..1\n', true)).toEqual(counts(1, 0));
    expect(countTap('ok 1\n1..2\n', true)).toEqual(counts(1, 1));
    expect(countTap('ok 1\n', true)).toEqual(counts(1, 1));
    expect(countTap('ok 1\n1..1\n', false)).toEqual(counts(1, 1));
    expect(countTap('', false)).toEqual(counts(0, 1));
  });

  it('reads the reports of vitest and GoogleTest', () => {
    const vitest = {
      numPassedTests: 4,
      numFailedTests: 1,
      numPendingTests: 1,
      numTodoTests: 0,
      testResults: [
        { status: 'failed', assertionResults: [{}] },
        { status: 'failed', assertionResults: [] },
      ],
    };
    expect(countVitest(vitest)).toEqual(counts(4, 2, 1));
    const run = { status: 'RUN', result: 'COMPLETED' };
    const testsuite = [
      run,
      { ...run, failures: [{}] },
      { ...run, result: 'SKIPPED' },
      { status: 'NOTRUN', result: 'SUPPRESSED' },
    ];
    expect(countGtest({ testsuites: [{ testsuite }] })).toEqual(counts(1, 1, 1));
  });

  it('reads a closing line only where it is the last', () => {
    expect(countClosing('some\n5 passed, 1 failed, 2 skipped\n')).toEqual(counts(5, 1, 2));
    expect(countClosing('total: 5 passed, 0 failed')).toEqual(counts(5, 0));
    expect(countClosing('5 passed, 0 failed\nand more')).toBeUndefined();
  });
});

describe('clusters that a killed run left behind', () => {
  it('are stopped, and nothing else that has their process ID', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'clusters-'));
    const data = path.join(folder, 'tmp_check/t_node_data/pgdata');
    const other = path.join(folder, 'instance/data');
    for (const made of [data, other]) mkdirSync(made, { recursive: true });
    const left = spawn('sleep', ['60'], { cwd: data });
    writeFileSync(path.join(data, 'postmaster.pid'), `${left.pid}\n${data}\n`);
    writeFileSync(path.join(other, 'postmaster.pid'), `${process.pid}\n${other}\n`);
    const ended = once(left, 'exit');
    stopClusters(folder);
    expect(await ended).toEqual([null, 'SIGQUIT']);
    rmSync(folder, { recursive: true });
  });
});

describe('a lock of apt', () => {
  const locked = '$ apt-get update\nE: Could not get lock /var/lib/apt/lists/lock.\n';

  it('is waited for by the command that did not get it, and by no later one', () => {
    expect(isLocked(locked)).toBe(true);
    expect(isLocked(`$ dpkg --configure -a\n${locked}another apt is at work\n`)).toBe(true);
    expect(isLocked(`${locked}$ apt-get install\nE: Unable to locate package x\n`)).toBe(false);
  });
});

describe('the files of the checkout', () => {
  it('are the same with git and without, but for what is not yet added', () => {
    const root = path.resolve(import.meta.dirname, '../..');
    const found = filesNotIgnored(root);
    expect(trackedFiles(root).filter((name) => !found.includes(name))).toEqual([]);
    expect(found.filter((name) => /^(\.git|node_modules|build\/out)\//.test(name))).toEqual([]);
  });
});
