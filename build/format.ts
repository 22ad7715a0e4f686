/** `npm run format`: biome on everything that it formats. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from './paths';

const biome = path.join(root, 'node_modules/.bin/biome');
const { status } = spawnSync(biome, ['check', '--write', '.'], { stdio: 'inherit' });
process.exitCode = status ?? 1;
