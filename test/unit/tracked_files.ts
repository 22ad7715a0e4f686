/** Which files of a checkout are its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What a line of .gitignore leaves out; of its language, what ours uses. */
function ignored(line: string): RegExp {
  const pattern = line
    .replace(/^\/|\/$/g, '')
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*');
  const anchored = line.replace(/\/$/, '').includes('/');
  return new RegExp(`${anchored ? '^' : '(^|/)'}${pattern}${line.endsWith('/') ? '/' : '/?'}$`);
}

/** The files that .gitignore lets through: what git would track. */
export function filesNotIgnored(root: string): string[] {
  const lines = readFileSync(path.join(root, '.gitignore'), 'utf8').split('\n');
  const patterns = ['.git', ...lines.filter((line) => line !== '')].map(ignored);
  const visit = (folder: string): string[] =>
    readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const name = path.join(folder, entry.name);
      const asked = entry.isDirectory() ? `${name}/` : name;
      if (patterns.some((pattern) => pattern.test(asked))) return [];
      return entry.isDirectory() ? visit(name) : [name];
    });
  return visit('').sort();
}

/** The files that git tracks; without git, those that it would. */
export function trackedFiles(root: string): string[] {
  // The checkout may belong to another user than the one that tests it.
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z'];
  const git = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  if (git.status !== 0) return filesNotIgnored(root);
  return git.stdout
    .split('\0')
    .filter((name) => name !== '' && existsSync(path.join(root, name)))
    .sort();
}
