// Runs the tests: every test/**/*.test.ts in a process of its own, so that one that hangs or crashes has a name.
// Usage: node --import tsx test/run.ts [--unit] [part of a path …]
// --unit leaves out test/daemon and test/field: what forks the daemon or needs other programs.
// Ends with `N passed, N failed` (`, N skipped`); exits 1 when anything failed or nothing ran.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE_LIMIT_MS = 600_000;
/** Between the totals and the end of the process; more means that a server, timer or child was left open. */
const EXIT_LIMIT_MS = 20_000;
const PARALLEL_UNITS = 2;

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  /** What is wrong with the file itself, apart from its tests. */
  fault?: string;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const running = new Set<ChildProcess>();
const sum: Outcome = { passed: 0, failed: 0, skipped: 0 };

const args = process.argv.slice(2);
const filters = args.filter((arg) => arg !== '--unit');
const files = findTests().filter(
  (file) => filters.length === 0 || filters.some((part) => file.includes(part)),
);
const units = files.filter((file) => !needsPrograms(file));
const others = args.includes('--unit') ? [] : files.filter(needsPrograms);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const child of running) killGroup(child);
    process.exit(130);
  });
}

await inParallel(units, PARALLEL_UNITS);
// One at a time: they hold processes to times and memory, which a neighbour would disturb.
await inParallel(others, 1);

if (sum.passed + sum.failed === 0) {
  console.log('FAIL no test ran');
  sum.failed = 1;
}
console.log(
  `\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`,
);
process.exitCode = sum.failed > 0 ? 1 : 0;

function findTests(): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();
}

function needsPrograms(file: string): boolean {
  return file.startsWith('test/daemon/') || file.startsWith('test/field/');
}

async function inParallel(names: readonly string[], width: number): Promise<void> {
  const queue = [...names];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) await runFile(name);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function runFile(file: string): Promise<void> {
  const fault = missingRun(readFileSync(join(root, file), 'utf8'));
  if (fault !== undefined) {
    report(file, { passed: 0, failed: 1, skipped: 0, fault }, '', 0);
    return;
  }
  const startedAtMs = performance.now();
  const { output, exit } = await runChild(file);
  report(file, judge(output, exit), output, performance.now() - startedAtMs);
}

/** uvu takes a suite that was never run for an empty one, and that for a success. */
function missingRun(source: string): string | undefined {
  if (!source.includes('.run()')) return 'no suite is run: .run() is missing';
  const suites = [...source.matchAll(/(\w+) = suite\(/g)].map((match) => match[1]!);
  const idle = suites.find((name) => !source.includes(`${name}.run()`));
  return idle === undefined ? undefined : `the suite ${idle} is never run`;
}

/** Runs uvu on one file. `exit` is undefined for a clean end, else what went wrong with the process. */
function runChild(file: string): Promise<{ output: string; exit: string | undefined }> {
  const pattern = `^${file.slice('test/'.length).replace(/[.\\+*?[\](){}|^$]/g, '\\$&')}$`;
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'node_modules/uvu/bin.js', '--no-color', 'test', pattern],
    { cwd: root, env: childEnv(), stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  running.add(child);
  let output = '';
  let exit: string | undefined;
  let exitTimer: NodeJS.Timeout | undefined;
  const end = (why: string): void => {
    exit = why;
    killGroup(child);
  };
  const fileTimer = setTimeout(end, FILE_LIMIT_MS, `still running after ${FILE_LIMIT_MS / 1000} s: killed`);
  const take = (chunk: string): void => {
    output += chunk;
    if (exitTimer === undefined && /^ {2}Duration: /m.test(chunk)) {
      exitTimer = setTimeout(end, EXIT_LIMIT_MS, 'did not end after its last test: something was left open');
    }
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  return new Promise((done) => {
    child.on('error', (error) => {
      exit = error.message;
    });
    child.on('exit', (code, signal) => {
      if (signal !== null) exit ??= `ended by ${signal}`;
      else if (code !== 0) exit ??= `exit code ${code}`;
      // Children that outlive the file would hold its pipes, and ports that the next one wants.
      killGroup(child);
    });
    child.on('close', () => {
      clearTimeout(fileTimer);
      clearTimeout(exitTimer);
      running.delete(child);
      done({ output, exit });
    });
  });
}

function childEnv(): NodeJS.ProcessEnv {
  // What a shell on this machine sets for a daemon of its own is not for the daemons under test.
  const env = Object.entries(process.env).filter(([name]) => !/^(SIDECACHE_|VCAP_|CF_)/.test(name));
  return { ...Object.fromEntries(env), NO_COLOR: '1', FORCE_COLOR: '0' };
}

function judge(output: string, exit: string | undefined): Outcome {
  const total = lastNumber(output, 'Total');
  const passed = lastNumber(output, 'Passed');
  const skipped = Math.max(lastNumber(output, 'Skipped'), output.match(/^SKIP \S+: /gm)?.length ?? 0);
  const failed = total - passed;
  if (exit !== undefined && failed === 0) return { passed, failed: 1, skipped, fault: exit };
  if (total + skipped === 0) return { passed, failed: 1, skipped, fault: 'reports no test' };
  // uvu swallows what a before or after hook throws.
  const silent = failed > 0 && !output.includes(' FAIL ');
  return { passed, failed, skipped, fault: silent ? 'tests did not run: a hook threw' : undefined };
}

function lastNumber(output: string, label: string): number {
  return Number([...output.matchAll(new RegExp(`^ {2}${label}: +(\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0);
}

function report(file: string, outcome: Outcome, output: string, tookMs: number): void {
  sum.passed += outcome.passed;
  sum.failed += outcome.failed;
  sum.skipped += outcome.skipped;
  if (outcome.failed > 0) {
    console.log(`FAIL ${file}${outcome.fault === undefined ? '' : `: ${outcome.fault}`}\n${output}`);
    return;
  }
  const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : '';
  console.log(`ok   ${file}: ${outcome.passed} passed${skipped} (${Math.round(tookMs)} ms)`);
  for (const line of output.match(/^SKIP \S+: .*$/gm) ?? []) console.log(`     ${line}`);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: nothing of it is left.
  }
}
