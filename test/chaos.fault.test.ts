import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { ChaosReport } from '../bench/chaos/run.ts'

const MAIN = fileURLToPath(new URL('../bench/chaos/main.ts', import.meta.url))

test('workers and servers are killed, paused and cut off under load, and nothing is lost, doubled or wrong', async () => {
  const args = ['--minutes', '0.1', '--seed', '8', '--rate', '150', '--actors', '150', '--workers', '2', '--json']
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args])
  const { verdict, seen } = JSON.parse(stdout) as ChaosReport
  expect(verdict.counts).toEqual({})
  expect(seen.troubles).toEqual([])
  expect(verdict.acknowledged).toBeGreaterThan(100)
  expect(verdict.acknowledged).toBe(verdict.sent)
  expect(verdict.records).toBeGreaterThan(verdict.acknowledged)
  expect(Object.keys(seen.injected).length).toBeGreaterThan(1)
}, 120_000)
