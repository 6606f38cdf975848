import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect, test, vi } from 'vitest'
import { isProcessAlive } from '../../../pipeline/runtime/process-alive.ts'

/** Supervises a child, prints its pid once it answers, and waits to be killed. */
const owner = (command: string, args: readonly string[]): string => `
import { pino } from ${JSON.stringify(import.meta.resolve('pino'))}
import { supervise } from ${JSON.stringify(new URL('../../../infra/servers/supervise.ts', import.meta.url).href)}
let answers = false
const child = await supervise({
  name: 'the child', command: ${JSON.stringify(command)}, args: ${JSON.stringify(args)}, stopTimeoutMs: 1000,
  ready: async () => { if (!answers) throw new Error('not yet') },
  lineLevel: () => { answers = true; return 'debug' },
}, { log: pino({ level: 'silent' }) })
console.log(child.pid)`

test.each([
  ['that knows nothing of it', 'sh', ['-c', 'echo up; exec sleep 600']],
  ['that ignores SIGTERM', 'sh', ['-c', 'trap "" TERM; echo up; while :; do sleep 1; done']],
  [
    'that watches its stdin and ignores SIGTERM',
    process.execPath,
    ['-e', 'process.on("SIGTERM", () => {}); process.stdin.on("end", () => process.exit()).resume(); console.log("up")'],
  ],
])('a child %s ends when its owner is killed by kill -9', async (_what, command, args) => {
  const script = ['--input-type=module', '-e', owner(command, args)]
  const parent = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve) => createInterface({ input: parent.stdout }).once('line', resolve))
  const pid = Number(line)
  expect(isProcessAlive(pid)).toBe(true)

  parent.kill('SIGKILL')

  await vi.waitFor(() => expect(isProcessAlive(pid)).toBe(false), { timeout: 20_000, interval: 100 })
})
