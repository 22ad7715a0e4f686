/**
 * A cluster of the benchmarks' own, made for one run and removed after it: PostgreSQL's defaults
 * with fsync, but buffers that hold the tables, and nothing that works in the background.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { state } from '../../build/paths';
import { asServerUser } from '../../build/server_user';
import { preloadLibraries } from '../../build/setup/native';
import { scratchFolder, stopClusters } from '../../build/test/sources';

const SETTINGS = `
listen_addresses = ''
max_connections = 60
shared_buffers = 2GB
max_wal_size = 8GB
checkpoint_timeout = 1h
autovacuum = off
jit = off
max_parallel_workers_per_gather = 0
synchronize_seqscans = off
`;

export class BenchCluster {
  private static readonly running = new Set<BenchCluster>();

  private constructor(
    readonly folder: string,
    readonly socketFolder: string,
  ) {}

  /** Makes a cluster and starts it; one of the same name that a killed run left behind goes. */
  static start(name: string, options: { preload: boolean }): BenchCluster {
    const folder = scratchFolder(`bench-${name}`);
    const cluster = new BenchCluster(folder, folder);
    chmodSync(folder, 0o700);
    const init = ['--no-sync', '--auth=trust', '--username=postgres', '--encoding=UTF8'];
    cluster.program('initdb', ...init, '--locale=C.UTF-8', '-D', cluster.data);
    const preload = `shared_preload_libraries = '${preloadLibraries()}'
ai_runtime.node_path = '${process.execPath}'
`;
    appendFileSync(
      path.join(cluster.data, 'postgresql.conf'),
      `${SETTINGS}unix_socket_directories = '${folder}'\n${options.preload ? preload : ''}`,
    );
    BenchCluster.running.add(cluster);
    cluster.program('pg_ctl', 'start', '-w', '-l', path.join(folder, 'log'), '-D', cluster.data);
    return cluster;
  }

  private get data(): string {
    return path.join(this.folder, 'data');
  }

  /** Runs a program of PostgreSQL as the server's user; returns what it printed. */
  program(name: string, ...args: string[]): string {
    const { bin } = state();
    // The server would keep a pipe open.
    const stdio = name === 'pg_ctl' ? 'ignore' : 'pipe';
    const { status, stdout, stderr } = spawnSync(path.join(bin, name), args, {
      ...asServerUser(bin, { PGHOST: this.socketFolder, PGUSER: 'postgres' }),
      cwd: this.folder,
      encoding: 'utf8',
      stdio: ['ignore', stdio, stdio],
      maxBuffer: 2 ** 28,
    });
    if (status !== 0) throw new Error(`${name} failed: ${stderr ?? ''}; see ${this.folder}/log`);
    return stdout ?? '';
  }

  /** A folder of the cluster's user for files that a program of PostgreSQL writes or reads. */
  scratch(name: string): string {
    const folder = path.join(this.folder, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    return folder;
  }

  async connect(database: string): Promise<pg.Client> {
    const client = new pg.Client({ host: this.socketFolder, user: 'postgres', database });
    // A connection that is lost rejects its query, which is enough.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** Stops it, whatever state it is in, and removes it. */
  stop(): void {
    stopClusters(this.folder);
    rmSync(this.folder, { recursive: true, force: true });
    BenchCluster.running.delete(this);
  }

  /** Stops what runs when the user ends the benchmarks early. */
  static stopAll(): void {
    for (const cluster of BenchCluster.running) cluster.stop();
  }
}
