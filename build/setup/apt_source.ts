/**
 * An apt source for another release of Debian, made from this machine's own sources: the same
 * mirror, the same key. No host is named here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from './step';

export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy?: string;
}

/** The sources of a file in apt's newer form, stanzas of fields. */
export function parseStanzas(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const stanza of text.replace(/^#.*\n?/gm, '').split(/\n\s*\n/)) {
    const field = (name: string): string =>
      new RegExp(`^${name}:[ \\t]*(\\S[^\\n]*)$`, 'im').exec(stanza)?.[1]?.trim() ?? '';
    if (!field('Types').split(/\s+/).includes('deb') || /^no$/i.test(field('Enabled'))) continue;
    const signedBy = field('Signed-By');
    for (const uri of field('URIs').split(/\s+/).filter(Boolean)) {
      sources.push({
        uri,
        suites: field('Suites').split(/\s+/),
        components: field('Components').split(/\s+/),
        ...(signedBy === '' ? {} : { signedBy }),
      });
    }
  }
  return sources;
}

/** The sources of a file in apt's older form, a line each. */
export function parseLines(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line);
    if (match === null) continue;
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /signed-by=(\S+)/i.exec(options)?.[1];
    sources.push({
      uri,
      suites: [suite],
      components: components.trim().split(/\s+/),
      ...(signedBy === undefined ? {} : { signedBy }),
    });
  }
  return sources;
}

/** The sources that this machine's apt reads. */
function machineSources(): AptSource[] {
  const folder = '/etc/apt/sources.list.d';
  const more = existsSync(folder) ? readdirSync(folder).sort() : [];
  const files = ['/etc/apt/sources.list', ...more.map((name) => path.join(folder, name))];
  return files.filter(existsSync).flatMap((file) => {
    if (file.endsWith('.sources')) return parseStanzas(readFileSync(file, 'utf8'));
    return file.endsWith('.list') ? parseLines(readFileSync(file, 'utf8')) : [];
  });
}

/** What a source offers: packages, or what they are built from. */
export type SourceType = 'deb' | 'deb-src';

/** The text of a .sources file for `suite`, on the mirror that `release` comes from. */
export function sourceFor(
  suite: string,
  release: string,
  sources: readonly AptSource[],
  type: SourceType = 'deb',
): string | undefined {
  const found = sources.find(
    (one) => one.suites.includes(release) && one.components.includes('main'),
  );
  if (found === undefined) return undefined;
  return [
    `Types: ${type}`,
    `URIs: ${found.uri}`,
    `Suites: ${suite}`,
    'Components: main',
    ...(found.signedBy === undefined ? [] : [`Signed-By: ${found.signedBy}`]),
    '',
  ].join('\n');
}

/** The name of this machine's release, '' when it has none. */
export function releaseName(): string {
  const text = readFileSync('/etc/os-release', 'utf8');
  return /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1] ?? '';
}

/** The text of a .sources file for a release on this machine's mirror. */
export function debianSource(suite: string, type: SourceType = 'deb'): string {
  const release = releaseName();
  const source = sourceFor(suite, release, machineSources(), type);
  if (source === undefined) {
    throw new SetupError(
      `error: apt has no source of Debian ${release || '(unknown release)'}, section main`,
      'the set-up is made for Debian 12 with its main archive in /etc/apt/sources.list',
    );
  }
  return source;
}
