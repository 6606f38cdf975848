import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { ChaosReport } from '../../../bench/chaos/run-chaos.ts'
import { temporaryFolder } from '../../support/test-system.ts'

const MAIN = fileURLToPath(new URL('../../../bench/chaos/chaos.ts', import.meta.url))
/** A run waits for the last promises of a desk, and so takes two minutes of a machine that does nothing else. */
const TIMEOUT_MS = 400_000

test(
  'workers and servers are killed, paused and cut off under load, and nothing is lost, doubled or wrong',
  async () => {
    const folder = await temporaryFolder()
    const json = join(folder, 'report.json')
    const args = [
      '--minutes',
      '0.1',
      '--seed',
      '8',
      '--rate',
      '150',
      '--actors',
      '150',
      '--workers',
      '2',
      '--applications',
      '0.5',
      '--json',
      json,
    ]
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args]).catch((error: unknown) => error as { stdout: string })
    expect(stdout).toMatch(/findings +none\npassed\n$/)
    const { verdict, observed } = JSON.parse(await readFile(json, 'utf8')) as ChaosReport
    await rm(folder, { recursive: true })
    expect(verdict.counts).toEqual({})
    expect(observed.problems).toEqual([])
    expect(verdict.acknowledged).toBeGreaterThan(100)
    expect(verdict.acknowledged).toBe(verdict.sent)
    expect(verdict.records).toBeGreaterThan(verdict.acknowledged)
    expect(Object.keys(observed.injected).length).toBeGreaterThan(1)
  },
  TIMEOUT_MS,
)
